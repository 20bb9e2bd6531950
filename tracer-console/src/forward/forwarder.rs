//! The forwarder: a console whose documents are queued, and the couriers that send them on.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::counts::ForwardCounts;
use super::courier::Courier;
use super::crew::Crew;
use super::error::ForwardError;
use super::itself;
use super::lane::Lane;
use super::ledger::Ledger;
use super::options::ForwardOptions;
use super::queue::Queue;
use super::seldom::Seldom;
use super::store::ForwardStore;
use super::target::ForwardTarget;
use crate::api::Upstream;
use crate::console::{Console, ConsoleOptions};
use crate::receiver::ReceiverCounts;
use crate::refusal::Refusal;

const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Nobody is asked again and again without a pause.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Receives as a [`Console`] does and sends on what it received, at least once: what was acknowledged is on disk, and stays there
/// until every target has it or the queue is full.
///
/// ```
/// use std::time::Duration;
/// use tracer_console::{Console, ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
///
/// let directory = tempfile::tempdir()?;
/// let far = Console::start(ConsoleOptions::any_port())?;
/// let target = ForwardTarget::x_ray(&format!("http://{}", far.local_addr()))?;
/// let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
/// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
///
/// let document = r#"{"name":"job","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"end_time":2}"#;
/// let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
/// let sender = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// sender.send_to(datagram.as_bytes(), forwarder.console().local_addr())?;
///
/// let id = "1-6b02e002-9311b20839c1ed87c6cec943".parse()?;
/// let trace = far.store().wait_for_trace(id, |trace| trace.is_settled(), Duration::from_secs(10))?;
/// assert_eq!(trace.roots().next().unwrap().name(), "job");
/// assert_eq!(forwarder.stop(Duration::from_secs(5)).counts.targets[0].sent, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Forwarder {
    /// Ends first: what has been received is in the queue then.
    console: Console,
    crew: Crew,
    /// Ends last, so that it tells of everything.
    #[cfg(feature = "aws")]
    telemetry: Option<super::aws::Telemetry>,
    ledger: Arc<Ledger>,
    others: Vec<(String, u64)>,
}

/// What there was in all when a [`Forwarder`] ended.
///
/// ```
/// fn is_lossless(all: &tracer_console::Forwarded) -> bool {
///     all.counts.targets.iter().all(|target| target.dropped == 0) && all.received.dropped == 0
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Forwarded {
    /// What became of documents.
    pub counts: ForwardCounts,
    /// What came over UDP.
    pub received: ReceiverCounts,
    /// What was refused last, and why.
    pub refusals: Vec<Refusal>,
}

impl Forwarder {
    /// Opens the queue, and starts receiving and sending.
    ///
    /// ```
    /// # use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
    /// let directory = tempfile::tempdir()?;
    /// let target = ForwardTarget::x_ray("http://127.0.0.1:9")?;
    /// let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
    /// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
    /// assert_eq!(forwarder.counts().received, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ForwardError`] when the queue or an address cannot be used, or a target is the forwarder itself.
    pub fn start(options: ForwardOptions) -> Result<Self, ForwardError> {
        let ForwardOptions {
            console,
            keep,
            targets,
            queue,
            queue_bytes,
            concurrency,
            longest_wait,
            #[cfg(feature = "aws")]
            telemetry_period,
            ..
        } = options;
        let names = names(&targets)?;
        let longest = longest_wait.max(SHORTEST_WAIT);
        let backoff = Backoff { first: FIRST_WAIT.min(longest), longest };
        let lanes: Vec<_> = targets.iter().map(|_| Arc::new(Lane::new(backoff))).collect();
        let announced = lanes.clone();
        let announce = move |last| announced.iter().for_each(|lane| lane.appended(last));
        let queue = Arc::new(Queue::open(&queue, queue_bytes, &names, announce)?);
        let takes_any_size = targets.iter().any(|target| target.takes_any_size);
        let store = ForwardStore::new(Arc::clone(&queue), console.store, keep, takes_any_size);
        let upstream = if keep { None } else { upstream(&targets) };
        let console = Console::start_behind(ConsoleOptions { store: Arc::new(store), ..console }, upstream)?;
        let listening = [Some(console.local_addr()), Some(console.tcp_addr()), console.otlp_addr()];
        let listening: Vec<_> = listening.into_iter().flatten().collect();
        if let Some(target) = targets.iter().find(|target| itself::is(&target.url, &listening)) {
            return Err(ForwardError::Itself { url: target.url.clone() });
        }
        let mut forwarder = Self {
            console,
            crew: Crew::new(),
            #[cfg(feature = "aws")]
            telemetry: None,
            ledger: Arc::clone(queue.ledger()),
            others: queue.others().to_vec(),
        };
        for ((target, lane), id) in targets.into_iter().zip(lanes).zip(queue.targets()) {
            #[cfg(feature = "aws")]
            forwarder.tell(&target, telemetry_period.max(SHORTEST_WAIT)).map_err(ForwardError::Thread)?;
            lane.resume(queue.last());
            let (name, far, queue) = (target.name().to_owned(), target.far, Arc::clone(&queue));
            let courier = Courier { name, target: *id, far, lane, queue, rejections: Seldom::default() };
            forwarder.crew.send(courier, concurrency).map_err(ForwardError::Thread)?;
        }
        Ok(forwarder)
    }

    /// Starts the daemon's telemetry, where the target is AWS.
    #[cfg(feature = "aws")]
    fn tell(&mut self, target: &ForwardTarget, period: Duration) -> std::io::Result<()> {
        use super::aws::{Telemetry, Totals};

        let Some(account) = &target.account else { return Ok(()) };
        let (ledger, name) = (Arc::clone(&self.ledger), target.name().to_owned());
        let totals = move || {
            let ForwardCounts { received, targets } = ledger.counts();
            let counts = targets.into_iter().find(|target| target.name == name).unwrap_or_default();
            Totals { received, sent: counts.sent, spilled: counts.dropped, rejected: counts.rejected }
        };
        self.telemetry = Some(Telemetry::start(Arc::clone(account), period, totals)?);
        Ok(())
    }

    /// The console that receives.
    ///
    /// ```
    /// # use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
    /// # let directory = tempfile::tempdir()?;
    /// # let target = ForwardTarget::x_ray("http://127.0.0.1:9")?;
    /// # let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
    /// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
    /// println!("AWS_XRAY_DAEMON_ADDRESS={}", forwarder.console().local_addr());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// What came, and what became of it.
    ///
    /// ```
    /// # use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
    /// # let directory = tempfile::tempdir()?;
    /// # let target = ForwardTarget::x_ray("http://127.0.0.1:9")?;
    /// # let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
    /// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
    /// assert_eq!(forwarder.counts().targets[0].waiting, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> ForwardCounts {
        self.ledger.counts()
    }

    /// Targets of an earlier time that are not named now, and how many documents in the queue wait for each. They wait until their
    /// target is named again or the queue is full.
    ///
    /// ```
    /// # use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
    /// # let directory = tempfile::tempdir()?;
    /// # let target = ForwardTarget::x_ray("http://127.0.0.1:9")?;
    /// # let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
    /// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
    /// assert!(forwarder.left_behind().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn left_behind(&self) -> &[(String, u64)] {
        &self.others
    }

    /// Receives no more, sends what is there as far as that takes no longer than so long, and says what became of everything. What is
    /// left waits in the queue.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget, Forwarder};
    /// # let directory = tempfile::tempdir()?;
    /// # let target = ForwardTarget::x_ray("http://127.0.0.1:9")?;
    /// # let options = ForwardOptions::new(directory.path().join("forward.db"), vec![target]);
    /// let forwarder = Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options })?;
    /// println!("{}", forwarder.stop(Duration::from_secs(5)).counts);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(self, within: Duration) -> Forwarded {
        let Self { console, mut crew, ledger, .. } = self;
        let (received, refusals) = console.end();
        crew.stop(within);
        Forwarded { counts: ledger.counts(), received, refusals: refusals.latest() }
    }
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

fn names(targets: &[ForwardTarget]) -> Result<Vec<&str>, ForwardError> {
    let mut known = HashSet::new();
    if let Some(twice) = targets.iter().find(|target| !known.insert(target.name())) {
        return Err(ForwardError::Twice { name: twice.name().to_owned() });
    }
    if targets.is_empty() {
        return Err(ForwardError::NoTarget);
    }
    Ok(targets.iter().map(ForwardTarget::name).collect())
}

/// Who answers what is asked over TCP, where it is not the console itself.
#[cfg(feature = "aws")]
fn upstream(targets: &[ForwardTarget]) -> Option<Arc<dyn Upstream>> {
    let account = targets.iter().find_map(|target| target.account.as_ref())?;
    Some(Arc::new(super::aws::Proxy::of(account)))
}

#[cfg(not(feature = "aws"))]
fn upstream(_: &[ForwardTarget]) -> Option<Arc<dyn Upstream>> {
    None
}
