//! Datagrams of spans.

use std::net::UdpSocket;
use std::time::Duration;

use tracer_console::{IndexedAttributes, RefusalCode, TraceId, read_datagram, read_datagram_documents};

use crate::http::span;
use crate::shop::console;

const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

#[test]
fn what_is_no_span_is_refused_by_name_and_the_next_datagram_is_taken() {
    let console = console();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let good: TraceId = "5b8efff798038103d269b633813fc60c".parse().unwrap();
    let document = format!(
        r#"{{"name":"job","id":"cbafb490a105b1f4","trace_id":"{good}","start_time":1,"end_time":2}}"#
    );
    for body in ["T1S!", "T1UAAAA", "M1CgA=", &document] {
        socket.send_to(format!("{HEADER}{body}").as_bytes(), console.local_addr()).unwrap();
    }
    console.store().wait_for_trace(good, |trace| trace.len() == 1, Duration::from_secs(30)).unwrap();
    let codes: Vec<_> = console.refusals().latest().iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [RefusalCode::ParseError; 3]);
    assert_eq!(console.counts().refused, 3);
}

#[test]
fn a_datagram_of_spans_is_no_document_for_those_who_want_one() {
    let datagram = format!("{HEADER}T1SCgA=");
    let refusal = read_datagram(datagram.as_bytes()).unwrap_err();
    assert!(refusal.message.contains("OpenTelemetry's spans"), "{refusal}");
    assert_eq!(read_datagram_documents(datagram.as_bytes(), &IndexedAttributes::default()), []);
    let document = span("a").to_string();
    assert_eq!(read_datagram_documents(document.as_bytes(), &IndexedAttributes::default()).len(), 1);
}
