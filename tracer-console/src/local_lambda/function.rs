//! A function: its environments, and the life of an invocation.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::api_gateway::ApiResponse;
use super::call::{Call, Running};
use super::environment::{Environment, EnvironmentSettings};
use super::environments::{Environments, NoEnvironment};
#[cfg(feature = "sqs")]
use super::event_source::EventSourceBuilder;
use super::function_builder::Identity;
use super::invocation::{Event, Invocation};
use super::lambda::{LambdaError, Shared};
use super::pending::{PendingEvent, PendingInvocation};
use super::result::{FunctionError, InvocationResult, InvokeError};
use super::runtime_board::Delivery;
use super::segments::Attempt;
use crate::timestamp::Timestamp;
use crate::trace_id::EntityId;

#[derive(Debug)]
pub(super) struct FunctionSettings {
    pub(super) identity: Identity,
    pub(super) timeout: Duration,
    pub(super) environment: EnvironmentSettings,
    pub(super) max_environments: usize,
    pub(super) provisioned: usize,
    pub(super) retry_delays: Vec<Duration>,
}

/// A function of a local Lambda; clones are the same function.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// assert!(function.invoke(serde_json::json!({}))?.error().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Function {
    pub(super) core: Arc<Core>,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) settings: Arc<FunctionSettings>,
    pub(super) lambda: Arc<Shared>,
    environments: Environments,
}

impl Function {
    pub(super) fn start(lambda: Arc<Shared>, settings: FunctionSettings) -> Result<Self, LambdaError> {
        let settings = Arc::new(settings);
        let environments = Environments::new(Arc::clone(&settings), Arc::clone(&lambda));
        let function = Self { core: Arc::new(Core { settings, lambda, environments }) };
        function.core.lambda.add(&function)?;
        if let Err(error) = function.core.environments.provision() {
            function.core.lambda.remove(function.name());
            function.core.shut_down();
            return Err(error);
        }
        Ok(function)
    }

    /// The function's name.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// assert_eq!(function.name(), "orders");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.settings.identity.name
    }

    /// The function's ARN.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// assert!(function.arn().ends_with(":function:orders"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn arn(&self) -> String {
        self.core.settings.identity.arn()
    }

    /// Invokes the function and waits for its answer. A function that fails is no error here: see
    /// [`InvocationResult::error`].
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.invoke(serde_json::json!({"order_id": "ORD-1"}))?;
    /// println!("{}", String::from_utf8_lossy(result.payload()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvokeError`] when the function was not reached.
    pub fn invoke(&self, invocation: impl Into<Invocation>) -> Result<InvocationResult, InvokeError> {
        self.begin(invocation).wait()
    }

    /// Begins an invocation without waiting: several overlap.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let pending = [1, 2].map(|order| function.begin(serde_json::json!({"order_id": order})));
    /// for invocation in pending {
    ///     println!("{:?}", invocation.wait()?.duration());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin(&self, invocation: impl Into<Invocation>) -> PendingInvocation {
        let (sender, receiver) = oneshot::channel();
        let (core, invocation) = (Arc::clone(&self.core), invocation.into());
        self.core.lambda.handle.spawn(async move { core.answer(invocation, sender).await });
        PendingInvocation(receiver, self.name().to_owned())
    }

    /// Invokes the function asynchronously (invocation type `Event`): it is queued, and retried when it fails.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let attempts = function.begin_event(serde_json::json!({})).wait()?;
    /// println!("{} attempts", attempts.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_event(&self, invocation: impl Into<Invocation>) -> PendingEvent {
        let (sender, receiver) = oneshot::channel();
        let (core, invocation) = (Arc::clone(&self.core), invocation.into());
        self.core.lambda.handle.spawn(async move {
            let _ = sender.send(core.process_event(invocation).await);
        });
        PendingEvent(receiver, self.name().to_owned())
    }

    /// Ends all environments: the next invocation is a cold start. Invocations on their way fail.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// function.recycle();
    /// assert!(function.invoke(serde_json::json!({}))?.cold_start());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recycle(&self) {
        self.core.shut_down();
    }

    /// The latest 256 KiB that the function wrote to its standard output and error. Untrusted text.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// print!("{}", function.log().escape_debug());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn log(&self) -> String {
        self.core.environments.log().text()
    }

    /// An event source mapping to be set up: the messages of an SQS queue invoke the function.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "sqs")]
    pub fn event_source(&self, queue_url: impl Into<String>) -> EventSourceBuilder {
        EventSourceBuilder::new(Arc::clone(&self.core), queue_url.into())
    }

    pub(super) fn log_tail(&self) -> Vec<u8> {
        self.core.environments.log().tail(4 << 10)
    }
}

impl Core {
    /// A synchronous invocation: the caller has its answer before the environment is at rest, the segments come after.
    async fn answer(
        &self,
        invocation: Invocation,
        caller: oneshot::Sender<Result<InvocationResult, InvokeError>>,
    ) {
        let call = Call::new(invocation, self.settings.timeout);
        match self.attempt(&call).await {
            Ok(running) => {
                let api = running.result.api.clone();
                let _ = caller.send(Ok(running.result.clone()));
                let attempt = running.rest().await;
                self.emit(&call, Some(&attempt), api.as_ref());
            }
            Err(error) => {
                // Before the caller knows, so that a test that looks at once finds it.
                self.emit(&call, None, Some(&throttled()));
                let _ = caller.send(Err(error));
            }
        }
    }

    /// Sends Lambda's and API Gateway's segments of a synchronous invocation; `None` for one that was throttled.
    fn emit(&self, call: &Call, attempt: Option<&Attempt>, response: Option<&ApiResponse>) {
        let Some(record) = call.record(&self.settings.identity) else {
            return;
        };
        let emitter = &self.lambda.emitter;
        let answered = attempt.map_or_else(Timestamp::now, |attempt| attempt.answered);
        if let (Some(stage), Event::Api(request), Some(response)) = (&call.stage, &call.event, response) {
            let times = (call.received, answered);
            let trace = (record.trace, call.context.parent);
            emitter.send(&stage.segment(request, &self.settings.identity, trace, times, response));
        }
        emitter.send(&record.service(answered, if attempt.is_some() { 200 } else { 429 }));
        if let Some(attempt) = attempt {
            emitter.send(&record.function(record.service_segment, attempt));
        }
    }

    async fn process_event(&self, invocation: Invocation) -> Result<Vec<InvocationResult>, InvokeError> {
        let call = Call::new(invocation, self.settings.timeout);
        let record = call.record(&self.settings.identity);
        let (mut attempts, mut results) = (Vec::new(), Vec::new());
        let mut delays = self.settings.retry_delays.iter();
        loop {
            let running = self.attempt_when_free(&call).await?;
            results.push(running.result.clone());
            let attempt = running.rest().await;
            let subsegment = EntityId::generate();
            if let Some(record) = &record {
                self.lambda.emitter.send(&record.function(subsegment, &attempt));
            }
            let failed = attempt.error.is_some();
            attempts.push((subsegment, attempt));
            match delays.next().filter(|_| failed) {
                Some(delay) => tokio::time::sleep(*delay).await,
                None => break,
            }
        }
        if let Some(record) = &record {
            self.lambda.emitter.send(&record.queued_service(&attempts));
        }
        Ok(results)
    }

    /// A synchronous invocation by what polls a queue: it waits for an environment, and the segments come after.
    #[cfg(feature = "sqs")]
    pub(super) async fn answer_queued(
        self: Arc<Self>,
        invocation: Invocation,
    ) -> Result<InvocationResult, InvokeError> {
        let call = Call::new(invocation, self.settings.timeout);
        let running = self.attempt_when_free(&call).await?;
        let result = running.result.clone();
        tokio::spawn(async move {
            let attempt = running.rest().await;
            self.emit(&call, Some(&attempt), None);
        });
        Ok(result)
    }

    /// Lambda keeps what is queued until an environment is free.
    async fn attempt_when_free(&self, call: &Call) -> Result<Running, InvokeError> {
        loop {
            match self.attempt(call).await {
                Err(InvokeError::Throttled { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
                done => return done,
            }
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Running, InvokeError> {
        let taken = Timestamp::now();
        loop {
            let environment = match self.environments.choose() {
                Ok(environment) => environment,
                Err(NoEnvironment::Refused(error)) => return Err(error),
                Err(NoEnvironment::Failed(error)) => return Ok(self.never_started(call, taken, error)),
            };
            let slot = environment.turn().await;
            if environment.is_alive() || environment.ready().is_none() {
                let running = self.work(call, taken, &environment, slot).await;
                environment.release();
                return Ok(running);
            }
            // It ended after it had answered somebody else: this invocation has another.
            environment.release();
        }
    }

    async fn work(
        &self,
        call: &Call,
        taken: Timestamp,
        environment: &Arc<Environment>,
        slot: OwnedSemaphorePermit,
    ) -> Running {
        let function_segment = EntityId::generate();
        let was_ready = environment.ready().is_some_and(|ready| ready <= taken);
        let initialised = environment.initialised(call.timeout).await;
        let is_first = environment.begin_use();
        let delivered = Timestamp::now();
        let header = call.context.header(function_segment);
        let answered = match initialised {
            Ok(()) => {
                let delivery = Delivery {
                    request_id: call.request_id.clone(),
                    deadline: delivered + call.timeout,
                    function_arn: self.settings.identity.arn(),
                    trace_header: header.clone(),
                    client_context: call.client_context.clone(),
                    payload: call.payload.clone(),
                };
                environment.work(delivery, call.timeout).await
            }
            Err(error) => super::runtime_board::Answered::failed(error, delivered),
        };
        let error = answered.outcome.as_ref().err().cloned();
        let ready = environment.ready().unwrap_or(delivered);
        let attempt = Attempt {
            function_segment,
            taken,
            init: is_first.then_some((environment.started, ready)),
            cold_start: is_first && !was_ready,
            delivered,
            answering: answered.began,
            answered: answered.ended,
            rested: answered.ended,
            error,
        };
        let place = (environment.number, environment.process_id());
        let result = Self::result(call, header, &attempt, answered.outcome, answered.is_streamed, place);
        Running { attempt, result, environment: Some((Arc::clone(environment), slot)), timeout: call.timeout }
    }

    fn result(
        call: &Call,
        trace_header: Option<String>,
        attempt: &Attempt,
        outcome: Result<Bytes, FunctionError>,
        is_streamed: bool,
        (environment, process_id): (u64, u32),
    ) -> InvocationResult {
        let micros = attempt.answered.micros_since(attempt.delivered).max(0).unsigned_abs();
        let took = Duration::from_micros(attempt.answered.micros_since(call.received).max(0).unsigned_abs());
        let api = match &call.event {
            Event::Api(request) => Some(ApiResponse::read(request, outcome.as_deref(), is_streamed, took)),
            Event::Payload(_) => None,
        };
        InvocationResult {
            request_id: call.request_id.clone(),
            trace_id: call.context.root,
            trace_header,
            payload: outcome.unwrap_or_default().to_vec(),
            error: attempt.error.clone(),
            api,
            cold_start: attempt.cold_start,
            is_streamed,
            duration: Duration::from_micros(micros),
            environment,
            process_id,
        }
    }

    /// The binary was there when the function was made and cannot be run now.
    fn never_started(&self, call: &Call, taken: Timestamp, error: FunctionError) -> Running {
        let now = Timestamp::now();
        let attempt = Attempt {
            function_segment: EntityId::generate(),
            taken,
            init: None,
            cold_start: true,
            delivered: taken,
            answering: now,
            answered: now,
            rested: now,
            error: Some(error.clone()),
        };
        let result = Self::result(call, None, &attempt, Err(error), false, (0, 0));
        Running { attempt, result, environment: None, timeout: self.settings.timeout }
    }

    pub(super) fn shut_down(&self) {
        self.environments.shut_down();
    }
}

/// What API Gateway answers when Lambda throttles.
fn throttled() -> ApiResponse {
    ApiResponse::message(500, "Internal server error")
}
