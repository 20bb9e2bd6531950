//! What the daemon says of itself to X-Ray: from time to time, and when it ends, if anything came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types::TelemetryRecord;

use super::account::Account;
use super::tally::Tally;
use crate::aws::AwsAccount;

/// Records that X-Ray did not take wait, so many of them.
const MOST_WAITING: usize = 30;
/// A call has no more.
const AT_ONCE: usize = 10;
/// An instance of EC2 says its name by then, or this is none.
const ASKING: Duration = Duration::from_secs(5);

/// Whoever ends it has no more patience.
const LAST_TELLING: Duration = Duration::from_secs(1);

/// What came since the start, and what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::forward) struct Totals {
    pub(in crate::forward) received: u64,
    pub(in crate::forward) sent: u64,
    pub(in crate::forward) spilled: u64,
    pub(in crate::forward) rejected: u64,
}

/// The thread that tells.
pub(in crate::forward) struct Telemetry {
    /// Dropped to end it.
    running: Option<Sender<()>>,
    /// It ends when all is told.
    told: Receiver<()>,
}

impl Telemetry {
    pub(in crate::forward) fn start(
        account: Arc<Account>,
        period: Duration,
        totals: impl Fn() -> Totals + Send + 'static,
    ) -> std::io::Result<Self> {
        let (running, ended) = channel();
        let (before, waiting) = (Totals::default(), VecDeque::new());
        let mut reporter = Reporter { account, host: None, before, waiting };
        let (telling, told) = channel::<()>();
        std::thread::Builder::new().name("tracer-telemetry".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(period) {
                reporter.report(totals());
            }
            reporter.report(totals());
            drop(telling);
        })?;
        Ok(Self { running: Some(running), told })
    }
}

/// Tells what is left to be told, if that does not take long.
impl Drop for Telemetry {
    fn drop(&mut self) {
        drop(self.running.take());
        let _ = self.told.recv_timeout(LAST_TELLING);
    }
}

/// Where it runs, as far as that is known.
#[derive(Debug, Default)]
struct Host {
    name: Option<String>,
    instance: Option<String>,
}

struct Reporter {
    account: Arc<Account>,
    host: Option<Host>,
    before: Totals,
    waiting: VecDeque<TelemetryRecord>,
}

impl Reporter {
    fn report(&mut self, now: Totals) {
        if now != self.before {
            if self.waiting.len() == MOST_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.extend(record(self.before, now, &self.account.tally));
            self.before = now;
        }
        while !self.waiting.is_empty() {
            let some: Vec<_> = self.waiting.iter().take(AT_ONCE).cloned().collect();
            let count = some.len();
            if let Err(why) = self.send(some) {
                log::debug!("aws: {count} telemetry records were not taken and wait: {why}");
                return;
            }
            self.waiting.drain(..count);
            log::debug!("aws: sent {count} telemetry records");
        }
    }

    fn send(&mut self, records: Vec<TelemetryRecord>) -> Result<(), String> {
        let Account { account, resource_arn, asks_ec2, .. } = &*self.account;
        let host = self.host.get_or_insert_with(|| account.block_on(host(account, *asks_ec2)));
        let put = account
            .client()
            .put_telemetry_records()
            .set_telemetry_records(Some(records))
            .set_hostname(host.name.clone())
            .set_ec2_instance_id(host.instance.clone())
            .set_resource_arn(resource_arn.clone());
        account.block_on(put.send()).map(drop).map_err(|error| error.to_string())
    }
}

fn record(before: Totals, now: Totals, tally: &Tally) -> Option<TelemetryRecord> {
    let since = |now: u64, before: u64| i32::try_from(now.saturating_sub(before)).unwrap_or(i32::MAX);
    TelemetryRecord::builder()
        .timestamp(DateTime::from(SystemTime::now()))
        .segments_received_count(since(now.received, before.received))
        .segments_sent_count(since(now.sent, before.sent))
        .segments_spillover_count(since(now.spilled, before.spilled))
        .segments_rejected_count(since(now.rejected, before.rejected))
        .backend_connection_errors(tally.take())
        .build()
        .ok()
}

/// By the variables that the daemon has for it, or else as the instance of EC2 says.
async fn host(account: &AwsAccount, asks_ec2: bool) -> Host {
    let given = |name| std::env::var(name).ok().filter(|text: &String| !text.is_empty());
    let (mut name, mut instance) = (given("AWS_HOSTNAME"), given("AWS_INSTANCE_ID"));
    if asks_ec2 && (name.is_none() || instance.is_none()) {
        let asked = async {
            let of_ec2 = account.instance_metadata();
            let of_ec2 = &of_ec2;
            let ask = |path: &'static str| async move { of_ec2.get(path).await.ok().map(String::from) };
            (ask("/latest/meta-data/hostname").await, ask("/latest/meta-data/instance-id").await)
        };
        if let Ok((found_name, found_instance)) = tokio::time::timeout(ASKING, asked).await {
            (name, instance) = (name.or(found_name), instance.or(found_instance));
        }
    }
    Host { name, instance }
}
