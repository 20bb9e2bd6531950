//! Documents at another time: an old recording as if it were of today.

use serde_json::{Map, Value};

use crate::lenient_json;
use crate::refusal::{Refusal, RefusalCode};
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// A document with all of its times later by so many microseconds: those of its segments and subsegments, and those within the
/// ids of traces, its own and those that it links to. What else it says stays; how it is laid out does not.
///
/// ```
/// let document = r#"{"id":"cbafb490a105b1f4","trace_id":"1-00000001-9311b20839c1ed87c6cec943","start_time":1.5,"name":"job","end_time":2}"#;
/// let shifted = tracer_console::Document::parse(&tracer_console::shift(document, 3_600_000_000)?)?;
/// assert_eq!(shifted.trace_id().to_string(), "1-00000e11-9311b20839c1ed87c6cec943");
/// assert_eq!(shifted.entities()[0].start().micros(), 3_601_500_000);
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
///
/// # Errors
/// A [`Refusal`] for what is no JSON object.
pub fn shift(document: &str, micros: i64) -> Result<String, Refusal> {
    let Value::Object(mut members) = lenient_json::read(document)?.value else {
        return Err(Refusal::new(RefusalCode::InvalidSegment, "the document is no JSON object"));
    };
    shift_entity(&mut members, micros);
    Ok(Value::Object(members).to_string())
}

/// Recursion is bounded by `lenient_json::MAX_DEPTH`.
fn shift_entity(members: &mut Map<String, Value>, micros: i64) {
    for key in ["start_time", "end_time"] {
        if let Some(value) = members.get_mut(key)
            && let Some(time) = Timestamp::read(value)
        {
            *value = Timestamp::from_micros(time.micros().saturating_add(micros).max(0)).seconds().into();
        }
    }
    shift_id(members, micros);
    let nested = |key: &str, members: &mut Map<String, Value>, shift: fn(&mut Map<String, Value>, i64)| {
        let values = members.get_mut(key).and_then(Value::as_array_mut);
        values.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|inner| shift(inner, micros));
    };
    nested("links", members, shift_id);
    nested("subsegments", members, shift_entity);
}

fn shift_id(members: &mut Map<String, Value>, micros: i64) {
    if let Some(Value::String(text)) = members.get_mut("trace_id")
        && let Ok(id) = text.parse::<TraceId>()
    {
        let mut bytes = id.to_bytes();
        let [a, b, c, d, ..] = bytes;
        let seconds =
            i64::from(u32::from_be_bytes([a, b, c, d])).saturating_add(micros.div_euclid(1_000_000));
        let seconds = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        *text = TraceId::from_bytes(bytes).to_string();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn all_times_move_together_and_nothing_else_does() {
        let document = json!({
            "trace_id": "1-6b02d94c-be5262b78fb491a007b77f7d", "id": "cbafb490a105b1f4", "name": "a", "start_time": 1_795_348_812.25,
            "end_time": 1_795_348_812_500_i64, "metadata": {"default": {"start_time": 7}}, "links": [
                {"trace_id": "1-6b02d94b-be5262b78fb491a007b77f7d", "id": "cbafb490a105b1f5", "attributes": {}}, 7],
            "subsegments": [{"name": "b", "start_time": 1_795_348_812.3, "in_progress": true, "subsegments": [{"name": "c", "end_time": "1795348812.4"}]}],
        });
        let shifted: Value = serde_json::from_str(&shift(&document.to_string(), HOUR).unwrap()).unwrap();
        assert_eq!(shifted["trace_id"], "1-6b02e75c-be5262b78fb491a007b77f7d");
        assert_eq!(shifted["links"][0]["trace_id"], "1-6b02e75b-be5262b78fb491a007b77f7d");
        assert_eq!(
            (&shifted["start_time"], &shifted["end_time"]),
            (&json!(1_795_352_412.25), &json!(1_795_352_412.5))
        );
        assert_eq!(shifted["subsegments"][0]["start_time"], json!(1_795_352_412.3));
        assert_eq!(shifted["subsegments"][0]["subsegments"][0]["end_time"], json!(1_795_352_412.4));
        for same in ["id", "name", "metadata"] {
            assert_eq!(shifted[same], document[same]);
        }
        let back: Value = serde_json::from_str(&shift(&shifted.to_string(), -HOUR).unwrap()).unwrap();
        assert_eq!(back["trace_id"], document["trace_id"]);
    }

    #[test]
    fn times_stay_within_what_can_be_said_and_what_is_none_stays() {
        for micros in [i64::MIN, i64::MAX] {
            let document =
                r#"{"trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d","start_time":1,"end_time":"yesterday"}"#;
            assert!(shift(document, micros).unwrap().contains("yesterday"));
        }
        assert!(shift("[]", 1).is_err() && shift("{", 1).is_err());
    }
}
