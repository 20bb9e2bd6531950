//! Another server of AWS, to which requests are passed on.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::call::Service;
use crate::reply;

/// A server on plain HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    /// Host and port.
    authority: String,
}

impl Upstream {
    /// Reads `http://host:port`.
    pub(crate) fn of_endpoint(endpoint: &str) -> Option<Self> {
        let authority = endpoint.strip_prefix("http://")?.trim_end_matches('/');
        let is_whole = authority.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
        });
        is_whole.then(|| Self { authority: authority.to_owned() })
    }

    /// Its answer, or one that says why it has none.
    pub(crate) async fn answer(&self, service: Service, mut request: Request<Bytes>) -> Response<Bytes> {
        let headers = request.headers_mut();
        headers.remove(CONNECTION);
        headers.remove(TRANSFER_ENCODING);
        if !headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(&self.authority)
        {
            headers.insert(HOST, host);
        }
        // By which moto knows the service.
        headers.entry(AUTHORIZATION).or_insert(HeaderValue::from_static(match service {
            Service::DynamoDb => "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            Service::S3 => "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            Service::Sqs => "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
        }));
        self.ask(request).await.unwrap_or_else(|error| {
            let message = format!("{} does not answer: {error}", self.authority);
            reply::whole_error(service, 502, "BadGateway", &message)
        })
    }

    /// Its answer to an operation of DynamoDB or SQS that the headers name.
    pub(crate) async fn answer_json(
        &self,
        service: Service,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Bytes> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers.clone();
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        request.headers_mut().entry(CONTENT_TYPE).or_insert(json);
        self.answer(service, request).await
    }

    /// On a connection of its own: a broken one is nobody else's.
    async fn ask(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let connection = tokio::spawn(connection);
        let answered = async {
            let answer = sender.send_request(request.map(Full::new)).await?;
            let (mut head, body) = answer.into_parts();
            head.headers.remove(CONNECTION);
            head.headers.remove(TRANSFER_ENCODING);
            Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        let answer = answered.await.map_err(|error: hyper::Error| io::Error::other(error));
        connection.abort();
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_plain_http_with_a_port() {
        let authority = |endpoint| Upstream::of_endpoint(endpoint).map(|upstream| upstream.authority);
        assert_eq!(authority("http://127.0.0.1:4566").as_deref(), Some("127.0.0.1:4566"));
        assert_eq!(authority("http://[::1]:4566/").as_deref(), Some("[::1]:4566"));
        for none in
            ["https://127.0.0.1:4566", "http://127.0.0.1", "http://:4566", "http://a/b:1", "127.0.0.1:4566"]
        {
            assert_eq!(authority(none), None, "{none}");
        }
    }
}
