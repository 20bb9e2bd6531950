//! Receives messages, invokes the function with them, and deletes those that it is done with.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchOutput;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry as Visibility,
    DeleteMessageBatchRequestEntry as Deletion, Message, MessageSystemAttributeName,
};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::event::Queue;
use super::mapping::{Batch, Finished};
use super::reason::reason;
use super::{batch_response, batch_tracing};
use crate::local_lambda::function::Core;
use crate::local_lambda::invocation::Invocation;

/// What SQS gives, deletes and changes at once.
const AT_ONCE: usize = 10;
/// As long as SQS keeps a receiver waiting.
pub(super) const LONGEST_POLL: Duration = Duration::from_secs(20);
/// As long as the records of an event may be, whose other few bytes make it the 6 MB that Lambda takes.
const LARGEST_RECORDS: usize = (6 << 20) - 100;
/// How often SQS is asked to delete what is done.
const DELETIONS: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) batch_size: usize,
    pub(super) batch_window: Duration,
    pub(super) max_concurrency: usize,
    pub(super) reports_failures: bool,
    pub(super) retry_after: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let batch_window = Duration::ZERO;
        Self { batch_size: 10, batch_window, max_concurrency: 5, reports_failures: false, retry_after: None }
    }
}

/// The polling of one queue for one function.
#[derive(Debug)]
pub(super) struct Poller {
    work: Arc<Work>,
    /// Received, and too large for the batch before.
    carried: VecDeque<Message>,
    /// Its sender is gone when nothing more is to be polled.
    wanted: watch::Receiver<()>,
}

/// What is done with a batch, wherever it is.
#[derive(Debug)]
struct Work {
    client: Client,
    queue: Queue,
    settings: Settings,
    core: Arc<Core>,
    finished: Arc<Finished>,
}

impl Poller {
    pub(super) fn new(
        client: Client,
        queue: Queue,
        settings: Settings,
        core: Arc<Core>,
        finished: Arc<Finished>,
        wanted: watch::Receiver<()>,
    ) -> Self {
        let work = Arc::new(Work { client, queue, settings, core, finished });
        Self { work, carried: VecDeque::new(), wanted }
    }

    /// Polls for as long as it is wanted. Batches are tasks of their own, and are finished in any case.
    pub(super) async fn run(mut self) {
        let slots = Arc::new(Semaphore::new(self.work.most_batches()));
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            let messages = if self.is_wanted() { self.gather().await } else { Vec::new() };
            if !self.is_wanted() {
                return self.give_back(messages).await;
            }
            let work = Arc::clone(&self.work);
            tokio::spawn(async move {
                work.process(messages).await;
                drop(slot);
            });
        }
    }

    fn is_wanted(&self) -> bool {
        self.wanted.has_changed().is_ok()
    }

    /// What was received and will not be worked on is for others, at once.
    async fn give_back(self, mut messages: Vec<Message>) {
        messages.extend(self.carried);
        if let Err(error) = self.work.make_visible(&messages, Duration::ZERO).await {
            self.work.finished.set_trouble(Some(error));
        }
    }

    /// Waits for a first message, and then for more until the batch is full or its window over; less when no more is
    /// wanted.
    async fn gather(&mut self) -> Vec<Message> {
        let Settings { batch_size, batch_window, .. } = self.work.settings;
        let (mut batch, mut size, mut end) = (Vec::new(), 0, None);
        loop {
            while let Some(message) = self.carried.pop_front() {
                let with_it = size + self.work.queue.size(&message);
                if !batch.is_empty() && (batch.len() == batch_size || with_it > LARGEST_RECORDS) {
                    self.carried.push_front(message);
                    return batch;
                }
                size = with_it;
                batch.push(message);
            }
            let left = match (batch.is_empty(), end) {
                (true, _) => LONGEST_POLL,
                (false, None) => {
                    end = Some(Instant::now() + batch_window);
                    batch_window
                }
                (false, Some(end)) => end.saturating_duration_since(Instant::now()),
            };
            let is_full = batch.len() == batch_size;
            if !self.is_wanted() || (!batch.is_empty() && (left.is_zero() || is_full)) {
                return batch;
            }
            self.receive(batch_size - batch.len(), left).await;
        }
    }

    /// Receives at most so many messages; when there are none, after about the time.
    async fn receive(&mut self, most: usize, wait: Duration) {
        let Work { client, queue, finished, .. } = &*self.work;
        let most = i32::try_from(most.min(AT_ONCE)).unwrap_or(1);
        let seconds = i32::try_from(wait.min(LONGEST_POLL).as_secs()).unwrap_or(0);
        let receive = client.receive_message().queue_url(&queue.url).max_number_of_messages(most);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        // Never broken off: what SQS had handed over would be invisible and with nobody.
        let received = receive.message_attribute_names("All").wait_time_seconds(seconds).send().await;
        match received {
            Ok(received) => {
                finished.set_trouble(None);
                let messages = received.messages.unwrap_or_default();
                if messages.is_empty() && seconds == 0 {
                    tokio::time::sleep(wait.min(Duration::from_millis(100))).await;
                }
                self.carried.extend(messages);
            }
            Err(error) => {
                finished.set_trouble(Some(reason(&error)));
                // It may come back; asking all the time does not help it.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

impl Work {
    /// Invokes the function with the messages, and deletes those that did not fail.
    async fn process(&self, messages: Vec<Message>) {
        let invocation = Invocation::json(self.queue.event(&messages));
        let invocation = batch_tracing::trace(invocation, &messages);
        let id = |message: &Message| message.message_id().unwrap_or_default().to_owned();
        let message_ids: Vec<_> = messages.iter().map(id).collect();
        let Ok(result) = Arc::clone(&self.core).answer_queued(invocation).await else {
            // The local Lambda is gone; what it has not done becomes visible again.
            return;
        };
        let mut failed_ids = batch_response::failed(&result, &message_ids, self.settings.reports_failures);
        let (failed, done): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| failed_ids.contains(&id(message)));
        let undeleted = self.settle(done, &failed).await;
        failed_ids.extend(undeleted.iter().map(id));
        self.finished.add(Batch { message_ids, failed_ids, result });
    }

    /// As many as the function has room for: what waits for an environment may become visible again, and be worked on twice.
    fn most_batches(&self) -> usize {
        let function = &self.core.settings;
        let room = function.max_environments.saturating_mul(function.environment.capacity);
        self.settings.max_concurrency.min(room).min(Semaphore::MAX_PERMITS)
    }

    /// Deletes what is done; what failed becomes visible again by itself, or when the settings say. Returns what SQS did not
    /// delete, which comes again too.
    async fn settle(&self, done: Vec<Message>, failed: &[Message]) -> Vec<Message> {
        let mut left = done;
        for _ in 0..DELETIONS {
            left = self.delete(left).await;
        }
        if let Some(delay) = self.settings.retry_after
            && let Err(error) = self.make_visible(failed, delay).await
        {
            self.finished.set_trouble(Some(error));
        }
        left
    }

    /// Returns what was not deleted.
    async fn delete(&self, messages: Vec<Message>) -> Vec<Message> {
        let mut left = Vec::new();
        for messages in messages.chunks(AT_ONCE) {
            match self.delete_at_once(messages).await {
                Ok(deleted) => left.extend(undeleted(messages, &deleted)),
                Err(error) => {
                    self.finished.set_trouble(Some(error));
                    left.extend_from_slice(messages);
                }
            }
        }
        left
    }

    async fn delete_at_once(&self, messages: &[Message]) -> Result<DeleteMessageBatchOutput, String> {
        let entries: Result<Vec<_>, _> = messages.iter().enumerate().map(deletion).collect();
        let delete = self.client.delete_message_batch().queue_url(&self.queue.url);
        let delete = delete.set_entries(Some(entries.map_err(|error| reason(&error))?));
        delete.send().await.map_err(|error| reason(&error))
    }

    async fn make_visible(&self, messages: &[Message], delay: Duration) -> Result<(), String> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        for messages in messages.chunks(AT_ONCE) {
            let entries = messages.iter().enumerate().map(|numbered| visibility(numbered, seconds));
            let entries: Result<Vec<_>, _> = entries.collect();
            let change = self.client.change_message_visibility_batch().queue_url(&self.queue.url);
            let change = change.set_entries(Some(entries.map_err(|error| reason(&error))?));
            change.send().await.map_err(|error| reason(&error))?;
        }
        Ok(())
    }
}

/// A call that succeeds may name messages that were not deleted.
fn undeleted(messages: &[Message], answer: &DeleteMessageBatchOutput) -> Vec<Message> {
    let number = |failed: &BatchResultErrorEntry| failed.id.parse::<usize>().ok();
    let left = answer.failed.iter().filter_map(number);
    left.filter_map(|number| messages.get(number).cloned()).collect()
}

fn deletion((number, message): (usize, &Message)) -> Result<Deletion, BuildError> {
    Deletion::builder().id(number.to_string()).set_receipt_handle(message.receipt_handle.clone()).build()
}

fn visibility((number, message): (usize, &Message), seconds: i32) -> Result<Visibility, BuildError> {
    let entry = Visibility::builder().id(number.to_string()).visibility_timeout(seconds);
    entry.set_receipt_handle(message.receipt_handle.clone()).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_an_answer_names_as_failed_are_not_deleted() {
        let messages = ["a", "b", "c"].map(|id| Message::builder().message_id(id).build());
        let failed = |id: &str| {
            BatchResultErrorEntry::builder().id(id).code("InternalError").sender_fault(false).build().unwrap()
        };
        let answer = DeleteMessageBatchOutput::builder()
            .set_successful(Some(Vec::new()))
            .failed(failed("1"))
            .failed(failed("9"))
            .build()
            .unwrap();
        assert_eq!(undeleted(&messages, &answer), [messages[1].clone()]);
    }
}
