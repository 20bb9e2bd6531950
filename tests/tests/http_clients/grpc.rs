//! A gRPC client of tonic: its requests are a path alone, to which its channel adds the server below the layer.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::transport::Endpoint;
use tower::ServiceBuilder;
use tracer_console::{Console, ConsoleOptions, OtlpOptions};
use tracer_runtime::http_client::TracerLayer;
use tracer_runtime::testing;

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_request_to_the_origin_that_the_layer_was_given() {
    let otlp = OtlpOptions { grpc: Some("127.0.0.1:0".into()), ..OtlpOptions::default() };
    let console = Console::start(ConsoleOptions { otlp, ..ConsoleOptions::any_port() }).unwrap();
    let origin = format!("http://{}", console.otlp_grpc_addr().unwrap());
    let channel = Endpoint::from_shared(origin.clone()).unwrap().connect_lazy();
    for layer in [TracerLayer::new().origin(origin.parse().unwrap()), TracerLayer::new()] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sees = seen.clone();
        let look = move |request: http::Request<tonic::body::Body>| {
            sees.lock()
                .unwrap()
                .push((request.uri().to_string(), request.headers().contains_key("x-amzn-trace-id")));
            request
        };
        let traced = ServiceBuilder::new().layer(layer.clone()).map_request(look).service(channel.clone());
        let mut client = TraceServiceClient::new(traced);
        let trace = testing::capture_async(async {
            client.export(ExportTraceServiceRequest::default()).await.unwrap();
        })
        .await;
        let knows_origin = format!("{layer:?}").contains("127.0.0.1");
        assert_eq!(*seen.lock().unwrap(), [(METHOD.to_owned(), knows_origin)]);
        if !knows_origin {
            assert!(trace.subsegments().is_empty(), "{trace}");
            continue;
        }
        let http = &trace.subsegment("127.0.0.1").json()["http"];
        assert_eq!(http["request"]["url"], format!("{origin}{METHOD}"));
        assert_eq!(http["response"]["status"], 200);
    }
}
