//! Who may send spans.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::{Code, Request};
use tracer_console::{Access, Console, ConsoleError, ConsoleOptions, OtlpOptions};

const TOKEN: &str = "9f0c6b3a7d21e458";

fn options(http: &str, grpc: &str) -> ConsoleOptions {
    let otlp = OtlpOptions { http: Some(http.into()), grpc: Some(grpc.into()), ..OtlpOptions::default() };
    ConsoleOptions { otlp, ..ConsoleOptions::any_port() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_over_grpc_and_http_alike() {
    let access = Access::default().with_token(TOKEN).unwrap();
    let any = "127.0.0.1:0";
    let console = Console::start(ConsoleOptions { access, ..options(any, any) }).unwrap();
    let grpc = format!("http://{}", console.otlp_grpc_addr().unwrap());
    let mut client = TraceServiceClient::connect(grpc).await.unwrap();
    let refused = client.export(ExportTraceServiceRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("TRACER_CONSOLE_TOKEN"), "{refused}");
    let mut request = Request::new(ExportTraceServiceRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    client.export(request).await.unwrap();
    let url = format!("http://{}/v1/traces", console.otlp_addr().unwrap());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let post = || agent.post(&url).header("content-type", "application/x-protobuf");
    assert_eq!(post().send_empty().unwrap().status(), 403);
    assert_eq!(post().header("authorization", format!("Bearer {TOKEN}")).send_empty().unwrap().status(), 200);
}

#[test]
fn an_address_that_lets_others_in_needs_a_token_too() {
    let (here, everywhere) = ("127.0.0.1:0", "0.0.0.0:0");
    for options in [options(everywhere, here), options(here, everywhere)] {
        let refused = Console::start(options).unwrap_err();
        assert!(matches!(refused, ConsoleError::Unprotected { .. }), "{refused}");
    }
    let refused = Console::start(options("nonsense", here)).unwrap_err();
    assert!(matches!(refused, ConsoleError::Address { .. }), "{refused}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = Console::start(options("127.0.0.1:0", &address)).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("cannot listen on TCP {address}: ")), "{refused}");
}
