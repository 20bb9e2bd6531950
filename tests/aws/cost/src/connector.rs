//! Who answers: an HTTP client of the SDK's that does so itself, or a server on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// Answers at once: what is left is the SDK's own work.
#[derive(Debug)]
pub(crate) struct Connector;

const REQUEST_ID: &str = "LXP3RQW9PRNUF7A4HBVORY5PBHMWDZ8P7AUH5IO1DF9G9XU9NDFG";

const ITEM: &str = r#"{"Item":{"order_id":{"S":"ORD-1"},"customer":{"S":"C-17"},"total":{"N":"25.00"},"items":{"L":[{"M":{"sku":{"S":"A-1"},"count":{"N":"2"}}}]}}}"#;

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self)
    }
}

impl HttpConnector for Connector {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(200).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(ITEM));
        let headers = response.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.0");
        headers.insert("content-length", ITEM.len().to_string());
        headers.insert("x-amzn-requestid", REQUEST_ID);
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// A server that answers every request alike, on threads of its own, until the process ends.
pub(crate) fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            std::thread::spawn(move || answer_all(stream));
        }
    });
    Ok(address)
}

/// Each request of the SDK's arrives in few pieces; it is whole when its body, the JSON object, ends.
fn answer_all(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    let length = ITEM.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\
         x-amzn-requestid: {REQUEST_ID}\r\n\r\n{ITEM}"
    );
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&piece[..read]);
        if request.ends_with(b"}}}") {
            stream.write_all(answer.as_bytes())?;
            request.clear();
        }
    }
}
