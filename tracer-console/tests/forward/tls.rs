//! TLS on the way: an issuer of one's own is trusted where it is named, and nothing is lost while it is not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tracer_tests_tls::{Issuer, TlsServer};

use crate::documents::segments;
use crate::far_end::{FarEnd, Said};
use crate::otlp_end::OtlpEnd;
use crate::process::{Forwarding, forward, program};
use crate::proxy_end::ProxyEnd;
use crate::sends::{call, put};
use crate::signatures::{is_signed, with_keys};
use crate::wait::until;
use crate::x_ray_end::XRayEnd;

fn address(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// The files of a test, and two issuers: one of the servers', and one of whom they know nothing.
struct Home {
    directory: tempfile::TempDir,
    issuer: Issuer,
}

impl Home {
    fn new() -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap(), issuer: Issuer::named("ours") };
        std::fs::write(home.trusted(), home.issuer.pem()).unwrap();
        std::fs::write(home.other(), Issuer::named("theirs").pem()).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn trusted(&self) -> PathBuf {
        self.path("issuer.pem")
    }

    fn other(&self) -> PathBuf {
        self.path("other.pem")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log.txt")).unwrap_or_default()
    }

    fn forward(&self, trusted: &Path, arguments: &[&str]) -> Command {
        let mut command = with_keys(forward());
        command.args(["-o", "-n", "eu-west-1"]);
        command.args(["--longest-wait", "50ms", "--queue"]).arg(self.path("forward.db"));
        command.arg("-f").arg(self.path("log.txt")).args(arguments).env("SSL_CERT_FILE", trusted);
        command
    }
}

/// Far ends of each kind, each behind TLS.
struct Ends {
    x_ray: XRayEnd,
    aws: XRayEnd,
    otlp: OtlpEnd,
    servers: [TlsServer; 3],
}

impl Ends {
    fn new(home: &Home, name: &str) -> Self {
        let (x_ray, aws, otlp) = (XRayEnd::new(), XRayEnd::new(), OtlpEnd::new());
        let server = |url: &str| TlsServer::before(address(url), &home.issuer, &[name]);
        let servers = [server(&x_ray.url()), server(&aws.url()), server(&otlp.end.url())];
        Self { x_ray, aws, otlp, servers }
    }

    fn urls(&self) -> [String; 3] {
        self.servers.each_ref().map(|server| format!("https://{}", server.address()))
    }

    fn arguments(&self) -> Vec<String> {
        let [x_ray, aws, otlp] = self.urls();
        ["--to", &x_ray, "--to", "aws", "--endpoint", &aws, "--to", &format!("otlp+{otlp}")]
            .map(str::to_owned)
            .into()
    }
}

#[test]
fn documents_telemetry_and_what_is_asked_go_over_tls_to_ends_whose_issuer_is_trusted() {
    let home = Home::new();
    let ends = Ends::new(&home, "127.0.0.1");
    let arguments = ends.arguments();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let forwarding = Forwarding::of(home.forward(&home.trusted(), &arguments));
    let texts = segments(3);
    put(forwarding.tcp, &texts);
    ends.x_ray.has(&texts);
    ends.aws.has(&texts);
    assert_eq!(ends.otlp.spans(3).len(), 3);
    call(forwarding.tcp, "/GetSamplingRules", &json!({})).unwrap();
    #[cfg(unix)]
    forwarding.end();
    let asked = ends.aws.end.asked();
    assert!(asked.iter().all(|asked| is_signed(asked, &ends.urls()[1], "eu-west-1")), "{asked:?}");
    let paths: Vec<_> = asked.iter().map(|asked| asked.uri.path()).collect();
    #[cfg(unix)]
    assert_eq!(paths, ["/TraceSegments", "/GetSamplingRules", "/TelemetryRecords"]);
    #[cfg(not(unix))]
    assert_eq!(paths[..2], ["/TraceSegments", "/GetSamplingRules"]);
}

#[test]
#[cfg(unix)]
fn while_an_issuer_is_not_trusted_documents_wait_and_it_is_said_what_helps() {
    let home = Home::new();
    let ends = Ends::new(&home, "127.0.0.1");
    let arguments = ends.arguments();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let forwarding = Forwarding::of(home.forward(&home.other(), &arguments));
    let texts = segments(3);
    put(forwarding.tcp, &texts);
    for url in ends.urls() {
        let line = until("a line about the address", || {
            let log = home.log();
            let line = log.lines().find(|line| line.contains("could not be sent") && line.contains(&url))?;
            Some(line.to_owned())
        });
        assert!(line.contains("SSL_CERT_FILE") && line.contains("UnknownIssuer"), "{line}");
    }
    let error = call(forwarding.tcp, "/GetSamplingRules", &json!({})).unwrap_err();
    assert!(error.starts_with("502") && error.contains("SSL_CERT_FILE"), "{error}");
    let ended = forwarding.end();
    for target in ended["targets"].as_array().unwrap() {
        let counts = ["sent", "rejected", "skipped", "dropped", "waiting"].map(|count| &target[count]);
        assert_eq!(counts.map(|count| count.as_u64().unwrap()), [0, 0, 0, 0, 3], "{target}");
    }
    let _forwarding = Forwarding::of(home.forward(&home.trusted(), &arguments));
    ends.x_ray.has(&texts);
    ends.aws.has(&texts);
    assert_eq!(ends.otlp.spans(3).len(), 3);
}

#[test]
fn a_certificate_for_another_name_is_no_certificate() {
    let home = Home::new();
    let end = XRayEnd::new();
    let server = TlsServer::before(address(&end.url()), &home.issuer, &["console.example"]);
    let url = format!("https://{}", server.address());
    let forwarding = Forwarding::of(home.forward(&home.trusted(), &["--to", &url]));
    put(forwarding.tcp, &segments(1));
    let line = until("a line about the address", || {
        home.log().lines().find(|line| line.contains("could not be sent")).map(str::to_owned)
    });
    assert!(line.contains(&url) && line.contains("the certificate is for another name"), "{line}");
    assert!(end.end.asked().is_empty());
}

#[test]
fn through_the_proxy_of_the_daemons_flag_tls_is_to_aws_itself() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let server = TlsServer::before(address(&end.url()), &home.issuer, &["xray.example"]);
    let proxy = ProxyEnd::knowing(&[("xray.example", server.address())]);
    let arguments = ["--endpoint", "https://xray.example", "-p", &proxy.url()];
    let forwarding = Forwarding::of(home.forward(&home.trusted(), &arguments));
    let texts = segments(2);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    assert!(end.end.asked().iter().all(|asked| is_signed(asked, "https://xray.example", "eu-west-1")));
    let asked = proxy.asked();
    assert!(asked.iter().all(|asked| asked == "CONNECT xray.example:443"), "{asked:?}");
}

/// As the variable that other programs of AWS have for it.
#[test]
fn the_issuers_of_aws_ca_bundle_are_trusted_instead() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let server = TlsServer::before(address(&end.url()), &home.issuer, &["127.0.0.1"]);
    let url = format!("https://{}", server.address());
    let mut command = home.forward(&home.other(), &["--endpoint", &url]);
    command.env("AWS_CA_BUNDLE", home.trusted());
    let forwarding = Forwarding::of(command);
    let texts = segments(1);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    drop(forwarding);
    std::fs::write(home.path("none.pem"), "no certificate\n").unwrap();
    for (file, what) in [("none.pem", "there is none"), ("missing.pem", "missing.pem")] {
        let mut command = home.forward(&home.other(), &["--endpoint", &url]);
        let output = command.env("AWS_CA_BUNDLE", home.path(file)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("AWS_CA_BUNDLE") && said.contains(what), "{said}");
    }
}

/// Without TLS there is nothing to trust.
#[test]
fn an_aws_ca_bundle_that_cannot_be_read_stops_nobody_who_asks_without_tls() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let mut command = home.forward(&home.other(), &["--endpoint", &end.url()]);
    command.env("AWS_CA_BUNDLE", home.path("missing.pem"));
    let forwarding = Forwarding::of(command);
    let texts = segments(1);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    assert!(home.log().contains("AWS_CA_BUNDLE names"), "{}", home.log());
}

#[test]
fn where_the_issuers_of_aws_ca_bundle_count_it_is_named_as_what_helps() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let server = TlsServer::before(address(&end.url()), &home.issuer, &["127.0.0.1"]);
    let url = format!("https://{}", server.address());
    let mut command = home.forward(&home.trusted(), &["--endpoint", &url]);
    command.env("AWS_CA_BUNDLE", home.other());
    let forwarding = Forwarding::of(command);
    put(forwarding.tcp, &segments(1));
    let line = until("a line about the address", || {
        home.log().lines().find(|line| line.contains("could not be sent")).map(str::to_owned)
    });
    assert!(line.contains("in AWS_CA_BUNDLE") && !line.contains("SSL_CERT_FILE"), "{line}");
}

#[test]
fn aws_is_asked_over_tls_and_an_issuer_that_is_not_trusted_is_said() {
    let home = Home::new();
    let end = FarEnd::answering(|_| {
        let summary =
            json!({"TraceSummaries": [{"Id": "1-6b02e002-9311b20839c1ed87c6cec943", "Duration": 1.5}]});
        Said { body: summary.to_string().into_bytes(), ..Said::status(200) }
    });
    let server = TlsServer::before(address(&end.url()), &home.issuer, &["127.0.0.1"]);
    let url = format!("https://{}", server.address());
    let ask = |trusted: &Path| {
        let mut command = with_keys(program());
        command.args(["traces", "--aws", "--region", "eu-west-1", "--json", "--endpoint", &url]);
        command.env("SSL_CERT_FILE", trusted).output().unwrap()
    };
    let output = ask(&home.trusted());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(said["Id"], "1-6b02e002-9311b20839c1ed87c6cec943");
    assert!(end.asked().iter().all(|asked| is_signed(asked, &url, "eu-west-1")));
    let before = end.asked().len();
    let output = ask(&home.other());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && said.contains(&url) && said.contains("SSL_CERT_FILE"),
        "{said}"
    );
    assert_eq!(end.asked().len(), before);
}
