//! An OpenTelemetry backend that decodes what it is sent, and answers as it is told to.

use std::io::Read as _;
use std::sync::{Arc, Mutex};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;

use crate::far_end::{Asked, FarEnd, Said};
use crate::wait::until;

pub(crate) struct OtlpEnd {
    pub(crate) end: FarEnd,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What is answered instead of taking the spans.
    says: Option<Said>,
    taken: Vec<ResourceSpans>,
}

impl OtlpEnd {
    pub(crate) fn new() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let answering = Arc::clone(&state);
        Self { end: FarEnd::answering(move |asked| answering.lock().unwrap().answer(asked)), state }
    }

    /// From now on it says this, or takes the spans.
    pub(crate) fn says(&self, said: Option<Said>) {
        self.state.lock().unwrap().says = said;
    }

    /// What it took.
    pub(crate) fn resources(&self) -> Vec<ResourceSpans> {
        self.state.lock().unwrap().taken.clone()
    }

    /// The spans that it took, once there are so many.
    pub(crate) fn spans(&self, count: usize) -> Vec<Span> {
        until("spans", || {
            let resources = self.resources();
            let scopes = resources.into_iter().flat_map(|resource| resource.scope_spans);
            let spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
            (spans.len() >= count).then_some(spans)
        })
    }

    /// Waits until it was called once more.
    pub(crate) fn is_called(&self) {
        let before = self.end.asked().len();
        until("a call", || (self.end.asked().len() > before).then_some(()));
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Said {
        assert_eq!((asked.method.as_str(), asked.uri.path()), ("POST", "/v1/traces"));
        assert_eq!(asked.header("content-type"), "application/x-protobuf");
        assert_eq!(asked.header("content-encoding"), "gzip");
        let mut bytes = Vec::new();
        GzDecoder::new(&*asked.body).read_to_end(&mut bytes).unwrap();
        let request = ExportTraceServiceRequest::decode(&*bytes).unwrap();
        if let Some(said) = &self.says {
            return said.clone();
        }
        self.taken.extend(request.resource_spans);
        response(0, "")
    }
}

/// What a backend answers that rejects so many spans.
pub(crate) fn response(rejected_spans: i64, message: &str) -> Said {
    let partial = ExportTracePartialSuccess { rejected_spans, error_message: message.to_owned() };
    let partial_success = (rejected_spans > 0 || !message.is_empty()).then_some(partial);
    let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    Said { body, ..Said::status(200) }.with("content-type", "application/x-protobuf")
}
