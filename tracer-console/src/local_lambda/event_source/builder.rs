//! What an event source mapping is, before it starts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use tokio::sync::{oneshot, watch};

use super::event::Queue;
use super::mapping::{EventSourceMapping, Finished};
use super::poller::{LONGEST_POLL, Poller, Settings};
use super::reason::reason;
use crate::local_lambda::function::Core;

/// How long a queue may take to say what it is.
const INTRODUCTION: Duration = Duration::from_secs(5);
/// How long messages may be gathered for a batch.
const LONGEST_WINDOW: Duration = Duration::from_secs(300);
/// As long as SQS keeps a message from being received.
const LONGEST_INVISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

/// An event source mapping could not start.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
/// let refused = function.event_source("https://sqs.us-east-1.amazonaws.com/123456789012/fulfillment").start();
/// assert!(refused.unwrap_err().to_string().contains("plain HTTP"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventSourceError {
    /// The endpoint is none that can be spoken to.
    #[error(
        "{endpoint:?} is no endpoint that is spoken to here: write http://HOST:PORT, plain HTTP, of an SQS on this machine"
    )]
    Endpoint {
        /// The endpoint, or the queue's URL where no endpoint was given.
        endpoint: String,
    },
    /// The batch size is none that Lambda takes.
    #[error(
        "a batch of {batch_size} messages: Lambda takes 1 to 10,000, and more than 10 only with a batch window of a second or more"
    )]
    BatchSize {
        /// The size as given.
        batch_size: usize,
    },
    /// The batch window is none that Lambda takes.
    #[error("a batch window of {window:?}: Lambda takes at most 5 minutes")]
    BatchWindow {
        /// The window as given.
        window: Duration,
    },
    /// The queue is a FIFO queue, and the batches are none that Lambda makes of those.
    #[error("{arn} is a FIFO queue: Lambda takes batches of at most 10 from it, and no batch window")]
    FifoBatch {
        /// The queue.
        arn: String,
    },
    /// Messages would become visible again while the function still works on them.
    #[error(
        "the queue's visibility timeout of {visibility_timeout:?} is shorter than the function's timeout of {timeout:?}, and Lambda \
         refuses that: make it at least as long, or better six times as long (set-queue-attributes, VisibilityTimeout)"
    )]
    VisibilityTimeout {
        /// The queue's.
        visibility_timeout: Duration,
        /// The function's.
        timeout: Duration,
    },
    /// SQS did not say what the queue is.
    #[error(
        "queue {queue_url:?} was not found: {reason}; create it first, and give the URL that SQS answered with"
    )]
    Queue {
        /// The URL as given.
        queue_url: String,
        /// What SQS said, or why it said nothing.
        reason: String,
    },
}

/// Sets an event source mapping up; made by [`Function::event_source`](crate::Function::event_source).
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
/// let queue = "http://127.0.0.1:4566/123456789012/fulfillment";
/// let mapping = function.event_source(queue).batch_size(5).report_batch_item_failures().start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a mapping is there once it is started"]
pub struct EventSourceBuilder {
    core: Arc<Core>,
    queue_url: String,
    endpoint: Option<String>,
    settings: Settings,
}

impl EventSourceBuilder {
    pub(in crate::local_lambda) fn new(core: Arc<Core>, queue_url: String) -> Self {
        Self { core, queue_url, endpoint: None, settings: Settings::default() }
    }

    /// Where SQS is, such as `http://127.0.0.1:4566`; the beginning of the queue's URL unless said otherwise.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// let queue = "http://sqs.us-east-1.localhost:4566/000000000000/fulfillment";
    /// let mapping = function.event_source(queue).endpoint("http://127.0.0.1:4566").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// How many messages a batch may have: 10 unless said otherwise. A batch whose event would exceed 6 MB is smaller.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").batch_size(1).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch_size(mut self, messages: usize) -> Self {
        self.settings.batch_size = messages;
        self
    }

    /// How long to gather messages for a batch from its first one on, up to 5 minutes; no time unless said otherwise.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let queue = "http://127.0.0.1:4566/123456789012/fulfillment";
    /// let mapping = function.event_source(queue).batch_window(std::time::Duration::from_secs(1)).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch_window(mut self, window: Duration) -> Self {
        self.settings.batch_window = window;
        self
    }

    /// How many batches the function may be invoked with at once: 5 unless said otherwise, and no more than its environments have
    /// room for.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").max_concurrency(1).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_concurrency(mut self, batches: usize) -> Self {
        self.settings.max_concurrency = batches.max(1);
        self
    }

    /// `ReportBatchItemFailures`: the function's answer names the messages that failed (`batchItemFailures`), and the
    /// others are deleted. Without it an answer, whatever it says, is a success of all.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let queue = "http://127.0.0.1:4566/123456789012/fulfillment";
    /// let mapping = function.event_source(queue).report_batch_item_failures().start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn report_batch_item_failures(mut self) -> Self {
        self.settings.reports_failures = true;
        self
    }

    /// When failed messages become visible again, in whole seconds up to 12 hours. Unless said otherwise, as on AWS, when the queue's
    /// visibility timeout is over.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let queue = "http://127.0.0.1:4566/123456789012/fulfillment";
    /// let mapping = function.event_source(queue).retry_after(std::time::Duration::ZERO).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.settings.retry_after = Some(delay.min(LONGEST_INVISIBILITY));
        self
    }

    /// Begins to poll.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EventSourceError`] when the queue is not there, the endpoint speaks no plain HTTP, or Lambda would refuse the batches or
    /// the queue's visibility timeout.
    pub fn start(self) -> Result<EventSourceMapping, EventSourceError> {
        let Settings { batch_size, batch_window, .. } = self.settings;
        if !(1..=10_000).contains(&batch_size) || (batch_size > 10 && batch_window < Duration::from_secs(1)) {
            return Err(EventSourceError::BatchSize { batch_size });
        }
        if batch_window > LONGEST_WINDOW {
            return Err(EventSourceError::BatchWindow { window: batch_window });
        }
        let client = self.client()?;
        let queue = self.queue(&client)?;
        let finished = Arc::<Finished>::default();
        let handle = self.core.lambda.handle.clone();
        let (wants, wanted) = watch::channel(());
        let poller = Poller::new(client, queue, self.settings, self.core, Arc::clone(&finished), wanted);
        handle.spawn(poller.run());
        Ok(EventSourceMapping::new(finished, wants))
    }

    fn client(&self) -> Result<Client, EventSourceError> {
        let given = self.endpoint.as_ref().unwrap_or(&self.queue_url);
        let endpoint = given.strip_prefix("http://").and_then(|rest| rest.split('/').next());
        let endpoint = endpoint.filter(|host| !host.is_empty());
        let endpoint = endpoint.ok_or_else(|| EventSourceError::Endpoint { endpoint: given.clone() })?;
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new(self.core.settings.identity.region.clone()))
            .credentials_provider(Credentials::new("local", "local", None, None, "tracer-console"))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(LONGEST_POLL * 2).build())
            .endpoint_url(format!("http://{endpoint}"));
        Ok(Client::from_conf(config.build()))
    }

    /// Asks SQS for what the events say of the queue, and whether Lambda would poll it so.
    fn queue(&self, client: &Client) -> Result<Queue, EventSourceError> {
        let not_found = |reason| EventSourceError::Queue { queue_url: self.queue_url.clone(), reason };
        let attributes = self.attributes(client).map_err(not_found)?;
        let arn = attributes.get(&QueueAttributeName::QueueArn).cloned();
        let arn = arn.ok_or_else(|| not_found("SQS did not tell its ARN".into()))?;
        let Settings { batch_size, batch_window, .. } = self.settings;
        if arn.ends_with(".fifo") && (batch_size > 10 || !batch_window.is_zero()) {
            return Err(EventSourceError::FifoBatch { arn });
        }
        let seconds = attributes.get(&QueueAttributeName::VisibilityTimeout);
        let visibility_timeout = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let timeout = self.core.settings.timeout;
        if let Some(visibility_timeout) = visibility_timeout.filter(|visible| *visible < timeout) {
            return Err(EventSourceError::VisibilityTimeout { visibility_timeout, timeout });
        }
        Ok(Queue { url: self.queue_url.clone(), arn })
    }

    /// What SQS says of the queue, or why it does not.
    fn attributes(&self, client: &Client) -> Result<HashMap<QueueAttributeName, String>, String> {
        let (sender, receiver) = oneshot::channel();
        let ask = client.get_queue_attributes().queue_url(&self.queue_url);
        let ask = ask
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::VisibilityTimeout);
        self.core.lambda.handle.spawn(async move {
            let _ = sender.send(tokio::time::timeout(INTRODUCTION, ask.send()).await);
        });
        let answered = pollster::block_on(receiver).map_err(|_| "the local Lambda was dropped")?;
        let answered = answered.map_err(|_| format!("no answer within {INTRODUCTION:?}"))?;
        Ok(answered.map_err(|error| reason(&error))?.attributes.unwrap_or_default())
    }
}
