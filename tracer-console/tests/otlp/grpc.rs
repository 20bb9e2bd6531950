//! OTLP over gRPC, as clients that are not SDKs may speak it.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tracer_console::Console;

use crate::http::{good, protobuf};
use crate::shop::{Documents, console};

async fn client(console: &Console) -> TraceServiceClient<Channel> {
    let client =
        TraceServiceClient::connect(format!("http://{}", console.otlp_grpc_addr().unwrap())).await.unwrap();
    client.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip)
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(&*protobuf(spans)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_kept_or_refused_by_name() {
    let console = console();
    let mut client = client(&console).await;
    let answer = client.export(request(vec![good(), Span::default()])).await.unwrap().into_inner();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(
        partial.error_message.contains("InvalidTraceId: trace_id is missing"),
        "{}",
        partial.error_message
    );
    Documents::of(&console, &"5b".repeat(16)).named("good");
    let answer = client.export(request(vec![good()])).await.unwrap().into_inner();
    assert_eq!(answer.partial_success, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_and_what_comes_after_is_not() {
    let console = console();
    let mut client = client(&console).await;
    let long = Span { name: "x".repeat(5 << 20), ..good() };
    let refused = client.export(request(vec![long])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("send fewer"), "{refused}");
    let refused = client.export(request(vec![Span::default(); 100_001])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("send fewer"), "{refused}");
    client.export(request(vec![good()])).await.unwrap();
}

/// Begins to call the method and says nothing.
async fn begin(channel: &Channel) -> impl Future<Output = ()> + use<> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<ExportTraceServiceRequest, ExportTraceServiceRequest>::default();
    async move {
        let _ = grpc.client_streaming(tonic::Request::new(tokio_stream::pending()), path, codec).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_a_message_keep_nobody_waiting() {
    let console = console();
    let mut silent = Vec::new();
    for _ in 0..3 {
        let channel = Channel::from_shared(format!("http://{}", console.otlp_grpc_addr().unwrap())).unwrap();
        let channel = channel.connect().await.unwrap();
        for _ in 0..15 {
            let mut call = Box::pin(begin(&channel).await);
            tokio::select! {
                biased;
                () = &mut call => panic!("answered without a message"),
                () = std::future::ready(()) => silent.push(call),
            }
        }
        // Behind the others on the same connection.
        TraceServiceClient::new(channel).export(request(vec![good()])).await.unwrap();
    }
    for call in &mut silent {
        tokio::select! {
            biased;
            () = call => panic!("it was waited for"),
            () = std::future::ready(()) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_there() {
    let console = console();
    let channel = Channel::from_shared(format!("http://{}", console.otlp_grpc_addr().unwrap())).unwrap();
    let mut grpc = tonic::client::Grpc::new(channel.connect().await.unwrap());
    grpc.ready().await.unwrap();
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<ExportTraceServiceRequest, ExportTraceServiceRequest>::default();
    let asked = tonic::Request::new(ExportTraceServiceRequest::default());
    let refused = grpc.unary(asked, path, codec).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(refused.message().contains("TraceService/Export"), "{refused}");
}
