//! The line of one segment or subsegment.

use anstyle::Style;

use super::line::Line;
use super::scale::Scale;
use super::{BLUE, BOLD, CYAN, Columns, DIM, GREEN, MAGENTA, PLAIN, RED, YELLOW, color, text};
use crate::compiled::Outcome;
use crate::entity::{Entity, EntityKind};
use crate::trace::Node;

/// What is said about a node in a word, the worst first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Fault,
    Throttle,
    Error,
    Cancelled,
    InProgress,
    Orphan,
    Cut,
    Inferred,
    Repaired,
}

impl Mark {
    pub(crate) const ALL: [Self; 9] = [
        Self::Fault,
        Self::Throttle,
        Self::Error,
        Self::Cancelled,
        Self::InProgress,
        Self::Orphan,
        Self::Cut,
        Self::Inferred,
        Self::Repaired,
    ];

    pub(crate) fn is_on(self, node: Node<'_>) -> bool {
        match self {
            Self::Fault => Outcome::of(node.entity()).fault,
            Self::Throttle => Outcome::of(node.entity()).throttle,
            Self::Error => Outcome::of(node.entity()).error,
            Self::Cancelled => node.is_cancelled(),
            Self::InProgress => node.is_in_progress(),
            Self::Orphan => node.is_orphan(),
            Self::Cut => node.is_cut(),
            Self::Inferred => node.kind() == EntityKind::Inferred,
            Self::Repaired => node.is_repaired(),
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Throttle => "throttle",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::InProgress => "in progress",
            Self::Orphan => "orphan",
            Self::Cut => "cut",
            Self::Inferred => "inferred",
            Self::Repaired => "repaired",
        }
    }

    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Fault => "✗",
            Self::Throttle => "»",
            Self::Error => "!",
            Self::Cancelled => "∅",
            Self::InProgress => "…",
            Self::Orphan => "?",
            Self::Cut => "✂",
            Self::Inferred | Self::Repaired => "~",
        }
    }

    pub(super) const fn style(self) -> Style {
        match self {
            Self::Fault => RED,
            Self::Throttle => MAGENTA,
            Self::Error => YELLOW,
            Self::Cancelled | Self::InProgress => CYAN,
            Self::Orphan => BLUE,
            Self::Cut => YELLOW,
            Self::Inferred | Self::Repaired => DIM,
        }
    }

    pub(super) const fn colors_the_row(self) -> bool {
        matches!(self, Self::Fault | Self::Throttle | Self::Error | Self::Cancelled | Self::InProgress)
    }
}

/// The lines of the tree left of a name.
pub(super) struct Guides {
    /// Left of the name.
    pub(super) row: String,
    /// Left of what stands below the name.
    pub(super) below: String,
}

impl Guides {
    /// Deeper than this the tree does not move to the right any more; the depth is written instead.
    const DEEPEST: usize = 9;

    pub(super) fn of(node: Node<'_>) -> Self {
        let has_children = node.children().next().is_some();
        let trunk = if has_children { "│  " } else { "   " };
        if node.depth() > Self::DEEPEST {
            let indent = format!("{:indent$}", "", indent = 3 * (Self::DEEPEST - 1));
            return Self {
                row: format!("{indent}⋯{} ", node.depth()), below: format!("{indent}   {trunk}")
            };
        }
        let mut continuing = Vec::new();
        let mut at = node;
        while let Some(parent) = at.parent() {
            continuing.push(parent.children().next_back().is_some_and(|last| last.id() != at.id()));
            at = parent;
        }
        let mut above = String::new();
        for &goes_on in continuing.iter().skip(1).rev() {
            above.push_str(if goes_on { "│  " } else { "   " });
        }
        match continuing.first() {
            None => Self { row: above, below: trunk.to_owned() },
            Some(true) => Self { row: format!("{above}├─ "), below: format!("{above}│  {trunk}") },
            Some(false) => Self { row: format!("{above}└─ "), below: format!("{above}   {trunk}") },
        }
    }
}

/// Name, start, duration and bar of a node.
pub(super) fn draw(node: Node<'_>, guides: &Guides, columns: &Columns, scale: &Scale) -> Line {
    let mut line = name(node, guides, columns.name);
    line.pad(columns.name);
    let offset = scale.offset(node);
    let sign = if offset < 0 { "" } else { "+" };
    let start = format!("{sign}{}", text::duration(offset));
    let duration = node.duration_micros().map_or_else(|| "open".into(), text::duration);
    line.push(DIM, format!("{}{start:>width$}", Columns::GAP, width = columns.start));
    line.push(PLAIN, format!(" {duration:>width$}", width = columns.duration));
    line.push(DIM, " ");
    line.push(bar_color(node), scale.bar(node));
    line
}

fn bar_color(node: Node<'_>) -> Style {
    match (color(node), node.namespace(), node.kind()) {
        (style, _, _) if style != PLAIN => style,
        (_, Some(_), _) => BLUE,
        (_, None, EntityKind::Subsegment) => GREEN,
        (_, None, _) => CYAN,
    }
}

fn name(node: Node<'_>, guides: &Guides, columns: usize) -> Line {
    let mut line = Line::default();
    line.push(DIM, &guides.row);
    let mut marks = Line::default();
    for mark in Mark::ALL.into_iter().filter(|mark| mark.is_on(node)) {
        marks.push(mark.style(), format!(" {} {}", mark.sign(), mark.word()));
    }
    let name = if node.name().is_empty() { "(no name)".to_owned() } else { text::printable(node.name()) };
    // Marks are never cut for a long name, unless they alone are too wide.
    let room = columns.saturating_sub(line.width() + marks.width()).max(8);
    let style =
        if node.kind() == EntityKind::Subsegment { color(node) } else { color(node) | BOLD.get_effects() };
    line.push(style, text::cut(&name, room));
    line.append(marks);
    let about = text::printable(&about(node.entity()));
    if !about.is_empty() && line.width() + 6 <= columns {
        line.push(DIM, format!("  {about}"));
    }
    line
}

/// What kind of work it is: origin or namespace, what was called, how it answered.
pub(crate) fn about(entity: &Entity) -> String {
    let aws = |key: &str| entity.aws(key).and_then(|value| value.as_str()).map(str::to_owned);
    let resource =
        ["table_name", "bucket_name", "queue_url", "topic_arn", "function_name"].into_iter().find_map(aws);
    let resource = resource.map(|name| name.rsplit(['/', ':']).next().unwrap_or_default().to_owned());
    let is_aws = entity.namespace() == Some("aws");
    let request = entity.http_request("method").filter(|_| !is_aws).map(str::to_uppercase);
    let parts = [
        entity.origin().or(entity.namespace()).map(str::to_owned),
        aws("operation"),
        resource,
        entity.http_status().map(|status| status.to_string()),
        request,
        entity.http_request("url").filter(|_| !is_aws).map(path),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The path of a URL: the name of a remote subsegment is the host already.
fn path(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]);
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}
