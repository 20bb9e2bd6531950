//! The server itself: one address for both protocols, and its end.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use tracer_console::{Console, ConsoleError, ConsoleOptions};

use crate::requests::{console, post, put};

#[test]
fn documents_and_questions_go_to_one_address() {
    let console = console();
    let (trace, segments) = put("job");
    let document = segments["TraceSegmentDocuments"][0].as_str().unwrap();
    let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram.as_bytes(), console.local_addr()).unwrap();
    console.store().wait_for_trace(trace, |_| true, Duration::from_secs(30)).unwrap();
    let asked = serde_json::json!({"TraceIds": [trace.to_string()]}).to_string();
    let answer = post(&console, "/Traces", &[], asked.as_bytes());
    assert_eq!(answer.body["Traces"][0]["Id"], trace.to_string());
}

#[test]
fn many_consoles_find_ports_that_are_free_for_both() {
    let consoles: Vec<_> = (0..20).map(|_| console()).collect();
    for console in &consoles {
        assert_eq!(post(console, "/Groups", &[], b"{}").status, 200);
    }
}

#[test]
fn an_address_that_is_taken_for_either_protocol_is_named() {
    let start = |address: std::net::SocketAddr| {
        let options = ConsoleOptions { listen: address.to_string(), ..ConsoleOptions::default() };
        match Console::start(options) {
            Err(ConsoleError::Listen { protocol, address: taken, .. }) if taken == address => protocol,
            other => panic!("{other:?}"),
        }
    };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(start(tcp.local_addr().unwrap()), "TCP");
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(start(udp.local_addr().unwrap()), "UDP");
}

#[test]
fn a_dropped_console_answers_nothing_any_more_and_gives_its_address_back() {
    let console = console();
    let address = console.local_addr();
    // One that is idle, and one that is in the middle of a request.
    let mut idle = TcpStream::connect(address).unwrap();
    let mut asking = TcpStream::connect(address).unwrap();
    idle.write_all(b"POST /Groups HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    assert_ne!(idle.read(&mut [0; 4096]).unwrap(), 0);
    asking.write_all(b"POST /Groups HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{").unwrap();
    drop(console);
    for stream in [&mut idle, &mut asking] {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(TcpStream::connect(address).is_err());
    let options = ConsoleOptions { listen: address.to_string(), ..ConsoleOptions::default() };
    assert_eq!(post(&Console::start(options).unwrap(), "/Groups", &[], b"{}").status, 200);
}

#[tokio::test]
async fn a_console_may_be_dropped_within_a_runtime() {
    let console = console();
    tokio::task::spawn_blocking(|| ()).await.unwrap();
    drop(console);
}
