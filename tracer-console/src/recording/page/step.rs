//! The rows of a waterfall in the order in which the page writes them, with where nesting begins and ends.

use super::shown;
use super::told::{self, Section, Thrown};
use crate::compiled::Outcome;
use crate::entity::EntityKind;
use crate::trace::{Node, Trace};
use crate::waterfall::text::duration;
use crate::waterfall::{Mark, Scale, about};

/// Rows of one trace; all segments and subsegments are in the documents.
const MOST_ROWS: usize = 5_000;
/// Browsers do not nest elements without end; what is deeper stands below the deepest.
const DEEPEST: usize = 100;
/// The width that bars are measured in.
pub(super) const WIDTH: i64 = 1_000;
/// What is shorter still has its place.
const NARROWEST: i64 = 2;
const MOST_LINKS: usize = 20;

/// What is written next.
pub(super) enum Step {
    /// A row; what follows until its end is nested in it.
    Begin(Box<Row>),
    /// A row in which there is nothing to unfold.
    Leaf(Box<Row>),
    End,
}

/// A segment or subsegment.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) about: String,
    /// Words, each with the class that colours it.
    pub(super) marks: Vec<(&'static str, &'static str)>,
    /// How its name and bar are coloured.
    pub(super) class: &'static str,
    pub(super) start: String,
    pub(super) duration: String,
    pub(super) bar: (i64, i64),
    pub(super) annotations: Vec<(String, String)>,
    pub(super) exceptions: Vec<Thrown>,
    pub(super) links: Vec<String>,
    pub(super) sections: Vec<Section>,
}

/// The steps of a trace, and how many rows were left out.
pub(super) fn of(trace: &Trace) -> (Vec<Step>, usize) {
    let scale = Scale::of(trace, 1);
    let mut steps = Vec::new();
    let mut open = 0;
    for node in trace.nodes().take(MOST_ROWS) {
        let depth = node.depth().min(DEEPEST);
        steps.extend((depth..open).map(|_| Step::End));
        let row = Box::new(Row::of(node, &scale));
        if node.children().next().is_none() && row.tells_nothing() {
            steps.push(Step::Leaf(row));
            open = depth;
        } else {
            steps.push(Step::Begin(row));
            open = depth + 1;
        }
    }
    steps.extend((0..open).map(|_| Step::End));
    (steps, trace.len().saturating_sub(MOST_ROWS))
}

impl Row {
    fn of(node: Node<'_>, scale: &Scale) -> Self {
        let offset = scale.offset(node);
        let sign = if offset < 0 { "" } else { "+" };
        let marks = Mark::ALL.into_iter().filter(|mark| mark.is_on(node));
        let links = node.links().take(MOST_LINKS).map(|link| link.trace_id().to_string());
        Self {
            name: if node.name().is_empty() { "(no name)".to_owned() } else { shown::name(node.name()) },
            about: shown::name(&about(node.entity())),
            marks: marks.map(|mark| (mark.word(), class_of(mark))).collect(),
            class: class(node),
            start: format!("{sign}{}", duration(offset)),
            duration: node.duration_micros().map_or_else(|| "open".into(), duration),
            bar: bar(offset, node.duration_micros(), scale.total()),
            annotations: told::annotations(node),
            exceptions: told::exceptions(node),
            links: links.collect(),
            sections: told::sections(node),
        }
    }

    fn tells_nothing(&self) -> bool {
        !self.tells_at_once() && self.sections.is_empty()
    }

    /// Whether something is shown below it without being unfolded.
    pub(super) fn tells_at_once(&self) -> bool {
        !(self.annotations.is_empty() && self.exceptions.is_empty() && self.links.is_empty())
    }
}

fn class(node: Node<'_>) -> &'static str {
    let Outcome { fault, error, throttle } = Outcome::of(node.entity());
    match () {
        () if fault => "fault",
        () if throttle => "throttle",
        () if error => "error",
        () if node.is_cancelled() || node.is_in_progress() => "open",
        () if node.kind() != EntityKind::Subsegment => "segment",
        () if node.namespace().is_some() => "remote",
        () => "local",
    }
}

fn class_of(mark: Mark) -> &'static str {
    match mark {
        Mark::Fault => "fault",
        Mark::Throttle => "throttle",
        Mark::Error | Mark::Cut => "error",
        Mark::Cancelled | Mark::InProgress | Mark::Orphan => "open",
        Mark::Inferred | Mark::Repaired => "dim",
    }
}

/// Where a bar begins and how wide it is; one without an end goes on to the right.
fn bar(offset: i64, duration: Option<i64>, total: i64) -> (i64, i64) {
    let of = |micros: i64| {
        let scaled = i128::from(micros.max(0)) * i128::from(WIDTH) / i128::from(total.max(1));
        i64::try_from(scaled).unwrap_or(WIDTH).clamp(0, WIDTH)
    };
    let from = of(offset).min(WIDTH - NARROWEST);
    let to = duration.map_or(WIDTH, |duration| of(offset.saturating_add(duration)));
    (from, (to - from).max(NARROWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_within_their_width_whatever_the_clocks_say() {
        assert_eq!(bar(250, Some(500), 1_000), (250, 500));
        assert_eq!(bar(250, None, 1_000), (250, 750));
        assert_eq!(bar(1_000, Some(0), 1_000), (998, 2));
        assert_eq!(bar(-500, Some(700), 1_000), (0, 200));
        assert_eq!(bar(0, Some(0), 0), (0, 2));
        for offset in [i64::MIN, -1, 0, i64::MAX] {
            for duration in [None, Some(0), Some(i64::MAX)] {
                let (from, width) = bar(offset, duration, i64::MAX);
                assert!((0..=WIDTH).contains(&from) && width >= NARROWEST && from + width <= WIDTH);
            }
        }
    }
}
