//! Durations and points in time, as people write them and as they are shown.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use tracer_console::Timestamp;

/// A duration such as 500ms, 15m or 7d; it always has a unit, for 30 may be meant as seconds and as days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| match error {
        humantime::DurationError::UnknownUnit { unit, value, .. } if unit.is_empty() => {
            format!("write a unit: {value}s, {value}m, {value}h or {value}d")
        }
        humantime::DurationError::UnknownUnit { unit, .. } => {
            format!("{unit:?} is no unit: ms, s, m, h and d are, as in 500ms or 15m")
        }
        _ => "write a duration such as 500ms, 3s, 15m or 7d".to_owned(),
    })
}

/// A duration that is not nothing.
pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() {
        Err("no time at all, for example 3s, 15m or 7d".to_owned())
    } else {
        Ok(duration)
    }
}

/// A point in time; one that names no zone is in UTC.
pub(crate) fn point(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let with_zone = || text.parse::<jiff::Timestamp>().ok();
    let civil = || {
        let time = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    };
    let time = with_zone().or_else(civil).map(|time| Timestamp::from_micros(time.as_microsecond()));
    time.or_else(|| of_epoch(text)).ok_or_else(|| {
        "a time is like '2026-11-22 09:00:00', 2026-11-22T09:00:00+01:00, 2026-11-22 or 1795348800, in UTC where no zone is named"
            .to_owned()
    })
}

/// Seconds since 1970, as JSON has them; fewer or more digits are a year, or no seconds.
#[allow(clippy::cast_possible_truncation, reason = "in the range of dates with a year of four digits")]
fn of_epoch(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| is_number)?;
    (1e9..1e11).contains(&seconds).then(|| Timestamp::from_micros((seconds * 1e6).round() as i64))
}

/// A duration in days and less, such as `40d` or `1h 30m`.
pub(crate) fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(duration.subsec_millis()), "ms"),
    ];
    let parts: Vec<_> = units
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// A duration in two units at most: nobody wants to know it better.
pub(crate) fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let exact = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    shown(Duration::from_secs(seconds - seconds % exact))
}

/// A point in time: that of the day, with its date where that is not today's, and the date alone of another year; in UTC.
pub(crate) fn of_day(seconds: f64, now: Timestamp) -> String {
    let Ok(time) = jiff::Timestamp::from_microsecond(micros(seconds)) else { return String::new() };
    let today = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or(time);
    let date = |time: jiff::Timestamp| TimeZone::UTC.to_datetime(time).date();
    let format = match (date(time), date(today)) {
        (date, today) if date == today => "%H:%M:%S",
        (date, today) if date.year() == today.year() => "%m-%d %H:%M",
        _ => "%F",
    };
    time.strftime(format).to_string()
}

#[allow(clippy::cast_possible_truncation, reason = "what is too large is no time")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_348_800_000_000);

    #[test]
    fn points_in_time_are_read_as_people_and_programs_write_them() {
        for text in [
            "2026-11-22T12:00:00Z",
            "2026-11-22 12:00:00",
            "2026-11-22 12:00",
            "2026-11-22 12:00:00.000",
            "2026-11-22T12:00:00+00:00",
            "2026-11-22 13:30:00+01:30",
            "1795348800",
            "1795348800.0",
        ] {
            assert_eq!(point(text), Ok(NOON), "{text}");
        }
        assert_eq!(point("2026-11-22").unwrap() + Duration::from_secs(12 * 3600), NOON);
        assert_eq!(point("1795348800.25").unwrap().micros_since(NOON), 250_000);
        for wrong in
            ["", "noon", "12:00:00", "2026-22-11", "2026", "1795348800000", "1e9", "-1795348800", "inf"]
        {
            assert!(point(wrong).unwrap_err().contains("'2026-11-22 09:00:00'"), "{wrong}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        let read = ["500ms", "1.5s", "15m", "1h 30m", "7d"].map(|text| duration(text).unwrap().as_millis());
        assert_eq!(read, [500, 1_500, 900_000, 5_400_000, 604_800_000]);
        assert_eq!(duration("30").unwrap_err(), "write a unit: 30s, 30m, 30h or 30d");
        assert_eq!(
            duration("3x").unwrap_err(),
            "\"x\" is no unit: ms, s, m, h and d are, as in 500ms or 15m"
        );
        assert!(duration("").is_err() && duration("-1s").is_err() && duration("s").is_err());
        assert!(some_time("0s").is_err() && duration("0s") == Ok(Duration::ZERO));
    }

    #[test]
    fn durations_are_shown_in_days_and_less() {
        let day = 86_400;
        let shown =
            [0, 59, 90, 3_600, day, 40 * day, 1_000 * day].map(|secs| shown(Duration::from_secs(secs)));
        assert_eq!(shown, ["0s", "59s", "1m 30s", "1h", "1d", "40d", "1000d"]);
        assert_eq!(super::shown(Duration::from_millis(1_100)), "1s 100ms");
        let roughly = [61, 3_661, day + 3_661].map(|secs| roughly(Duration::from_secs(secs)));
        assert_eq!(roughly, ["1m 1s", "1h 1m", "1d 1h"]);
    }

    #[test]
    fn the_date_is_told_where_it_is_not_todays() {
        assert_eq!(of_day(NOON.seconds() - 43_200.0, NOON), "00:00:00");
        assert_eq!(of_day(NOON.seconds() - 43_201.0, NOON), "11-21 23:59");
        assert_eq!(of_day(NOON.seconds() - 365.0 * 86_400.0, NOON), "2025-11-22");
        assert_eq!(of_day(f64::MAX, NOON), "");
    }
}
