//! Who is let in: by the name that is asked for, by the token, and over UDP by where it comes from.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{Access, Console, ConsoleOptions, TraceId};
use tracer_tests_python::{Python, skipped};

use crate::serving::{Serving, new_trace_id, now, program};

const TOKEN: &str = "9f0c6b3a7d21e4589f0c6b3a7d21e458";

fn console(access: Access) -> Console {
    Console::start(ConsoleOptions { access, ..ConsoleOptions::any_port() }).unwrap()
}

/// Status and body of an answer.
fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = agent.post(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body).unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&body).unwrap())
}

fn document(trace: &str) -> Value {
    json!({"trace_id": trace, "id": "00000000000000a1", "name": "job", "start_time": now() - 1.0, "end_time": now()})
}

/// An address of this machine that others reach, too.
fn outward() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says from where it would be.
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn a_page_whose_name_leads_here_reads_nothing_and_is_told_what_to_do() {
    let console = console(Access::default());
    let address = console.local_addr();
    for path in ["/TraceSummaries", "/TraceSegments", "/tracer/Documents", "/v1/traces", "/", "/nothing"] {
        let (status, answer) = post(address, path, &[("host", "evil.example:2000")], "{}");
        assert_eq!((status, &answer["__type"]), (403, &json!("AccessDeniedException")), "{path}");
        let message = answer["Message"].as_str().unwrap();
        assert!(message.contains("evil.example:2000") && message.contains("--allow-host"), "{message}");
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:2000"] {
        assert_eq!(post(address, "/Groups", &[("host", host)], "{}").0, 200, "{host}");
    }
}

#[test]
fn a_token_lets_in_those_who_know_it_by_either_way_and_nobody_else() {
    let console = console(Access::default().with_token(TOKEN).unwrap());
    let address = console.local_addr();
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={TOKEN}/20261122/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=00"
    );
    for authorization in [format!("Bearer {TOKEN}"), signed] {
        assert_eq!(post(address, "/Groups", &[("authorization", &authorization)], "{}").0, 200);
    }
    for headers in [&[][..], &[("authorization", "Bearer 9f0c6b3a7d21e4589f0c6b3a7d21e459")]] {
        let (status, answer) = post(address, "/Groups", headers, "{}");
        assert_eq!(status, 403);
        assert!(answer["Message"].as_str().unwrap().contains("Bearer TOKEN"), "{answer}");
    }
    // This machine's tracers send without it.
    let trace = new_trace_id();
    let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{}", document(&trace));
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram.as_bytes(), address).unwrap();
    let id: TraceId = trace.parse().unwrap();
    console.store().wait_for_trace(id, |_| true, Duration::from_secs(30)).unwrap();
}

#[test]
fn boto3_gives_the_token_as_its_access_key() {
    let Some(python) = Python::for_test(&["boto3"]) else { return };
    let console = console(Access::default().with_token(TOKEN).unwrap());
    let ask = |key: &str| {
        let mut command = python.command();
        command.args(["-c", "import boto3; print(len(boto3.client('xray').get_groups()['Groups']))"]);
        command.env("AWS_ENDPOINT_URL_XRAY", format!("http://{}", console.local_addr()));
        command.envs([
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ]);
        command.output().unwrap()
    };
    let said = ask(TOKEN);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = ask("local");
    assert!(String::from_utf8_lossy(&said.stderr).contains("AccessDeniedException"), "{said:?}");
}

#[test]
fn datagrams_of_other_machines_are_dropped_and_counted_where_a_token_is_asked_for() {
    let Some(ip) = outward() else { return skipped("this machine has no address but its own") };
    let start = |access: Access| {
        Console::start(ConsoleOptions { listen: format!("{ip}:0"), access, ..ConsoleOptions::default() })
            .unwrap()
    };
    let send = |console: &Console| {
        let trace = new_trace_id();
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{}", document(&trace));
        let sender = UdpSocket::bind((ip, 0)).unwrap();
        sender.send_to(datagram.as_bytes(), console.local_addr()).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while console.counts().received == 0 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        trace.parse::<TraceId>().unwrap()
    };
    let closed = start(Access::default().with_token(TOKEN).unwrap());
    send(&closed);
    while closed.counts().from_elsewhere == 0 {
        std::thread::yield_now();
    }
    assert_eq!(closed.store().revision(), tracer_console::Revision::default());
    for access in [Access::default().with_token(TOKEN).unwrap().open_to_tracers(), Access::default().open()] {
        let open = start(access);
        let id = send(&open);
        open.store().wait_for_trace(id, |_| true, Duration::from_secs(30)).unwrap();
        assert_eq!(open.counts().from_elsewhere, 0);
    }
}

/// What `serve` says when it does not start.
fn refused(arguments: &[&str]) -> String {
    let mut command = program();
    command.args(["serve", "--memory", "--quiet"]).args(arguments).env_remove("TRACER_CONSOLE_TOKEN");
    let output = command.output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn serve_lets_nobody_else_in_unless_it_is_told_who() {
    let said = refused(&["--listen", "0.0.0.0:0"]);
    assert!(said.contains("--token") && said.contains("--open") && said.contains("127.0.0.1"), "{said}");
    let said = refused(&["--listen", "[::]:0"]);
    assert!(said.contains("lets other machines in"), "{said}");
    let said = refused(&["--listen", "0.0.0.0:0", "--token", "secret"]);
    assert!(said.contains("16") && said.contains("openssl"), "{said}");
    let said = refused(&["--open", "--token", TOKEN]);
    assert!(said.contains("one of the two"), "{said}");
    let said = refused(&["--open-to-tracers"]);
    assert!(said.contains("goes with a token"), "{said}");
    let said = refused(&["--allow-host", "http://console"]);
    assert!(said.contains("no name of a host"), "{said}");
}

#[test]
fn commands_give_the_token_by_flag_or_variable() {
    let serving =
        Serving::listening("127.0.0.1:0", &["--memory", "--token", TOKEN, "--allow-host", "console.example"]);
    let ask = |arguments: &[&str], token: Option<&str>| {
        let mut command = program();
        command.args(arguments).args(["--endpoint", &serving.endpoint()]).env_remove("TRACER_CONSOLE_TOKEN");
        if let Some(token) = token {
            command.env("TRACER_CONSOLE_TOKEN", token);
        }
        command.output().unwrap()
    };
    assert!(ask(&["traces", "--token", TOKEN], None).status.success());
    assert!(ask(&["export"], Some(TOKEN)).status.success());
    for arguments in [&["traces"][..], &["export"], &["traces", "--token", "9f0c6b3a7d21e459"]] {
        let output = ask(arguments, None);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("TRACER_CONSOLE_TOKEN"), "{said}");
    }
    let help = program().args(["traces", "--help"]).env("TRACER_CONSOLE_TOKEN", TOKEN).output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains(TOKEN));
    let (status, _) = post(
        serving.address,
        "/Groups",
        &[("host", "console.example"), ("authorization", &format!("Bearer {TOKEN}"))],
        "{}",
    );
    assert_eq!(status, 200);
}
