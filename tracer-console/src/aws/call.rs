//! A request of one's own: signed, sent, and its answer, whatever its path.

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
use super::credentials::chain;
use super::error::AwsError;

/// A longer answer is none of X-Ray's.
const LONGEST_ANSWER: usize = 64 << 20;

/// What was answered to a request of one's own.
///
/// ```
/// fn is_fine(answer: &tracer_console::aws::AwsAnswer) -> bool {
///     answer.status == 200
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AwsAnswer {
    /// The status.
    pub status: u16,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl AwsAccount {
    /// Sends a POST of JSON, signed, to a path of X-Ray's API, such as `/TraceSummaries`, and waits for the answer.
    ///
    /// ```no_run
    /// use tracer_console::aws::{AwsAccount, AwsOptions};
    ///
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// let answer = account.post("/GetSamplingRules", b"{}")?;
    /// println!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`AwsError`] when there are no credentials or no answer. An answer that says what is wrong is an answer.
    pub fn post(&self, path: &str, body: &[u8]) -> Result<AwsAnswer, AwsError> {
        let headers = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        )]);
        self.block_on(self.call(Method::POST, path, &headers, Bytes::copy_from_slice(body)))
    }

    /// Signs a request for the path, which may have a query, and sends it.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<AwsAnswer, AwsError> {
        let request = self.sign(method, path, headers, body).await?;
        let answered = async {
            let url = || self.endpoint.clone();
            let sent = self.connector.call(request).await;
            let response = sent.map_err(|error| AwsError::NoAnswer { url: url(), why: chain(&error) })?;
            let (status, headers) = (response.status().as_u16(), of_answer(response.headers()));
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(|error| AwsError::NoAnswer { url: url(), why: chain(&*error) })?;
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
