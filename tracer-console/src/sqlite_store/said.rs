//! What a filter says of a trace as SQL over the tables: it keeps every trace that the filter keeps, and perhaps others.

use super::condition::{Condition, among_shapes, in_shapes};
use super::error::SqliteError;
use super::place::of_indexed;
use super::text_chunks::Wanted;
use crate::filter::Prefilter;

/// What is said of a trace: all of it must be so.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    /// On the table `shapes`.
    pub(super) of_shape: Option<Condition>,
    /// On the table `traces`.
    pub(super) of_trace: Option<Condition>,
    /// The numbers of the traces, if they are few, in order.
    pub(super) listed: Option<Vec<i64>>,
    /// Whether only what is meant is kept.
    pub(super) is_exact: bool,
}

/// What looking for a text in a range came to.
pub(super) enum Looked {
    /// The numbers of the traces that have it, in order.
    These(Vec<i64>),
    Many,
    /// It is better looked for in its table.
    Nowhere,
}

/// What the tables hold, as far as it matters to how they are asked.
pub(super) trait Tables {
    /// The traces of the rows of a table that satisfy a condition (`annotations WHERE ...`), in order; `None` for many.
    fn traces(&self, rows: &Condition) -> Result<Option<Vec<i64>>, SqliteError>;

    /// The traces in the range that is asked about that have a text.
    fn texts(&self, wanted: &Wanted<'_>) -> Result<Looked, SqliteError>;

    /// The traces in the range that is asked about that satisfy a condition on their rows, which takes reading all of these;
    /// `None` for many.
    fn rows(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError>;

    /// The shapes that satisfy a condition; `None` where they are too many to be named.
    fn shapes(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError>;

    /// Whether what has many rows and cannot be looked up for each trace is better left to who reads documents: a page
    /// of those is soon full.
    fn leaves_many(&self) -> bool;
}

impl Said {
    pub(super) fn of(prefilter: &Prefilter, tables: &dyn Tables) -> Result<Self, SqliteError> {
        match prefilter {
            Prefilter::Anything => Ok(Self { is_exact: true, ..Self::default() }),
            Prefilter::Nothing => Ok(Self::shape(Condition::new("FALSE", []))),
            Prefilter::All(parts) => {
                let said = parts.iter().map(|part| Self::of(part, tables)).collect::<Result<_, _>>()?;
                Ok(Self::all(said))
            }
            Prefilter::Any(parts) => {
                let said = parts.iter().map(|part| Self::of(part, tables)).collect::<Result<_, _>>()?;
                Self::any(said, tables)
            }
            Prefilter::Where(indexed) => {
                Ok(of_indexed(indexed).map(|place| place.said(tables)).transpose()?.unwrap_or_default())
            }
            Prefilter::Unless(indexed) => {
                let said = of_indexed(indexed).map(|place| place.said(tables)).transpose()?;
                // What is only kept among others says nothing of those that are not.
                Ok(said.filter(|said| said.is_exact).map(Self::negated).unwrap_or_default())
            }
        }
    }

    pub(super) fn shape(condition: Condition) -> Self {
        Self { of_shape: Some(condition), is_exact: true, ..Self::default() }
    }

    pub(super) fn trace(condition: Condition) -> Self {
        Self { of_trace: Some(condition), is_exact: true, ..Self::default() }
    }

    pub(super) fn listed(traces: Vec<i64>) -> Self {
        Self { listed: Some(traces), is_exact: true, ..Self::default() }
    }

    fn says_nothing(&self) -> bool {
        self.of_shape.is_none() && self.of_trace.is_none() && self.listed.is_none()
    }

    /// Of a leaf, of which one thing is said.
    fn negated(self) -> Self {
        let Self { of_shape, of_trace, listed, is_exact } = self;
        let of_trace = of_trace.or(listed.as_deref().map(Condition::listed));
        let negated = |condition: Option<Condition>| condition.map(Condition::negated);
        Self { of_shape: negated(of_shape), of_trace: negated(of_trace), listed: None, is_exact }
    }

    /// What cannot be said may be left out.
    fn all(parts: Vec<Self>) -> Self {
        let mut all = Self { is_exact: true, ..Self::default() };
        let (mut of_shape, mut of_trace) = (Vec::new(), Vec::new());
        for part in parts {
            of_shape.extend(part.of_shape);
            of_trace.extend(part.of_trace);
            all.is_exact &= part.is_exact;
            all.listed = match (all.listed, part.listed) {
                (Some(one), Some(other)) => Some(common(&one, &other)),
                (one, other) => one.or(other),
            };
        }
        let joined = |said: Vec<Condition>| (!said.is_empty()).then(|| Condition::joined(said, " AND "));
        Self { of_shape: joined(of_shape), of_trace: joined(of_trace), ..all }
    }

    /// What cannot be said makes all of it say nothing.
    fn any(parts: Vec<Self>, tables: &dyn Tables) -> Result<Self, SqliteError> {
        if parts.iter().any(Self::says_nothing) {
            return Ok(Self::default());
        }
        let is_exact = parts.iter().all(|part| part.is_exact);
        if parts.iter().all(|part| part.of_trace.is_none() && part.listed.is_none()) {
            let of_shape = parts.into_iter().filter_map(|part| part.of_shape).collect();
            let of_shape = Some(Condition::joined(of_shape, " OR "));
            return Ok(Self { of_shape, is_exact, ..Self::default() });
        }
        if parts.iter().all(|part| part.of_trace.is_none() && part.of_shape.is_none()) {
            let mut listed: Vec<i64> = parts.into_iter().filter_map(|part| part.listed).flatten().collect();
            listed.sort_unstable();
            listed.dedup();
            return Ok(Self { listed: Some(listed), is_exact, ..Self::default() });
        }
        let of_trace = parts.into_iter().map(|part| part.in_traces(tables)).collect::<Result<_, _>>()?;
        let of_trace = Some(Condition::joined(of_trace, " OR "));
        Ok(Self { of_trace, is_exact, ..Self::default() })
    }

    /// All of it as a condition on `traces`.
    fn in_traces(self, tables: &dyn Tables) -> Result<Condition, SqliteError> {
        let mut all = Vec::new();
        if let Some(condition) = self.of_shape {
            all.push(match tables.shapes(&condition)? {
                Some(shapes) => in_shapes(&shapes),
                None => among_shapes(condition),
            });
        }
        all.extend(self.listed.as_deref().map(Condition::listed));
        all.extend(self.of_trace);
        Ok(Condition::joined(all, " AND "))
    }
}

/// The numbers that are in both lists, which are in order.
fn common(one: &[i64], other: &[i64]) -> Vec<i64> {
    let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
    few.iter().copied().filter(|number| many.binary_search(number).is_ok()).collect()
}

#[cfg(test)]
#[path = "said_tests.rs"]
mod tests;
