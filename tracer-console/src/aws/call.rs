//! A request that somebody else made, as the X-Ray daemon passes it on: signed, sent, and its answer, whatever its path. The SDK's client has
//! no call for that; what is asked here goes by [`question`](super::question).

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{HeaderMap, Method, Request, StatusCode, header};

use super::account::{AwsAccount, LONGEST_CALL};
use super::error::{AwsError, in_a_line};

/// A longer answer is none of X-Ray's.
const LONGEST_ANSWER: usize = 64 << 20;

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct AwsAnswer {
    /// The status.
    pub(crate) status: u16,
    /// Names and values of the headers.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl AwsAccount {
    /// Signs a request for the path, which may have a query, and sends it.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<AwsAnswer, AwsError> {
        let answered = async {
            let request = self.sign(method, path, headers, body).await?;
            let url = || self.endpoint.clone();
            let sent = self.connector.call(request).await;
            let response = sent.map_err(|error| AwsError::NoAnswer { url: url(), why: in_a_line(&error) })?;
            let (status, headers) = (response.status().as_u16(), of_answer(response.headers()));
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(|error| AwsError::NoAnswer { url: url(), why: in_a_line(&*error) })?;
            Ok(AwsAnswer { status, headers, body: body.to_bytes().into() })
        };
        let answer = tokio::time::timeout(LONGEST_CALL, answered).await;
        let answer =
            answer.map_err(|_| AwsError::Timeout { url: self.endpoint.clone(), timeout: LONGEST_CALL })??;
        if answer.status == StatusCode::FORBIDDEN {
            self.credentials.forget().await;
        }
        Ok(answer)
    }

    async fn sign(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<HttpRequest, AwsError> {
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| AwsError::Signing(error);
        let identity = self.credentials.get().await?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region())
            .name("xray")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| broken(error.into()))?;
        let url = format!("{}{path}", self.endpoint);
        let mut request = Request::builder().method(&method).uri(&url);
        for (name, value) in headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body.clone())).map_err(|error| broken(error.into()))?;
        let signed = {
            // What is no text is sent and not signed.
            let text = request
                .headers()
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
            let signable = SignableRequest::new(method.as_str(), &url, text, SignableBody::Bytes(&body));
            sign(signable.map_err(|error| broken(error.into()))?, &parameters.into())
        };
        let (instructions, _) = signed.map_err(|error| broken(error.into()))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| broken(error.into()))
    }
}

/// Headers that are the connection's, the host's or the signature's own, and so not the next connection's.
fn is_of_the_connection(name: &header::HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::HOST
            | header::CONTENT_LENGTH
            | header::TRANSFER_ENCODING
            | header::TE
            | header::TRAILER
            | header::UPGRADE
            | header::EXPECT
            | header::ACCEPT_ENCODING
            | header::PROXY_AUTHORIZATION
            | header::AUTHORIZATION
    ) || ["keep-alive", "proxy-connection", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"]
        .contains(&name.as_str())
}

fn of_answer(headers: &aws_smithy_runtime_api::http::Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
