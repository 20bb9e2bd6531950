//! Any bytes as OTLP, in protobuf, in JSON and in a datagram: each span ends in one document or one refusal, and what is
//! kept is found and drawn.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tracer_console::{
    Document, IndexedAttributes, MemoryStore, OtlpEncoding, Refusal, TraceStore, Waterfall,
    read_datagram_documents, read_otlp,
};

const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

fuzz_target!(|bytes: &[u8]| {
    let indexed = IndexedAttributes::all();
    if let Ok(outcomes) = read_otlp(bytes, OtlpEncoding::Protobuf, &indexed) {
        // What cannot be decoded as a whole is read span by span.
        assert!(spans(bytes).is_none_or(|spans| outcomes.len() == spans));
        keep(outcomes);
    }
    if let Ok(outcomes) = read_otlp(bytes, OtlpEncoding::Json, &IndexedAttributes::default()) {
        keep(outcomes);
    }
    keep(read_datagram_documents(&[HEADER_LINE, bytes].concat(), &indexed));
});

fn spans(bytes: &[u8]) -> Option<usize> {
    let request = ExportTraceServiceRequest::decode(bytes).ok()?;
    Some(request.resource_spans.iter().flat_map(|spans| &spans.scope_spans).map(|spans| spans.spans.len()).sum())
}

fn keep(outcomes: Vec<Result<Document, Refusal>>) {
    let store = MemoryStore::default();
    for outcome in outcomes {
        let document = match outcome {
            Ok(document) => document,
            Err(refusal) => {
                assert!(!refusal.message.is_empty());
                continue;
            }
        };
        let (id, outermost) = (document.trace_id(), document.entities()[0].id());
        assert!(document.entities().iter().all(|entity| !entity.name().is_empty()));
        store.record(document).unwrap();
        let trace = store.trace(id).unwrap();
        assert!(trace.nodes().any(|node| node.id() == outermost));
        black_box(Waterfall::new(&trace).width(80).metadata(true).to_string());
    }
}
