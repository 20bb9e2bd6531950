//! Proxies on the way: the X-Ray daemon's flag, and the variables that every program knows.

use std::net::SocketAddr;
use std::process::Command;

use crate::documents::segments;
use crate::far_end::{FarEnd, Said};
use crate::otlp_end::OtlpEnd;
use crate::process::{Forwarding, program};
use crate::proxy_end::ProxyEnd;
use crate::sends::{call, put};
use crate::signatures::{KEY, SECRET, TOKEN, is_signed, with_keys};
use crate::wait::until;
use crate::x_ray_end::XRayEnd;

fn address(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn forward(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(["forward", "--json", "-o", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0", "--longest-wait"]);
        command.args(["50ms", "--queue"]).arg(self.0.path().join("forward.db")).args(arguments);
        command
    }
}

const ELSEWHERE: &str = "http://xray.example:8080";
const AWS: [&str; 4] = ["-n", "eu-west-1", "--endpoint", ELSEWHERE];

/// Documents, telemetry and what is passed on; it resolves no name itself.
#[test]
fn the_proxy_of_the_daemons_flag_is_on_the_way_to_aws() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let proxy = ProxyEnd::knowing(&[("xray.example", address(&end.url()))]);
    let mut command = with_keys(home.forward(&[&AWS[..], &["-p", &proxy.url()]].concat()));
    // The daemon does not ask it where its flag is given.
    command.env("NO_PROXY", "xray.example");
    let forwarding = Forwarding::of(command);
    let texts = segments(2);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    call(forwarding.tcp, "/GetSamplingRules", &serde_json::json!({})).unwrap();
    let asked = proxy.asked();
    assert!(asked.contains(&format!("POST {ELSEWHERE}/TraceSegments")), "{asked:?}");
    assert!(asked.contains(&format!("POST {ELSEWHERE}/GetSamplingRules")), "{asked:?}");
    assert!(end.end.asked().iter().all(|asked| is_signed(asked, ELSEWHERE, "eu-west-1")));
}

#[test]
fn the_proxy_of_the_environment_is_too_but_for_what_no_proxy_names() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let proxy = ProxyEnd::knowing(&[("xray.example", address(&end.url()))]);
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let mut command = with_keys(home.forward(&AWS));
        let forwarding = Forwarding::of({
            command.env(variable, proxy.url());
            command
        });
        let texts = segments(1);
        put(forwarding.tcp, &texts);
        end.has(&texts);
    }
    assert!(!proxy.asked().is_empty());
    let before = proxy.asked().len();
    let mut command = with_keys(home.forward(&AWS));
    command.env("HTTP_PROXY", proxy.url()).env("NO_PROXY", ".example");
    let forwarding = Forwarding::of(command);
    put(forwarding.tcp, &segments(1));
    let error = call(forwarding.tcp, "/GetSamplingRules", &serde_json::json!({})).unwrap_err();
    assert!(error.starts_with("502") && error.contains("xray.example"), "{error}");
    assert_eq!(proxy.asked().len(), before);
}

/// Behind a proxy they would be another machine's.
#[test]
fn credentials_of_this_machine_and_addresses_on_it_are_asked_for_without_the_proxy() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let credentials = FarEnd::answering(|_| {
        let body = format!(
            "{{\"AccessKeyId\":\"{KEY}\",\"SecretAccessKey\":\"{SECRET}\",\"Token\":\"{TOKEN}\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}"
        );
        Said { body: body.into_bytes(), ..Said::status(200) }
    });
    let nobody = ProxyEnd::knowing(&[]);
    for by_flag in [true, false] {
        let mut command = home.forward(&["-n", "eu-west-1", "--endpoint", &end.url()]);
        if by_flag {
            command.args(["-p", &nobody.url()]);
        }
        command.env("HTTP_PROXY", nobody.url()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials.url());
        let forwarding = Forwarding::of(command);
        let texts = segments(1);
        put(forwarding.tcp, &texts);
        end.has(&texts);
    }
    assert!(nobody.asked().is_empty(), "{:?}", nobody.asked());
    assert_eq!(credentials.asked().len(), 2);
}

#[test]
fn other_targets_are_reached_through_the_proxy_of_the_environment() {
    let (home, end, otlp) = (Home::new(), XRayEnd::new(), OtlpEnd::new());
    let proxy = ProxyEnd::knowing(&[
        ("console.example", address(&end.url())),
        ("collector.example", address(&otlp.end.url())),
    ]);
    let targets = ["--to", "http://console.example:2001", "--to", "otlp+http://collector.example:4318"];
    let mut command = home.forward(&targets);
    command.env("HTTP_PROXY", proxy.url());
    let forwarding = Forwarding::of(command);
    let texts = segments(2);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    assert_eq!(otlp.spans(2).len(), 2);
    // A tunnel, also where nothing is secret.
    let asked = proxy.asked();
    assert!(asked.contains(&"CONNECT console.example:2001".to_owned()), "{asked:?}");
    assert!(asked.contains(&"CONNECT collector.example:4318".to_owned()), "{asked:?}");
}

#[test]
fn while_the_proxy_does_not_know_the_way_documents_wait() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let lost = ProxyEnd::knowing(&[]);
    let forwarding = Forwarding::of(with_keys(home.forward(&[&AWS[..], &["-p", &lost.url()]].concat())));
    let texts = segments(3);
    put(forwarding.tcp, &texts);
    until("a try", || (lost.asked().len() > 1).then_some(()));
    forwarding.kill();
    let proxy = ProxyEnd::knowing(&[("xray.example", address(&end.url()))]);
    let _forwarding = Forwarding::of(with_keys(home.forward(&[&AWS[..], &["-p", &proxy.url()]].concat())));
    end.has(&texts);
}
