//! Real datagrams: what reaches the daemon early (P4, P5), and what happens where there is none (P1).

use std::net::UdpSocket;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use tracer_runtime::{Tracer, UdpSink, capture_lambda_handler, put_annotation, put_metadata, subsegment};

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

struct Daemon {
    socket: UdpSocket,
}

impl Daemon {
    fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // Only a test that fails waits so long.
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { socket }
    }

    fn tracer(&self) -> Tracer {
        let address = self.socket.local_addr().unwrap().to_string();
        Tracer::builder().enabled(true).sink(UdpSink::new(address.parse().unwrap())).build()
    }

    fn document(&self) -> Value {
        let mut datagram = vec![0; 65_536];
        let length = self.socket.recv(&mut datagram).expect("a datagram within twenty seconds");
        let (header, document) = std::str::from_utf8(&datagram[..length]).unwrap().split_once('\n').unwrap();
        assert_eq!(header, r#"{"format":"json","version":1}"#);
        serde_json::from_str(document).unwrap()
    }

    fn is_empty(&self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let empty = self.socket.recv(&mut [0; 16]).is_err();
        self.socket.set_nonblocking(false).unwrap();
        empty
    }
}

fn event(remaining: Option<Duration>) -> LambdaEvent<()> {
    let mut context = Context::default();
    context.xray_trace_id = Some(HEADER.to_owned());
    let deadline =
        remaining.map(|remaining| (SystemTime::now() + remaining).duration_since(UNIX_EPOCH).unwrap());
    context.deadline = deadline.map_or(0, |deadline| u64::try_from(deadline.as_millis()).unwrap());
    LambdaEvent::new((), context)
}

#[capture_lambda_handler(tracer = tracer)]
fn handler(event: LambdaEvent<()>, tracer: Tracer, body: impl FnOnce()) -> usize {
    let _ = (event, tracer);
    body();
    1
}

#[test]
fn an_invocation_is_one_datagram() {
    let daemon = Daemon::start();
    handler(event(Some(Duration::from_secs(3))), daemon.tracer(), || {
        (0..50).for_each(|_| subsegment("child", || put_annotation("A", "b")));
    });
    let document = daemon.document();
    assert_eq!(document["subsegments"].as_array().unwrap().len(), 50);
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    assert!(daemon.is_empty());
}

#[test]
fn p5_what_is_closed_is_sent_within_a_quarter_of_a_second_though_the_handler_blocks() {
    let daemon = Daemon::start();
    let mut early = Vec::new();
    handler(event(None), daemon.tracer(), || {
        subsegment("first", || subsegment("inside", || ()));
        early.push(daemon.document());
        subsegment("second", || ());
        early.push(daemon.document());
    });
    assert_eq!(early[0]["name"], "first");
    assert_eq!(early[0]["subsegments"][0]["name"], "inside");
    assert_eq!(early[1]["name"], "second");
    let root = daemon.document();
    assert_eq!(root["id"], early[0]["parent_id"]);
    assert!(root["subsegments"].is_null(), "nothing is sent twice");
    assert!(daemon.is_empty());
}

#[test]
fn p4_before_the_deadline_what_is_open_is_sent_as_in_progress_though_the_handler_blocks() {
    let daemon = Daemon::start();
    let mut early = Vec::new();
    handler(event(Some(Duration::from_millis(600))), daemon.tracer(), || {
        put_annotation("Before", true);
        subsegment("open", || {
            subsegment("closed", || ());
            while early.len() < 3 {
                early.push(daemon.document());
            }
        });
    });
    let find = |name: &str| early.iter().find(|document| document["name"] == name).unwrap();
    assert!(find("closed")["end_time"].is_number());
    let (open, root) = (find("open"), find("## handler"));
    for in_progress in [open, root] {
        assert_eq!(in_progress["in_progress"], true);
        assert!(in_progress["end_time"].is_null());
    }
    assert_eq!(root["annotations"]["Before"], true);
    assert_eq!(root["annotations"]["Service"], "service_undefined");
    assert_eq!(open["parent_id"], root["id"]);

    let complete = daemon.document();
    assert_eq!(complete["id"], root["id"]);
    assert!(complete["end_time"].is_number());
    assert_eq!(complete["subsegments"][0]["id"], open["id"], "the completion replaces both");
    assert!(daemon.is_empty(), "each is in progress once");
}

#[test]
fn a_deadline_that_is_none_is_ignored() {
    let daemon = Daemon::start();
    // cargo-lambda sends a duration; others may send a time that is past, or far away.
    for deadline in [600_000, 1, u64::MAX] {
        let mut event = event(None);
        event.context.deadline = deadline;
        handler(event, daemon.tracer(), || ());
        assert!(daemon.document()["end_time"].is_number());
    }
    assert!(daemon.is_empty());
}

#[test]
fn behaviour_124_a_daemon_that_is_absent_or_refuses_is_not_noticed() {
    let daemon = Daemon::start();
    let tracer = daemon.tracer();
    drop(daemon);
    for _ in 0..1_000 {
        assert_eq!(handler(event(None), tracer.clone(), || put_metadata("m", &"x".repeat(100))), 1);
    }
    let nowhere =
        Tracer::builder().enabled(true).sink(UdpSink::new("name.invalid:2000".parse().unwrap())).build();
    assert_eq!(handler(event(None), nowhere, || ()), 1);
}

#[test]
fn a_receiver_that_never_reads_is_not_noticed() {
    let daemon = Daemon::start();
    let tracer = daemon.tracer();
    for _ in 0..5_000 {
        assert_eq!(handler(event(None), tracer.clone(), || put_metadata("m", &"x".repeat(1_000))), 1);
    }
    assert_eq!(daemon.document()["name"], "## handler", "the first are there, the rest the kernel dropped");
}
