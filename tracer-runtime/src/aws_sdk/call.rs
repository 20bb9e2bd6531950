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
use super::members::{self, Found};
use super::parameters::{self, Parameter, Parameters};
use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;
use crate::recording::downstream::Downstream;
use crate::recording::fields::Fields;

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
        if bag.load::<Self>().is_some() || is_presigning(bag) {
            return;
        }
        let Some(metadata) = bag.load::<Metadata>() else { return };
        let (service, operation) = (metadata.service(), metadata.name());
        if parameters::is_of_tracing(service, operation) {
            return;
        }
        let region = bag.load::<Region>();
        let downstream = Downstream::open_with(service, Namespace::Aws, |fields| {
            fields.put_aws("operation", operation);
            if let Some(region) = region {
                fields.put_aws("region", region.as_ref());
            }
        });
        let Some(downstream) = downstream else { return };
        let parameters = Parameters::of(service, operation);
        bag.interceptor_state().store_put(Self { downstream: Mutex::new(Some(downstream)), parameters });
    }

    /// Records which resource is called, and returns the header to send: it names the call's subsegment, or is passed on as it
    /// came where nothing is recorded.
    pub(super) fn put_request(request: &HttpRequest, bag: &ConfigBag) -> Option<String> {
        let Some(call) = bag.load::<Self>() else {
            return if is_presigning(bag) { None } else { Downstream::header_to_pass_on() };
        };
        let downstream = call.lock();
        let downstream = downstream.as_ref()?;
        put_input(downstream, call.parameters.request, request, bag);
        downstream.trace_header()
    }

    /// Records how the operation ended and closes the subsegment; the second interceptor of an operation finds it closed.
    pub(super) fn end(&self, context: &FinalizerInterceptorContextRef<'_>, bag: &ConfigBag) {
        let Some(downstream) = self.lock().take() else { return };
        let response = context.response();
        let answer = response.map(|response| (response, Head::of(response)));
        let has_succeeded = matches!(context.output_or_error(), Some(Ok(_)));
        if let Some((response, head)) = answer.as_ref().filter(|_| has_succeeded) {
            put_output(&downstream, response, head, self.parameters.response);
        }
        let attempts = bag.load::<RequestAttempts>().map(RequestAttempts::attempts);
        downstream.put_fields(|fields| {
            if let Some(attempts) = attempts {
                fields.put_aws_number("retries", attempts.saturating_sub(1).into());
            }
            if let Some((_, head)) = &answer {
                head.put(fields);
            }
        });
        if let Some(Err(error)) = context.output_or_error() {
            put_failure(&downstream, response, error);
        }
        downstream.close();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Downstream>> {
        self.downstream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A presigned request is somebody else's to send.
fn is_presigning(bag: &ConfigBag) -> bool {
    bag.load::<DisableInterceptor<InvocationIdInterceptor>>().is_some()
}

fn put_input(downstream: &Downstream, parameters: &[Parameter], request: &HttpRequest, bag: &ConfigBag) {
    let captured = bag.load::<CapturedTelemetryAttributes>();
    for parameter in parameters {
        let found = match parameter {
            Parameter::Input(name, key) => captured.and_then(|captured| captured.get(name)).zip(Some(key)),
            Parameter::Header(name, key) => request.headers().get(*name).zip(Some(key)),
            Parameter::Member(..) | Parameter::Keys(..) | Parameter::Count(..) => None,
        };
        if let Some((text, key)) = found {
            downstream.put_aws(key, text);
        }
    }
    let body = request.body().bytes().filter(|_| is_json(request.headers().get("content-type")));
    put_members(downstream, parameters, body);
}

fn put_output(downstream: &Downstream, response: &HttpResponse, head: &Head<'_>, parameters: &[Parameter]) {
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
    match (response, error.as_operation_error()) {
        (Some(response), Some(error)) => put_failed_answer(downstream, response, inner(error)),
        // No answer that could be read: a time-out, no connection, or nothing was sent at all.
        _ => downstream.fail(ErrorFlag::Fault, inner(error)),
    }
}

/// The service answered, and the answer is an error, also with a status of success (S3).
fn put_failed_answer(downstream: &Downstream, response: &HttpResponse, error: &(dyn StdError + 'static)) {
    let answer = ServiceError::of(response, error);
    match (answer.flag(response.status().as_u16()), &answer.code) {
        (ErrorFlag::Ignore, _) => {}
        (flag, Some(code)) => downstream.fail_by_answer(flag, code, &answer.message),
        (flag, None) => downstream.fail(flag, error),
    }
}

/// What the SDK's own wrapper, which says little, has inside.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    error.source().unwrap_or(error)
}

/// The status of a response and what its headers say, read in one go.
#[derive(Default)]
struct Head<'a> {
    status: u16,
    request_id: Option<&'a str>,
    id_2: Option<&'a str>,
    content_length: Option<u64>,
    is_json: bool,
}

impl<'a> Head<'a> {
    fn of(response: &'a HttpResponse) -> Self {
        let mut head = Self { status: response.status().as_u16(), ..Self::default() };
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

    /// No flag of the status: whether the call failed is for the SDK to say.
    fn put(&self, fields: &mut Fields<'_>) {
        if let Some(id) = self.request_id {
            fields.put_aws("request_id", id);
        }
        if let Some(id) = self.id_2 {
            fields.put_aws("id_2", id);
        }
        fields.put_http_status(self.status, self.content_length);
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|text| text.starts_with("application/x-amz-json"))
}

fn put_members(downstream: &Downstream, parameters: &[Parameter], body: Option<&[u8]>) {
    if let Some(body) = body {
        members::read(body, parameters, |key, found| match found {
            Found::Text(text) => downstream.put_aws(key, text),
            Found::Other(value) => downstream.put_aws_value(key, &value),
        });
    }
}
