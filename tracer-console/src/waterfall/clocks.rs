//! Clocks that disagree: who was called before anybody called it, or after the answer was there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::line::Line;
use super::{PLAIN, YELLOW, text};
use crate::entity::EntityKind;
use crate::trace::{Node, Trace};

/// Clocks of machines that are set by the network differ by less, and so do times that are rounded to milliseconds.
const USUAL: i64 = 10_000;
/// The widest that a name is shown.
const WIDEST_NAME: usize = 40;

/// A clock that seems to differ from the caller's by so many microseconds, behind it where it is positive.
struct Difference<'a> {
    caller: &'a str,
    callee: &'a str,
    micros: i64,
}

/// What is said of the clocks of a trace: of the two that differ most, and of how many others; `None` where times are possible.
pub(super) fn draw(trace: &Trace) -> Option<Line> {
    let mut pairs = BTreeMap::<_, Difference<'_>>::new();
    for found in trace.nodes().filter_map(difference) {
        let known = pairs.entry((found.callee, found.caller)).or_insert(Difference { micros: 0, ..found });
        if found.micros.unsigned_abs() > known.micros.unsigned_abs() {
            known.micros = found.micros;
        }
    }
    let most = pairs.values().max_by_key(|pair| (pair.micros.unsigned_abs(), Reverse(pair.callee)))?;
    let name = |name: &str| text::printable(&text::cut(name, WIDEST_NAME));
    let amount = text::duration(most.micros.saturating_abs());
    let direction = if most.micros > 0 { "behind" } else { "ahead of" };
    let mut line = Line::default();
    line.push(YELLOW, "! ");
    line.push(
        PLAIN,
        format!(
            "the clock of {} seems {amount} {direction} that of its caller {}",
            name(most.callee),
            name(most.caller)
        ),
    );
    if pairs.len() > 1 {
        line.push(PLAIN, format!(", and {} more", pairs.len() - 1));
    }
    Some(line)
}

/// Of a segment whose place in time is impossible beside the call that it answers.
fn difference(segment: Node<'_>) -> Option<Difference<'_>> {
    let call = segment.parent().filter(|_| segment.kind() == EntityKind::Segment)?;
    let early = call.start().micros_since(segment.start());
    let late = call.end().filter(|_| is_answered(call)).map(|end| segment.start().micros_since(end));
    if early <= USUAL && late.is_none_or(|late| late <= USUAL) {
        return None;
    }
    let micros = match (call.duration_micros(), segment.duration_micros()) {
        // The way there takes as long as the way back, as far as anybody knows.
        (Some(call), Some(own)) if own <= call => early.saturating_add((call - own) / 2),
        _ if early > 0 => early,
        _ => late?.saturating_neg(),
    };
    let caller = std::iter::successors(Some(call), |node| node.parent())
        .find(|node| node.kind() != EntityKind::Subsegment)
        .unwrap_or(call);
    Some(Difference { caller: caller.entity().name(), callee: segment.entity().name(), micros })
}

/// Whether the caller waited for what was called: whoever hands a message over does not.
fn is_answered(call: Node<'_>) -> bool {
    call.kind() == EntityKind::Subsegment
        && call.namespace() == Some("remote")
        && call.http_status().is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Waterfall;
    use crate::compiled::fixtures;

    /// The line below the heading of a trace in which `front` calls `back` from 0.1 to 0.8 s.
    fn second_line(back: (f64, f64), call: &Value) -> String {
        let mut call_of_back = fixtures::segment("back", 2, (0.1, 0.8), json!({"namespace": "remote"}));
        call_of_back.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
        let trace = fixtures::from_documents(&[
            fixtures::segment("front", 1, (0.0, 1.0), json!({"subsegments": [call_of_back]})),
            fixtures::segment("back", 3, back, json!({"parent_id": fixtures::id(2).to_string()})),
        ]);
        let drawn = Waterfall::new(&trace).colored(false).to_string();
        drawn.lines().nth(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_callee_that_began_before_its_call_is_told_by_how_much_its_clock_is_off() {
        let slow = "! the clock of back seems 5 m 00 s behind that of its caller front";
        assert_eq!(second_line((-299.8, -299.3), &json!({})), slow);
        let answered = json!({"http": {"response": {"status": 200}}});
        let fast = "! the clock of back seems 1 h 00 m ahead of that of its caller front";
        assert_eq!(second_line((3_600.2, 3_600.7), &answered), fast);
    }

    #[test]
    fn times_that_are_possible_are_not_doubted() {
        for back in [(0.2, 0.7), (0.095, 0.5), (0.5, 1.4), (60.0, 61.0)] {
            let line = second_line(back, &json!({}));
            assert!(!line.contains("clock"), "{line}: who only leaves a message does not wait for {back:?}");
        }
    }
}
