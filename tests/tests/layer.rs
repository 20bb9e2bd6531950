//! The tower layer around a handler, and `lambda_http`'s request as the source of the header.

use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tracer_runtime::lambda::TracerLayer;
use tracer_runtime::{
    MemorySink, NotSent, Sink, Tracer, capture_lambda_handler, put_annotation, set_http_response, subsegment,
};

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

fn context() -> Context {
    let mut context = Context::default();
    context.xray_trace_id = Some(HEADER.to_owned());
    context
}

fn tracer(sink: impl Sink + 'static) -> Tracer {
    Tracer::builder().enabled(true).service("orders").sink(sink).build()
}

fn documents(sink: &MemorySink) -> Vec<Value> {
    sink.documents().iter().map(|document| serde_json::from_str(document).unwrap()).collect()
}

async fn plain(event: LambdaEvent<u32>) -> Result<u32, Error> {
    subsegment("inside", || put_annotation("Number", event.payload));
    if event.payload == 0 { Err("zero".into()) } else { Ok(event.payload) }
}

#[tokio::test]
async fn the_layer_traces_a_handler_without_an_attribute() {
    let sink = MemorySink::default();
    let layer = TracerLayer::with_tracer(tracer(sink.clone()));
    for number in [1, 0] {
        let service = layer.layer(service_fn(plain));
        let _ = service.oneshot(LambdaEvent::new(number, context())).await;
    }
    let [fine, failed] = &documents(&sink)[..] else { panic!() };
    assert_eq!(fine["name"], "## handler");
    assert_eq!(fine["annotations"]["Service"], "orders");
    assert_eq!(fine["subsegments"][0]["annotations"]["Number"], 1);
    assert_eq!(failed["fault"], true);
    assert_eq!(failed["cause"]["exceptions"][0]["message"], "zero");
}

#[capture_lambda_handler(name = "adopted")]
async fn annotated(event: LambdaEvent<u32>) -> Result<u32, Error> {
    plain(event).await
}

#[tokio::test]
async fn an_attribute_inside_takes_the_layers_subsegment_over() {
    let sink = MemorySink::default();
    let service = TracerLayer::with_tracer(tracer(sink.clone())).layer(service_fn(annotated));
    service.oneshot(LambdaEvent::new(2, context())).await.unwrap();
    let [document] = &documents(&sink)[..] else { panic!() };
    assert_eq!(document["name"], "adopted");
    assert_eq!(document["metadata"]["orders"]["adopted response"], 2);
    assert_eq!(document["subsegments"].as_array().unwrap().len(), 1);
}

#[capture_lambda_handler(tracer = tracer)]
async fn web(_request: Request, tracer: Tracer) -> Result<Response<Body>, Error> {
    set_http_response(404, None);
    Ok(Response::builder().status(404).body(Body::Empty)?)
}

#[tokio::test]
async fn the_header_of_a_web_request_is_its_contexts_or_its_own() {
    let sink = MemorySink::default();
    let of_context = Request::new(Body::Empty).with_lambda_context(context());
    let mut of_request = Request::new(Body::Empty);
    of_request.headers_mut().insert("x-amzn-trace-id", HEADER.parse().unwrap());
    for request in [of_context, of_request] {
        web(request, tracer(sink.clone())).await.unwrap();
    }
    let documents = documents(&sink);
    assert_eq!(documents.len(), 2);
    for document in documents {
        assert_eq!(document["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(document["error"], true);
        assert_eq!(document["http"]["response"]["status"], 404);
    }
}

#[tokio::test]
async fn a_sink_that_refuses_everything_is_given_up() {
    #[derive(Debug)]
    struct Refusing;
    impl Sink for Refusing {
        fn send(&self, _: &[u8]) -> Result<(), NotSent> {
            Err(NotSent::TooLarge)
        }
    }
    let service = TracerLayer::with_tracer(tracer(Refusing)).layer(service_fn(annotated));
    assert_eq!(service.oneshot(LambdaEvent::new(2, context())).await.unwrap(), 2);
}

#[tokio::test]
async fn a_sink_that_is_traced_itself_records_nothing_of_its_own() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static TRACER: OnceLock<Tracer> = OnceLock::new();
    static SENT: AtomicUsize = AtomicUsize::new(0);

    #[capture_lambda_handler(context = HEADER, tracer = TRACER.get().unwrap())]
    fn traced() {}

    #[derive(Debug)]
    struct TracedSink;
    impl Sink for TracedSink {
        fn send(&self, _: &[u8]) -> Result<(), NotSent> {
            assert!(SENT.fetch_add(1, Ordering::Relaxed) < 10, "it sends what its own sending recorded");
            traced();
            subsegment("inside", || ());
            Ok(())
        }
    }
    TRACER.set(tracer(TracedSink)).unwrap();
    traced();
    assert_eq!(SENT.load(Ordering::Relaxed), 1);
}
