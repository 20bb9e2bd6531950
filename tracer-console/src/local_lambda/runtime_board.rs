//! What is known about the runtime of one environment: the invocations that wait for it and those that it works on.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use super::result::FunctionError;
use crate::timestamp::Timestamp;

/// An invocation as the Runtime API hands it over.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) request_id: String,
    pub(super) deadline: Timestamp,
    pub(super) function_arn: String,
    pub(super) trace_header: Option<String>,
    pub(super) client_context: Option<String>,
    pub(super) payload: Bytes,
}

/// What a runtime answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) outcome: Result<Bytes, FunctionError>,
    pub(super) is_streamed: bool,
    /// When the first byte came.
    pub(super) began: Timestamp,
    /// When the last byte had come.
    pub(super) ended: Timestamp,
}

impl Answered {
    /// A failure before anything could be answered.
    pub(super) fn failed(error: FunctionError, began: Timestamp) -> Self {
        Self { outcome: Err(error), is_streamed: false, began, ended: Timestamp::now() }
    }
}

/// The state that the Runtime API's handlers and the invocations share; changes are watched.
#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    in_flight: HashMap<String, oneshot::Sender<Answered>>,
    polls: usize,
    most_polls: usize,
    ready: Option<Timestamp>,
    init_error: Option<FunctionError>,
    extensions: HashMap<String, Extension>,
}

#[derive(Debug, Default)]
struct Extension {
    wants_invocations: bool,
    is_polling: bool,
    events: VecDeque<Bytes>,
}

#[derive(Debug)]
pub(super) struct RuntimeBoard {
    state: watch::Sender<State>,
    capacity: usize,
}

impl State {
    /// How many invocations the runtime works on; saturating, for two invocations may have been given one request id.
    fn busy(&self) -> usize {
        self.in_flight.len().saturating_sub(self.waiting.len())
    }

    /// Whether every worker of the runtime that may be free has asked for the next invocation.
    fn is_idle(&self, capacity: usize) -> bool {
        let busy = self.busy();
        let runtime = self.polls + busy >= self.most_polls.clamp(1, capacity);
        let extension = |extension: &Extension| {
            !extension.wants_invocations || (extension.is_polling && extension.events.is_empty())
        };
        runtime && (busy > 0 || self.extensions.values().all(extension))
    }
}

impl RuntimeBoard {
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: watch::Sender::new(State::default()), capacity }
    }

    /// Hands an invocation to the runtime; the answer comes by the receiver, which fails when the runtime is gone.
    pub(super) fn deliver(&self, delivery: Delivery, event: &Bytes) -> oneshot::Receiver<Answered> {
        let (sender, receiver) = oneshot::channel();
        self.state.send_modify(|state| {
            state.in_flight.insert(delivery.request_id.clone(), sender);
            state.waiting.push_back(delivery);
            for extension in state.extensions.values_mut().filter(|extension| extension.wants_invocations) {
                extension.events.push_back(event.clone());
            }
        });
        receiver
    }

    /// Waits until the runtime has asked for its first invocation, or said why it cannot.
    pub(super) async fn initialised(&self) -> Result<Timestamp, FunctionError> {
        let mut changes = self.state.subscribe();
        let state = changes.wait_for(|state| state.ready.is_some() || state.init_error.is_some()).await;
        let state = state.expect("the board holds the sender");
        match (&state.init_error, state.ready) {
            (Some(error), _) => Err(error.clone()),
            (None, ready) => Ok(ready.unwrap_or_else(Timestamp::now)),
        }
    }

    pub(super) fn ready(&self) -> Option<Timestamp> {
        self.state.borrow().ready
    }

    pub(super) fn has_extensions(&self) -> bool {
        !self.state.borrow().extensions.is_empty()
    }

    pub(super) async fn idle(&self) {
        let mut changes = self.state.subscribe();
        let _ = changes.wait_for(|state| state.is_idle(self.capacity)).await;
    }

    /// The next invocation for the runtime; waits for one.
    pub(super) async fn next(&self) -> Delivery {
        let mut poll = Poll::begin(self);
        let mut changes = self.state.subscribe();
        loop {
            changes.mark_unchanged();
            let mut taken = None;
            self.state.send_if_modified(|state| {
                taken = state.waiting.pop_front();
                if taken.is_some() {
                    state.polls -= 1;
                }
                taken.is_some()
            });
            if let Some(delivery) = taken {
                poll.is_over = true;
                return delivery;
            }
            let _ = changes.changed().await;
        }
    }

    /// Takes a runtime's answer; `false` when no such invocation is being worked on. One that still waits is not: a
    /// second answer to an attempt must not become the answer to its retry, which has the same id.
    pub(super) fn answer(&self, request_id: &str, answered: Answered) -> bool {
        let mut receiver = None;
        self.state.send_if_modified(|state| {
            if !state.waiting.iter().any(|delivery| delivery.request_id == request_id) {
                receiver = state.in_flight.remove(request_id);
            }
            receiver.is_some()
        });
        receiver.is_some_and(|receiver| receiver.send(answered).is_ok())
    }

    pub(super) fn is_in_flight(&self, request_id: &str) -> bool {
        self.state.borrow().in_flight.contains_key(request_id)
    }

    pub(super) fn fail_init(&self, error: FunctionError) {
        self.state.send_modify(|state| state.init_error = Some(error));
    }

    pub(super) fn register_extension(&self, id: &str, wants_invocations: bool) {
        let extension = Extension { wants_invocations, ..Extension::default() };
        self.state.send_modify(|state| {
            state.extensions.insert(id.to_owned(), extension);
        });
    }

    /// The next event for an extension; waits for one. `None` when no such extension is registered.
    pub(super) async fn next_event(&self, id: &str) -> Option<Bytes> {
        let mut changes = self.state.subscribe();
        loop {
            changes.mark_unchanged();
            let mut taken = Some(None);
            self.state.send_if_modified(|state| {
                let Some(extension) = state.extensions.get_mut(id) else {
                    taken = None;
                    return false;
                };
                let was_polling = extension.is_polling;
                let event = extension.events.pop_front();
                extension.is_polling = event.is_none();
                let is_changed = extension.is_polling != was_polling;
                taken = Some(event);
                is_changed
            });
            if let Some(event) = taken? {
                return Some(event);
            }
            let _ = changes.changed().await;
        }
    }
}

/// A runtime that asks for an invocation, until it is given one or hangs up.
struct Poll<'a> {
    board: &'a RuntimeBoard,
    is_over: bool,
}

impl<'a> Poll<'a> {
    fn begin(board: &'a RuntimeBoard) -> Self {
        board.state.send_modify(|state| {
            state.ready.get_or_insert_with(Timestamp::now);
            state.polls += 1;
            let busy = state.busy();
            state.most_polls = state.most_polls.max(state.polls + busy);
        });
        Self { board, is_over: false }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.board.state.send_modify(|state| state.polls -= 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery {
            request_id: "one".into(),
            deadline: Timestamp::now(),
            function_arn: String::new(),
            trace_header: None,
            client_context: None,
            payload: Bytes::new(),
        }
    }

    fn answered() -> Answered {
        let now = Timestamp::now();
        Answered { outcome: Ok(Bytes::new()), is_streamed: false, began: now, ended: now }
    }

    #[tokio::test]
    async fn a_second_answer_is_not_taken_for_the_retry_that_waits() {
        let board = RuntimeBoard::new(1);
        let _first = board.deliver(delivery(), &Bytes::new());
        board.next().await;
        assert!(board.answer("one", answered()));
        let _retry = board.deliver(delivery(), &Bytes::new());
        assert!(!board.answer("one", answered()) && board.is_in_flight("one"));
        board.next().await;
        assert!(board.answer("one", answered()));
    }

    #[tokio::test]
    async fn two_invocations_of_one_id_do_not_break_the_count() {
        let board = RuntimeBoard::new(2);
        let _both = [board.deliver(delivery(), &Bytes::new()), board.deliver(delivery(), &Bytes::new())];
        board.next().await;
        let _ = board.state.borrow().is_idle(2);
    }
}
