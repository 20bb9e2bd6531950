//! An HTTP client of the SDK's that answers in this process, at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::answer::Answer;

/// Answers without a socket: what is left is the SDK's own work.
#[derive(Clone)]
pub struct InProcess {
    choose: Arc<dyn Fn(usize) -> Answer + Send + Sync>,
    calls: Arc<AtomicUsize>,
}

impl InProcess {
    /// A client that answers so; `answer` is given how many calls came before.
    #[must_use]
    pub fn new(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { choose: Arc::new(answer), calls: Arc::default() }
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let answer = (self.choose)(self.calls.fetch_add(1, Ordering::Relaxed));
        let status = StatusCode::try_from(answer.status).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("calls", &self.calls).finish_non_exhaustive()
    }
}
