//! The server itself: one address for both protocols, and its end.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use tracer_console::{Access, Console, ConsoleError, ConsoleOptions};

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
    let start = |address: std::net::SocketAddr, listen_tcp: Option<&str>| {
        let (listen, listen_tcp) = (address.to_string(), listen_tcp.map(str::to_owned));
        let options = ConsoleOptions { listen, listen_tcp, ..ConsoleOptions::default() };
        match Console::start(options) {
            Err(ConsoleError::Listen { protocol, address: taken, .. }) if taken == address => protocol,
            other => panic!("{other:?}"),
        }
    };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(start(tcp.local_addr().unwrap(), None), "TCP");
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    // The same port may be taken for TCP by what else runs here.
    assert_eq!(start(udp.local_addr().unwrap(), Some("127.0.0.1:0")), "UDP");
}

#[test]
fn a_second_console_for_the_same_datagrams_is_refused() {
    let first = console();
    let options = ConsoleOptions {
        listen: first.local_addr().to_string(),
        listen_tcp: Some("127.0.0.1:0".into()),
        ..ConsoleOptions::default()
    };
    let said = Console::start(options).unwrap_err().to_string();
    assert!(said.starts_with(&format!("cannot listen on UDP {}: ", first.local_addr())), "{said}");
    assert!(said.contains("another X-Ray daemon or console"), "{said}");
    #[cfg(target_os = "linux")]
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
}

#[test]
fn a_dropped_console_answers_nothing_any_more_and_gives_its_address_back() {
    let console = console();
    let address = console.local_addr();
    // One that is idle, and one that is in the middle of a request.
    let mut idle = TcpStream::connect(address).unwrap();
    let mut asking = TcpStream::connect(address).unwrap();
    idle.write_all(b"POST /Groups HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    assert_ne!(idle.read(&mut [0; 4096]).unwrap(), 0);
    asking.write_all(b"POST /Groups HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{").unwrap();
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

/// What is answered to bytes as they are, up to the end of the connection or until `enough` came.
fn raw(console: &Console, bytes: &[u8], enough: &str) -> String {
    let mut stream = TcpStream::connect(console.local_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(bytes).unwrap();
    let (mut answer, mut buffer) = (String::new(), [0; 4096]);
    while !answer.contains(enough) {
        match stream.read(&mut buffer) {
            Ok(len) if len > 0 => answer.push_str(&String::from_utf8_lossy(&buffer[..len])),
            _ => break,
        }
    }
    assert!(answer.contains(enough), "{answer:?}");
    answer
}

#[test]
fn every_way_to_send_a_body_is_taken() {
    let console = console();
    let end = "\"Groups\":[{\"GroupName\":\"Default\"";
    for request in [
        "POST /Groups HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        "POST /Groups HTTP/1.0\r\n\r\n",
        "POST /Groups HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /Groups?a=b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        "POST http://xray.us-east-1.amazonaws.com/Groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    ] {
        assert!(raw(&console, request.as_bytes(), end).starts_with("HTTP/1."), "{request}");
    }
    let expects =
        "POST /Groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    raw(&console, expects.as_bytes(), "HTTP/1.1 100 Continue\r\n");
}

#[test]
fn what_is_announced_as_too_large_is_not_waited_for() {
    let console = console();
    let announced = "POST /Groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n{";
    let answer = raw(&console, announced.as_bytes(), "RequestEntityTooLargeException");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn connections_are_bounded_and_those_that_wait_are_answered_when_others_end() {
    let console = console();
    let address = console.local_addr();
    let idle: Vec<_> = (0..512).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut next = TcpStream::connect(address).unwrap();
    next.write_all(b"POST /Groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    next.set_nonblocking(true).unwrap();
    assert_eq!(next.read(&mut [0; 64]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(idle);
    next.set_nonblocking(false).unwrap();
    next.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut beginning = [0; 12];
    next.read_exact(&mut beginning).unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 200");
}

#[test]
fn a_name_with_two_addresses_means_that_of_ipv4_and_one_of_ipv6_is_taken_too() {
    let start = |listen: &str| {
        Console::start(ConsoleOptions { listen: listen.to_owned(), ..ConsoleOptions::default() })
    };
    assert!(start("localhost:0").unwrap().local_addr().is_ipv4());
    // Not every machine has it.
    if TcpListener::bind("[::1]:0").is_ok() {
        let console = start("[::1]:0").unwrap();
        let (trace, segments) = put("job");
        assert_eq!(post(&console, "/TraceSegments", &[], segments.to_string().as_bytes()).status, 200);
        assert!(console.store().trace(trace).is_some());
    }
}

#[test]
fn what_to_do_is_said_where_an_address_cannot_be_listened_on() {
    let listen = |listen: &str| {
        let access = Access::default().open();
        let options = ConsoleOptions { listen: listen.to_owned(), access, ..ConsoleOptions::default() };
        Console::start(options).unwrap_err().to_string()
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let said = listen(&taken.local_addr().unwrap().to_string());
    assert!(said.contains("another X-Ray daemon or console") && said.contains("port 0"), "{said}");
    #[cfg(target_os = "linux")]
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    // Set aside for documentation: no machine has it.
    let said = listen("192.0.2.1:0");
    assert!(said.contains("no such address") && !said.contains("another X-Ray"), "{said}");
}
