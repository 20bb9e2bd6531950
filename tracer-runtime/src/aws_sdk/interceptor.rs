//! The interceptor: what of an operation is recorded when.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use http::HeaderName;

use super::call::Call;
use super::{message_header, parameters};

/// Traces the operations of a client of the AWS SDK: one for all clients, as what belongs to a call is kept with the call.
///
/// [`traced_client!`](crate::traced_client) puts it into a client; so does `interceptor` of a service's config builder:
///
/// ```
/// use tracer_runtime::aws_sdk::TracerInterceptor;
///
/// # let config = aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
/// let config = aws_sdk_sqs::config::Builder::from(&config).interceptor(TracerInterceptor::new()).build();
/// let sqs = aws_sdk_sqs::Client::from_conf(config);
/// ```
#[derive(Debug, Clone)]
pub struct TracerInterceptor {
    sets_message_headers: bool,
    /// Whether the SDK is asked for what the input says.
    reads_input: bool,
}

impl Default for TracerInterceptor {
    fn default() -> Self {
        Self { sets_message_headers: false, reads_input: true }
    }
}

impl TracerInterceptor {
    /// An interceptor that records each operation and sends the trace header with each attempt.
    ///
    /// ```
    /// let interceptor = tracer_runtime::aws_sdk::TracerInterceptor::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the trace header is also written into what is sent, unless the message has one: `AWSTraceHeader` of SQS
    /// messages, `TraceHeader` of EventBridge entries, `traceHeader` of Step Functions executions.
    ///
    /// AWS itself takes the HTTP header over, so there it is not needed; emulators do not.
    ///
    /// ```
    /// let interceptor = tracer_runtime::aws_sdk::TracerInterceptor::new().message_headers(true);
    /// ```
    #[must_use]
    pub fn message_headers(self, set: bool) -> Self {
        Self { sets_message_headers: set, ..self }
    }

    /// An interceptor for the clients of one crate of the SDK.
    #[doc(hidden)]
    #[must_use]
    pub fn __of_crate(name: &str) -> Self {
        Self { reads_input: parameters::are_of_input(name), ..Self::default() }
    }
}

#[dyn_dispatch_hint]
impl Intercept for TracerInterceptor {
    fn name(&self) -> &'static str {
        "TracerInterceptor"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.reads_input {
            Call::ask_for_input(bag);
        }
        Ok(())
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Call::begin(bag);
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(header) = Call::put_request(context.request(), bag) {
            if self.sets_message_headers {
                message_header::set(&header, context.request_mut(), bag);
            }
            // For all attempts, and before the SDK looks for one in the environment, which it does unless there is one. What is no
            // header's value was refused when it was read.
            let name = HeaderName::from_static("x-amzn-trace-id");
            let _ = context.request_mut().headers_mut().try_insert(name, header);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = bag.load::<Call>() {
            call.end(context, bag);
        }
        Ok(())
    }
}
