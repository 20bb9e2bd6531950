//! `/tracer/Changes`: which traces changed, told as soon as they do. An operation of the console's own: X-Ray has none for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Api;
use super::change_signal::Waiting;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use crate::store::Revision;

pub(super) const NAME: &str = "Changes";
pub(super) const PATH: &str = "/tracer/Changes";

/// Whoever waits longer asks again.
const LONGEST: f64 = 60.0;
/// An answer has so many traces; the next one goes on behind them.
const MOST: usize = 1_000;

/// From when on changes are asked for, and how long to wait for one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// `None` asks from when on changes can be asked for.
    since: Option<Revision>,
    wait: Duration,
}

impl Asked {
    pub(super) fn read(api: &Api, request: &Request) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input {
            since: Option<String>,
            wait: Option<f64>,
        }
        let input: Input = request.read()?;
        let wait = input.wait.unwrap_or_default();
        if !(0.0..=LONGEST).contains(&wait) {
            return Err(ApiError::invalid(format!("Wait is 0 to {LONGEST} seconds, not {wait}")));
        }
        let since = input.since.map(|since| api.since(&since)).transpose()?;
        Ok(Self { since, wait: Duration::from_secs_f64(wait) })
    }

    /// Waits for a change; without `since` there is nothing to wait for.
    pub(super) async fn wait(self, waiting: Option<Waiting>) {
        if let (Some(since), Some(waiting)) = (self.since, waiting) {
            waiting.after(since, self.wait).await;
        }
    }

    /// What changed, and from when on to ask next.
    pub(super) fn answer(self, api: &Api) -> Result<Response, ApiError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            revision: String,
            trace_ids: Vec<String>,
        }
        let Some(since) = self.since else {
            let revision = api.revision_text(api.store.revision());
            return Response::of(&Output { revision, trace_ids: Vec::new() });
        };
        let now = api.store.revision();
        let mut changed = api.store.changed_since(since);
        // A trace that changed and was forgotten is not told: nobody is to ask for it again.
        let told = if changed.len() > MOST { since } else { since.max(now) };
        changed.truncate(MOST);
        let latest = changed.last().map_or(told, |(_, revision)| told.max(*revision));
        Response::of(&Output {
            revision: api.revision_text(latest),
            trace_ids: changed.iter().map(|(id, _)| id.to_string()).collect(),
        })
    }
}

impl Api {
    /// A revision as it is answered: that of another run of the console means nothing here.
    fn revision_text(&self, revision: Revision) -> String {
        format!("{:x}-{}", self.run, revision.0)
    }

    /// The revision that an answer gave; one of an earlier run of the console is when this one began.
    fn since(&self, text: &str) -> Result<Revision, ApiError> {
        let parts = text
            .split_once('-')
            .and_then(|(run, revision)| Some((u64::from_str_radix(run, 16).ok()?, revision.parse().ok()?)));
        let (run, revision) = parts.ok_or_else(|| {
            ApiError::invalid(format!("Since is the Revision of an earlier answer, not {text:?}"))
        })?;
        Ok(if run == self.run { Revision(revision) } else { self.began })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Home, segment};
    use super::*;

    fn call(home: &Home, members: &Value) -> Result<Value, ApiError> {
        let request = Request::parse(NAME, members.to_string().as_bytes())?;
        let answer = Asked::read(&home.api, &request)?.answer(&home.api)?;
        Ok(serde_json::from_slice(&answer.0).unwrap())
    }

    fn since(home: &Home, revision: &Value) -> Value {
        call(home, &json!({ "Since": revision })).unwrap()
    }

    #[test]
    fn each_answer_says_what_changed_after_the_one_before() {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0)]);
        let first = call(&home, &json!({})).unwrap();
        assert_eq!(first["TraceIds"], json!([]));
        home.put(&[segment(2, 1, 1.0), segment(3, 1, 1.0), segment(2, 2, 1.0)]);
        let second = since(&home, &first["Revision"]);
        assert_eq!(second["TraceIds"], json!([home.id(3), home.id(2)]));
        let third = since(&home, &second["Revision"]);
        assert_eq!(third, json!({"Revision": second["Revision"], "TraceIds": []}));
    }

    #[test]
    fn what_is_much_comes_in_answers_without_a_gap() {
        let home = Home::new();
        let mut revision = call(&home, &json!({})).unwrap()["Revision"].take();
        let documents: Vec<_> = (0..2_500).map(|trace| segment(trace, 1, 1.0)).collect();
        home.put(&documents);
        let mut ids = Vec::new();
        for expected in [1_000, 1_000, 500, 0] {
            let answer = since(&home, &revision);
            let found = answer["TraceIds"].as_array().unwrap();
            assert_eq!(found.len(), expected);
            ids.extend(found.clone());
            revision = answer["Revision"].clone();
        }
        assert_eq!(ids, (0..2_500).map(|trace| json!(home.id(trace))).collect::<Vec<_>>());
    }

    #[test]
    fn after_a_new_start_everything_since_it_is_told() {
        let before = Home::new();
        before.put(&[segment(1, 1, 1.0), segment(2, 1, 1.0)]);
        let revision = call(&before, &json!({})).unwrap()["Revision"].take();
        let home = Home::new();
        home.put(&[segment(3, 1, 1.0)]);
        assert_eq!(since(&home, &revision)["TraceIds"], json!([home.id(3)]));
    }

    #[test]
    fn what_is_no_revision_and_too_long_a_wait_are_refused() {
        let home = Home::new();
        let refused = |members: Value| call(&home, &members).unwrap_err().message;
        for text in ["", "7", "x-1", "1-x", "1-", "-1"] {
            assert!(refused(json!({ "Since": text })).contains("Revision of an earlier answer"), "{text}");
        }
        for wait in [-1.0, 61.0, 1e300] {
            assert!(refused(json!({ "Wait": wait })).contains("0 to 60 seconds"), "{wait}");
        }
    }
}
