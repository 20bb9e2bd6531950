//! Wakes those who wait for a change of the store: one thread asks the store for all of them, while there are any.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::store::{Revision, TraceStore};

/// How long the end of a server may take to be noticed.
const MOMENT: Duration = Duration::from_millis(50);

/// What is told to those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Revision(Revision),
    /// The server ends: nobody waits any longer.
    End,
}

/// Knows of changes as soon as they are; dropping it ends all waiting.
pub(super) struct ChangeSignal {
    store: Arc<dyn TraceStore>,
    news: watch::Sender<News>,
    watching: Option<JoinHandle<()>>,
}

/// Waits for changes.
#[derive(Clone)]
pub(super) struct Waiting {
    store: Arc<dyn TraceStore>,
    news: watch::Sender<News>,
    watching: std::thread::Thread,
}

impl ChangeSignal {
    pub(super) fn new(store: Arc<dyn TraceStore>) -> std::io::Result<Self> {
        let news = watch::Sender::new(News::Revision(store.revision()));
        let (watched, told) = (Arc::clone(&store), news.clone());
        let watching = std::thread::Builder::new().name("tracer-changes".into());
        let watching = watching.spawn(move || watch(&*watched, &told))?;
        Ok(Self { store, news, watching: Some(watching) })
    }

    /// `None` once it is being dropped.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        let watching = self.watching.as_ref()?.thread().clone();
        Some(Waiting { store: Arc::clone(&self.store), news: self.news.clone(), watching })
    }
}

impl Drop for ChangeSignal {
    fn drop(&mut self) {
        self.news.send_replace(News::End);
        if let Some(watching) = self.watching.take() {
            watching.thread().unpark();
            // The store is closed when the console is, not a moment later.
            let _ = watching.join();
        }
    }
}

fn watch(store: &dyn TraceStore, news: &watch::Sender<News>) {
    let mut seen = store.revision();
    while *news.borrow() != News::End {
        if news.receiver_count() == 0 {
            std::thread::park();
            continue;
        }
        let revision = store.wait_for_change(seen, MOMENT);
        if revision != seen {
            seen = revision;
            news.send_if_modified(|news| {
                let goes_on = *news != News::End;
                if goes_on {
                    *news = News::Revision(revision);
                }
                goes_on
            });
        }
    }
}

impl Waiting {
    /// Waits until something changed after `since`, the time is over, or the server ends.
    pub(super) async fn after(&self, since: Revision, timeout: Duration) {
        let mut news = self.news.subscribe();
        self.watching.unpark();
        let changed = async {
            // What is told once the store was asked is waited for, so nothing may be taken as told after that. The store is
            // not asked for its `revision`, for which it may have to write something.
            while *news.borrow_and_update() != News::End
                && self.store.wait_for_change(since, Duration::ZERO) <= since
            {
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(timeout, changed).await;
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};
    use std::time::Instant;

    use serde_json::json;

    use super::*;
    use crate::document::Document;
    use crate::memory_store::MemoryStore;
    use crate::refusal::Refusal;
    use crate::search::{Found, Search};
    use crate::store::{StoreError, TraceSize};
    use crate::trace::Trace;
    use crate::trace_id::TraceId;

    const LONG: Duration = Duration::from_secs(600);

    fn record(store: &dyn TraceStore) {
        let document = json!({"name": "job", "id": "cbafb490a105b1f4", "start_time": 1, "end_time": 2,
            "trace_id": "1-6b02e002-9311b20839c1ed87c6cec943"});
        store.record(Document::parse(&document.to_string()).unwrap()).unwrap();
    }

    /// Waits in so many threads, which do not end while nothing changed; `then` ends them.
    fn all_end(many: usize, then: impl FnOnce(&dyn TraceStore, ChangeSignal)) {
        let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::default());
        let signal = ChangeSignal::new(Arc::clone(&store)).unwrap();
        let since = store.revision();
        let wait = |_| {
            let waiting = signal.waiting().unwrap();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(waiting.after(since, LONG));
            })
        };
        let began = Instant::now();
        let threads: Vec<_> = (0..many).map(wait).collect();
        while signal.news.receiver_count() < many {
            std::thread::yield_now();
        }
        assert!(threads.iter().all(|thread| !thread.is_finished()));
        then(&*store, signal);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(began.elapsed() < LONG);
    }

    #[test]
    fn all_who_wait_are_woken_by_a_change() {
        all_end(8, |store, signal| {
            record(store);
            std::mem::forget(signal);
        });
    }

    #[test]
    fn nobody_waits_longer_than_the_server_serves() {
        all_end(8, |_, signal| drop(signal));
    }

    /// A store in which something changes, and is told, as soon as it has answered that nothing did.
    struct Late {
        store: MemoryStore,
        news: watch::Sender<News>,
    }

    impl TraceStore for Late {
        fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision {
            let answer = self.store.wait_for_change(seen, timeout);
            if answer == Revision::default() {
                record(&self.store);
                self.news.send_replace(News::Revision(self.store.revision()));
            }
            answer
        }

        fn revision(&self) -> Revision {
            self.store.revision()
        }

        fn record(&self, document: Document) -> Result<(), Refusal> {
            self.store.record(document)
        }

        fn search(&self, search: &Search) -> Result<Found, StoreError> {
            self.store.search(search)
        }

        fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
            self.store.settings(kind)
        }

        fn put_setting(&self, kind: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
            self.store.put_setting(kind, name, value)
        }

        fn trace(&self, id: TraceId) -> Option<Trace> {
            self.store.trace(id)
        }

        fn documents(&self, id: TraceId) -> Vec<Arc<str>> {
            self.store.documents(id)
        }

        fn size(&self, id: TraceId) -> TraceSize {
            self.store.size(id)
        }

        fn changed_since(&self, since: Revision) -> Vec<(TraceId, Revision)> {
            self.store.changed_since(since)
        }
    }

    #[test]
    fn a_change_that_is_told_while_the_store_is_asked_is_not_waited_for() {
        let news = watch::Sender::new(News::Revision(Revision::default()));
        let store = Arc::new(Late { store: MemoryStore::default(), news: news.clone() });
        let waiting = Waiting { store, news, watching: std::thread::current() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let after = std::pin::pin!(waiting.after(Revision::default(), LONG));
        assert!(after.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    #[test]
    fn what_changed_before_is_not_waited_for() {
        let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::default());
        let signal = ChangeSignal::new(Arc::clone(&store)).unwrap();
        let since = store.revision();
        record(&*store);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let began = Instant::now();
        runtime.block_on(signal.waiting().unwrap().after(since, LONG));
        assert!(began.elapsed() < LONG);
    }
}
