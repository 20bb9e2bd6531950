//! The X-Ray that a command asks: this machine's console, whatever else answers the API, or AWS.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracer_console::Timestamp;
use ureq::http::{StatusCode, Uri};

use super::aws::Aws;
pub(crate) use super::chosen::Chosen;
use super::token::GivenToken;

const DEFAULT: &str = "http://127.0.0.1:2000";

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Endpoint {
    /// Where X-Ray's API is answered [default: AWS_ENDPOINT_URL_XRAY, or http://127.0.0.1:2000; AWS itself with --aws]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    #[command(flatten)]
    token: GivenToken,
    #[command(flatten)]
    aws: Aws,
    /// Connections are used again.
    #[arg(skip)]
    agent: OnceLock<ureq::Agent>,
    /// When an answer helps no more.
    #[arg(skip)]
    deadline: Option<Instant>,
}

/// Why there is no answer that helps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(
        "no X-Ray at {endpoint}: {why}; start one with `tracer-console serve`, or name another with --endpoint"
    )]
    Unreachable { endpoint: String, why: String },
    #[error("{endpoint} did not answer in time")]
    Late { endpoint: String },
    /// What X-Ray says.
    #[error("{0}")]
    Refused(String),
    #[error("{url} answers {status}, and not as X-Ray does: name another with --endpoint")]
    Foreign { url: String, status: StatusCode },
}

/// A console that is asked for much has much to read.
const LONGEST_CALL: Duration = Duration::from_secs(120);
/// What a console was asked to wait for until the deadline may come so much later.
const GRACE: Duration = Duration::from_secs(1);
/// A console answers for no longer a stretch of time at once.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// What an error of X-Ray says.
pub(super) fn message(answer: &Value) -> Option<&str> {
    [&answer["Message"], &answer["message"]].into_iter().find_map(Value::as_str)
}

impl Endpoint {
    /// Calls an operation by its path; an error says what X-Ray says.
    pub(crate) fn call(&self, path: &str, request: &Value) -> Result<Value, CallError> {
        if self.aws.is_meant() {
            return self.aws.call(self.named(), path, request, self.left());
        }
        let (status, answer) = self.post(path, request)?;
        self.outcome(path, status, answer)
    }

    /// Calls an operation of the console's own; `None` where another X-Ray answers, which has none.
    pub(crate) fn own(&self, path: &str, request: &Value) -> Result<Option<Value>, CallError> {
        if self.aws.is_meant() {
            return Ok(None);
        }
        let (status, answer) = self.post(path, request)?;
        let has_none = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];
        if has_none.contains(&status) {
            return Ok(None);
        }
        self.outcome(path, status, answer).map(Some)
    }

    /// Waits for no answer longer than until then, and a moment.
    pub(crate) fn until(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    fn longest_call(&self) -> Duration {
        self.left().map_or(LONGEST_CALL, |left| left.min(LONGEST_CALL))
    }

    /// How long an answer helps, and a moment.
    fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()) + GRACE)
    }

    /// By --endpoint; an empty one, as of a shell's variable that is not set, names none.
    fn named(&self) -> Option<&str> {
        self.endpoint.as_deref().filter(|url| !url.trim().is_empty())
    }

    /// As every client of X-Ray's API finds it.
    fn address(&self) -> String {
        let named = || std::env::var("AWS_ENDPOINT_URL_XRAY").ok().filter(|url| !url.is_empty());
        self.named().map(str::to_owned).or_else(named).unwrap_or_else(|| DEFAULT.to_owned())
    }

    fn url(&self, path: &str) -> String {
        let endpoint = self.address();
        // `host:port` is meant as such.
        let scheme = if endpoint.contains("://") { "" } else { "http://" };
        format!("{scheme}{}{path}", endpoint.trim_end_matches('/'))
    }

    fn post(&self, path: &str, request: &Value) -> Result<(StatusCode, Option<Value>), CallError> {
        let agent = self.agent.get_or_init(|| {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            // A proxy is for what is beyond this machine.
            let config = if is_here(&self.address()) { config.proxy(None) } else { config };
            config.build().new_agent()
        });
        let unreachable = |error: ureq::Error| match (error, self.address()) {
            (ureq::Error::Timeout(_), endpoint) => CallError::Late { endpoint },
            (error, endpoint) => CallError::Unreachable { endpoint, why: error.to_string() },
        };
        let post = agent.post(self.url(path)).config().timeout_global(Some(self.longest_call())).build();
        let mut post = post.header("content-type", "application/json");
        if let Some(token) = self.token.text() {
            post = post.header("authorization", format!("Bearer {token}"));
        }
        let mut response = post.send(request.to_string()).map_err(unreachable)?;
        // Whoever asked for much gets much.
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string().map_err(unreachable)?;
        Ok((response.status(), serde_json::from_str(&text).ok()))
    }

    fn outcome(&self, path: &str, status: StatusCode, answer: Option<Value>) -> Result<Value, CallError> {
        match answer {
            Some(answer) if status.is_success() => Ok(answer),
            Some(answer) if message(&answer).is_some() => {
                Err(CallError::Refused(message(&answer).unwrap_or_default().to_owned()))
            }
            _ => Err(CallError::Foreign { url: self.url(path), status }),
        }
    }

    /// Calls `each` with the summaries of the chosen traces, newest first, until it says that it has enough.
    pub(crate) fn summaries(
        &self,
        chosen: &Chosen,
        mut each: impl FnMut(Value) -> bool,
    ) -> Result<(), CallError> {
        let longest = if self.aws.is_meant() { Aws::LONGEST_WINDOW } else { LONGEST_WINDOW };
        let mut range = self.range(chosen);
        let (mut can_pass_over, mut ends_with_latest) = (true, false);
        while let Some((start, end)) = windows(range, longest).next() {
            let is_long = range.0 < start;
            if is_long && can_pass_over && !std::mem::take(&mut ends_with_latest) {
                // Traces began on few of the days of a long time.
                match self.latest(range)? {
                    Some(Some(latest)) if latest < start => {
                        range.1 = latest + Duration::from_millis(1);
                        ends_with_latest = true;
                        continue;
                    }
                    Some(Some(_)) => {}
                    Some(None) => return Ok(()),
                    None => can_pass_over = false,
                }
            }
            let request = json!({ "StartTime": start.seconds(), "EndTime": end.seconds() });
            if !self.summaries_of(request, &chosen.filter, &mut each)? {
                return Ok(());
            }
            range.1 = start;
        }
        Ok(())
    }

    /// The chosen range, as far as there may be something in it.
    pub(crate) fn range(&self, chosen: &Chosen) -> (Timestamp, Timestamp) {
        let (from, to) = chosen.range();
        let kept = if self.aws.is_meant() { Aws::KEPT } else { Duration::MAX };
        let kept_from = kept_from(Timestamp::now(), kept);
        if from < kept_from {
            anstream::eprintln!("AWS X-Ray keeps traces for 30 days: older ones are not asked for");
        }
        (from.max(kept_from), to)
    }

    /// When the latest trace in a range began, if any did; `None` where another X-Ray answers, which does not say so.
    fn latest(&self, (from, to): (Timestamp, Timestamp)) -> Result<Option<Option<Timestamp>>, CallError> {
        let request = json!({ "StartTime": from.seconds(), "EndTime": to.seconds() });
        let answer = self.own("/tracer/LatestTrace", &request)?;
        Ok(answer.map(|answer| answer["StartTime"].as_f64().map(of_seconds)))
    }

    /// All pages of one request; returns whether more is wanted.
    pub(super) fn summaries_of(
        &self,
        mut request: Value,
        filter: &str,
        each: &mut impl FnMut(Value) -> bool,
    ) -> Result<bool, CallError> {
        if !filter.trim().is_empty() {
            request["FilterExpression"] = json!(filter);
        }
        loop {
            let mut answer = self.call("/TraceSummaries", &request)?;
            if let Value::Array(summaries) = answer["TraceSummaries"].take() {
                for summary in summaries {
                    if !each(summary) {
                        return Ok(false);
                    }
                }
            }
            match answer["NextToken"].take() {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => return Ok(true),
            }
        }
    }
}

/// Whether a URL leads to this machine.
fn is_here(url: &str) -> bool {
    let url: Option<Uri> = url.parse().ok();
    let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || number.is_ok_and(|ip| ip.is_loopback())
}

/// From when on there is something, if that is kept for so long.
fn kept_from(now: Timestamp, kept: Duration) -> Timestamp {
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_sub(kept))
}

#[allow(clippy::cast_possible_truncation, reason = "a console tells times that it can count")]
fn of_seconds(seconds: f64) -> Timestamp {
    Timestamp::from_micros((seconds * 1e6).round() as i64)
}

/// A range in stretches that are not longer than `longest`, the latest first.
pub(super) fn windows(
    (from, to): (Timestamp, Timestamp),
    longest: Duration,
) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let longest = i64::try_from(longest.as_micros()).unwrap_or(i64::MAX);
    let mut end = to;
    std::iter::from_fn(move || {
        let start = from.max(Timestamp::from_micros(end.micros().saturating_sub(longest)));
        let window = (start < end).then_some((start, end));
        end = start;
        window
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_of_the_time_before_what_is_kept() {
        let now = Timestamp::from_micros(1_795_348_800_000_000);
        assert_eq!(kept_from(now, Aws::KEPT).seconds(), 1_795_348_800.0 - 30.0 * 86_400.0);
        assert!(kept_from(now, Duration::MAX) < Timestamp::from_micros(0));
    }

    #[test]
    fn stretches_of_time_cover_a_range_without_a_gap_from_its_end() {
        let hours = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let six = Duration::from_secs(6 * 3600);
        let found: Vec<_> = windows((hours(1), hours(14)), six).collect();
        assert_eq!(found, [(hours(8), hours(14)), (hours(2), hours(8)), (hours(1), hours(2))]);
        assert_eq!(windows((hours(1), hours(1)), six).count(), 0);
        assert_eq!(windows((hours(1), hours(3)), Duration::MAX).count(), 1);
    }
}
