//! `/tracer/LatestTrace`: when the latest trace of a range began. An operation of the console's own: who asks for a long time, day
//! by day as X-Ray answers, passes over the days in which there is nothing.

use serde::{Deserialize, Serialize};

use super::Api;
use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use crate::search::Search;

pub(super) fn get_latest_trace(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        /// None where no trace began in the range.
        #[serde(skip_serializing_if = "Option::is_none")]
        start_time: Option<EpochSeconds>,
    }
    let Input { start_time, end_time } = request.read()?;
    let latest = Search::between(start_time.0, end_time.0).limit(1);
    let mut start_time = None;
    api.store.outcomes(&latest, &mut |outcome| start_time = Some(EpochSeconds(outcome.start)))?;
    Response::of(&Output { start_time })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::testing::{BEGIN, Home, segment};
    use crate::sqlite_store::SqliteStore;

    #[test]
    fn the_latest_trace_that_began_before_a_time_is_found_however_long_before() {
        let directory = tempfile::tempdir().unwrap();
        let file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
        for home in [Home::new(), Home::with(Arc::new(file))] {
            home.put(&[segment(1, 1, -1.5e9), segment(2, 1, 1.0), segment(3, 1, 2.5)]);
            let latest = |from: f64, to: f64| {
                let asked = json!({"StartTime": BEGIN + from, "EndTime": BEGIN + to});
                home.ok("LatestTrace", asked)["StartTime"].as_f64().map(|start| start - BEGIN)
            };
            assert_eq!(latest(-1.7e9, 60.0), Some(2.5));
            assert_eq!(latest(-1.7e9, 2.5), Some(1.0), "the end is not included");
            assert_eq!(latest(-1.7e9, 1.0), Some(-1.5e9));
            assert_eq!((latest(-1.0e9, 1.0), latest(5.0, 60.0)), (None, None));
            home.error("LatestTrace", json!({"StartTime": BEGIN}));
        }
    }
}
