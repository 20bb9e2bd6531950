//! When things began and ended (fact sheet 1.2, 1.12).

use std::time::Duration;

use serde_json::{Map, Value};

use super::inspection::{Inspection, noun};
use crate::refusal::RefusalCode;
use crate::timestamp::Timestamp;

/// From here on a number is no epoch seconds: it would be the year 5138.
const NOT_SECONDS: f64 = 1e11;
/// X-Ray keeps traces for so long.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// OpenTelemetry's exporter for X-Ray sends nothing from further ahead.
const AHEAD: Duration = Duration::from_secs(5 * 60);

const SECONDS: &str = "write epoch seconds as a number, such as 1795348812.345";

/// The times of an entity. One that is nested may leave out its end: it counts as in progress.
pub(super) fn check(inspection: &mut Inspection, members: &Map<String, Value>, is_nested: bool) {
    let start = match members.get("start_time").filter(|time| !time.is_null()) {
        Some(time) => {
            inspection.at("start_time", |inspection| read(inspection, time, RefusalCode::MissingStartTime))
        }
        None => {
            inspection.refused(RefusalCode::MissingStartTime, "there is no start_time", SECONDS);
            None
        }
    };
    let in_progress = members.get("in_progress") == Some(&Value::Bool(true));
    let Some(time) = members.get("end_time").filter(|time| !time.is_null()) else {
        if !in_progress {
            missing_end(inspection, is_nested);
        }
        return;
    };
    inspection.at("end_time", |inspection| {
        if in_progress {
            let message = "it is in progress, and so this end does not count";
            return inspection.changed(message, "leave out the one that is not so");
        }
        let end = read(inspection, time, RefusalCode::MissingEndTime);
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            inspection.advice("it ended before it began: it counts as no time", "look at the clocks");
        }
    });
}

fn missing_end(inspection: &mut Inspection, is_nested: bool) {
    let remedy = "write the end_time in epoch seconds, or \"in_progress\": true";
    if is_nested {
        inspection.changed("there is no end_time: it counts as in progress", remedy);
    } else {
        let message = "there is no end_time, and it is not in progress";
        inspection.refused(RefusalCode::MissingEndTime, message, remedy);
    }
}

fn read(inspection: &mut Inspection, value: &Value, code: RefusalCode) -> Option<Timestamp> {
    let time = Timestamp::read(value);
    match (value, time) {
        (Value::Number(number), Some(_)) if number.as_f64().is_some_and(|number| number >= NOT_SECONDS) => {
            let message = "this is no epoch seconds but a smaller unit, which X-Ray takes for a time thousands of years ahead";
            inspection.dropped(message, SECONDS);
        }
        (Value::Number(_), Some(_)) => {}
        (Value::String(_), Some(_)) => {
            inspection.refused(RefusalCode::InvalidSegment, "a time is a number, not a string", SECONDS);
        }
        (other, None) => {
            let what = if other.is_number() { "a number out of range" } else { noun(other) };
            inspection.refused(code, format!("a time is epoch seconds, not {what}"), SECONDS);
        }
        (_, Some(_)) => {}
    }
    time
}

/// What is said of a trace once: that it is too old to be kept, or lies ahead.
pub(super) fn window(inspection: &mut Inspection, members: &Map<String, Value>) {
    let Some(start) = members.get("start_time").and_then(Timestamp::read) else { return };
    inspection.at("start_time", |inspection| {
        if start + KEPT < inspection.now {
            let days = inspection.now.micros_since(start) / 86_400_000_000;
            let message = format!("it began {days} days ago, and X-Ray keeps traces for 30");
            inspection.advice(message, "send it while it is young");
        } else if start > inspection.now + AHEAD {
            inspection
                .advice("it begins in the future", "look at the clock and at the unit, which is seconds");
        }
    });
}
