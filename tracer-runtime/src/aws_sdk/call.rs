//! One operation while it runs: kept in the operation's config bag, so that it ends with the operation, also when that is dropped.

use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_smithy_runtime_api::client::interceptors::DisableInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::{Error, FinalizerInterceptorContextRef};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::telemetry::{CapturedTelemetryAttributes, RequestedTelemetryAttributes};
use aws_types::region::Region;

use super::answer::ServiceError;
use super::members;
use super::parameters::{self, Parameter, Parameters};
use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;
use crate::recording::downstream::Downstream;

/// An operation whose subsegment is open, or was.
#[derive(Debug)]
pub(super) struct Call {
    downstream: Mutex<Option<Downstream>>,
    parameters: Parameters,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Call {
    /// Asks the SDK to note the members of the input that say which resource is called.
    pub(super) fn ask_for_input(bag: &mut ConfigBag) {
        static NAMES: OnceLock<RequestedTelemetryAttributes> = OnceLock::new();
        if !Downstream::can_open() {
            return;
        }
        let requested = match bag.load::<RequestedTelemetryAttributes>() {
            Some(of_user) if !of_user.is_empty() => {
                let mut both = of_user.clone();
                both.capture_only(parameters::OF_INPUT);
                both
            }
            _ => NAMES
                .get_or_init(|| {
                    let mut names = RequestedTelemetryAttributes::default();
                    names.capture_only(parameters::OF_INPUT);
                    names
                })
                .clone(),
        };
        bag.interceptor_state().store_put(requested);
    }

    /// Opens the subsegment, unless another interceptor did, or the request is only signed.
    pub(super) fn begin(bag: &mut ConfigBag) {
        if !Downstream::can_open() {
            return;
        }
        let is_presigning = bag.load::<DisableInterceptor<InvocationIdInterceptor>>().is_some();
        if bag.load::<Self>().is_some() || is_presigning {
            return;
        }
        let Some(metadata) = bag.load::<Metadata>() else { return };
        let (service, operation) = (metadata.service(), metadata.name());
        if parameters::is_of_tracing(service, operation) {
            return;
        }
        let Some(downstream) = Downstream::open(service, Namespace::Aws) else { return };
        downstream.put_aws("operation", operation);
        if let Some(region) = bag.load::<Region>() {
            downstream.put_aws("region", region.as_ref());
        }
        let parameters = Parameters::of(service, operation);
        bag.interceptor_state().store_put(Self { downstream: Mutex::new(Some(downstream)), parameters });
    }

    /// The header to send: it names the call's subsegment, or is passed on as it came where nothing is recorded.
    pub(super) fn trace_header(bag: &ConfigBag) -> Option<String> {
        match bag.load::<Self>() {
            Some(call) => call.lock().as_ref()?.trace_header(),
            // A presigned request is somebody else's to send.
            None if bag.load::<DisableInterceptor<InvocationIdInterceptor>>().is_some() => None,
            None => Downstream::header_to_pass_on(),
        }
    }

    /// Records which resource is called.
    pub(super) fn put_request(&self, request: &HttpRequest, bag: &ConfigBag) {
        let downstream = self.lock();
        let Some(downstream) = downstream.as_ref() else { return };
        let captured = bag.load::<CapturedTelemetryAttributes>();
        for parameter in self.parameters.request {
            let found = match parameter {
                Parameter::Input(name, key) => {
                    captured.and_then(|captured| captured.get(name)).zip(Some(key))
                }
                Parameter::Header(name, key) => request.headers().get(*name).zip(Some(key)),
                Parameter::Member(..) | Parameter::Keys(..) | Parameter::Count(..) => None,
            };
            if let Some((text, key)) = found {
                downstream.put_aws(key, text);
            }
        }
        let body = request.body().bytes().filter(|_| is_json(request.headers().get("content-type")));
        put_members(downstream, self.parameters.request, body);
    }

    /// Records how the operation ended and closes the subsegment; the second interceptor of an operation finds it closed.
    pub(super) fn end(&self, context: &FinalizerInterceptorContextRef<'_>, bag: &ConfigBag) {
        let Some(downstream) = self.lock().take() else { return };
        if let Some(attempts) = bag.load::<RequestAttempts>() {
            downstream.put_aws_value("retries", &attempts.attempts().saturating_sub(1));
        }
        match context.output_or_error() {
            Some(Err(error)) => put_failure(&downstream, context.response(), error),
            Some(Ok(_)) => put_answer(&downstream, context.response(), self.parameters.response),
            None => {}
        }
        downstream.close();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Downstream>> {
        self.downstream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put_answer(downstream: &Downstream, response: Option<&HttpResponse>, parameters: &[Parameter]) {
    let Some(response) = response else { return };
    let head = Head::of(response);
    head.put_ids(downstream);
    downstream.put_http_response(response.status().as_u16(), head.content_length);
    for parameter in parameters {
        if let Parameter::Header(name, key) = parameter
            && let Some(text) = response.headers().get(*name)
        {
            downstream.put_aws(key, text);
        }
    }
    put_members(downstream, parameters, response.body().bytes().filter(|_| head.is_json));
}

fn put_failure(downstream: &Downstream, response: Option<&HttpResponse>, error: &OrchestratorError<Error>) {
    if let Some(response) = response {
        let head = Head::of(response);
        head.put_ids(downstream);
        // Not the flag of the status: the error decides.
        downstream.put_http_status(response.status().as_u16(), head.content_length);
    }
    match (response, error.as_operation_error()) {
        (Some(response), Some(error)) => put_failed_answer(downstream, response, error),
        // No answer that could be read: a time-out, no connection, or nothing was sent at all.
        _ => downstream.fail(ErrorFlag::Fault, inner(error)),
    }
}

/// The service answered, and the answer is an error, also with a status of success (S3).
fn put_failed_answer(downstream: &Downstream, response: &HttpResponse, error: &Error) {
    let answer = ServiceError::of(response);
    let flag = answer.flag(response.status().as_u16());
    match &answer.code {
        Some(code) => downstream.fail_by_answer(flag, code, &answer.message),
        None => downstream.fail(flag, inner(error)),
    }
}

/// What the SDK's own wrapper, which says little, has inside.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    error.source().unwrap_or(error)
}

/// What the headers of a response say, read in one go.
#[derive(Default)]
struct Head<'a> {
    request_id: Option<&'a str>,
    id_2: Option<&'a str>,
    content_length: Option<u64>,
    is_json: bool,
}

impl<'a> Head<'a> {
    fn of(response: &'a HttpResponse) -> Self {
        let mut head = Self::default();
        for (name, value) in response.headers() {
            match name {
                "x-amzn-requestid" | "x-amz-request-id" => head.request_id = Some(value),
                "x-amz-id-2" => head.id_2 = Some(value),
                "content-length" => head.content_length = value.parse().ok(),
                "content-type" => head.is_json = is_json(Some(value)),
                _ => {}
            }
        }
        head
    }

    fn put_ids(&self, downstream: &Downstream) {
        if let Some(id) = self.request_id {
            downstream.put_aws("request_id", id);
        }
        if let Some(id) = self.id_2 {
            downstream.put_aws("id_2", id);
        }
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|text| text.starts_with("application/x-amz-json"))
}

fn put_members(downstream: &Downstream, parameters: &[Parameter], body: Option<&[u8]>) {
    if let Some(body) = body {
        members::read(body, parameters, |key, value| downstream.put_aws_value(key, &value));
    }
}
