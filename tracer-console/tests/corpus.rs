//! Every document that real X-Ray SDKs sent, over real UDP. Skipped where the corpus is not beside the workspace.

#[path = "corpus/recordings.rs"]
mod recordings;

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tracer_console::{Console, ConsoleOptions, Document, Waterfall, read_datagram};

use self::recordings::recordings;

fn datagrams(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["raw"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether everything that a document says is in the store.
fn is_kept(console: &Console, document: &Document) -> bool {
    let Some(trace) = console.store().trace(document.trace_id()) else { return false };
    document.entities().iter().all(|sent| {
        trace.nodes().any(|kept| {
            kept.id() == sent.id()
                && (sent.is_in_progress()
                    || (kept.name() == sent.name()
                        && kept.annotations().eq(sent.annotations())
                        && kept.metadata().eq(sent.metadata())
                        && kept.exceptions().eq(sent.exceptions())))
        })
    })
}

#[test]
fn every_document_of_the_corpus_is_kept_whole_and_can_be_drawn() {
    let console = Console::start(ConsoleOptions::any_port()).unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for file in recordings() {
        let mut revision = console.store().revision();
        let documents: Vec<_> = datagrams(&file)
            .into_iter()
            .map(|datagram| {
                let document = read_datagram(datagram.as_bytes())
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                sender.send_to(datagram.as_bytes(), console.local_addr()).unwrap();
                // One by one: the kernel's buffer is not what is tested here.
                revision = console.store().wait_for_change(revision, Duration::from_secs(10));
                document
            })
            .collect();
        for document in &documents {
            assert!(is_kept(&console, document), "{}: {}", file.display(), document.text());
        }
        if let Some(document) = documents.last() {
            let trace = console.store().trace(document.trace_id()).unwrap();
            for width in [60, 100, 160] {
                let drawn = Waterfall::new(&trace).width(width).metadata(true).colored(false).to_string();
                let widest = drawn.lines().map(unicode_width::UnicodeWidthStr::width).max();
                assert!(widest <= Some(width), "{}:\n{drawn}", file.display());
            }
        }
    }
    assert_eq!(console.counts().refused, 0, "{:?}", console.refusals().latest());
}
