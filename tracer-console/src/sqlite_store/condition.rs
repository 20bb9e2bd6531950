//! Conditions as SQL.

use std::rc::Rc;

use rusqlite::types::{ToSql, ToSqlOutput, Value};

/// A condition on a table, with what its question marks stand for in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: Vec<Given>,
}

/// What a question mark stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Value(Value),
    /// The rows of `rarray(?)`.
    Numbers(Rc<Vec<Value>>),
}

impl ToSql for Given {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Value(value) => value.to_sql(),
            Self::Numbers(numbers) => numbers.to_sql(),
        }
    }
}

impl Condition {
    pub(super) fn new(text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { text: text.into(), values: values.into_iter().map(Given::Value).collect() }
    }

    /// That a trace is one of these.
    pub(super) fn listed(traces: &[i64]) -> Self {
        let numbers = Rc::new(traces.iter().copied().map(Value::Integer).collect());
        Self { text: "trace IN rarray(?)".to_owned(), values: vec![Given::Numbers(numbers)] }
    }

    pub(super) fn joined(parts: Vec<Self>, with: &str) -> Self {
        let text = balanced(&parts, with);
        Self { text, values: parts.into_iter().flat_map(|part| part.values).collect() }
    }

    pub(super) fn negated(self) -> Self {
        // An unknown comparison is false, so its opposite is true.
        Self { text: format!("NOT coalesce({}, FALSE)", self.text), ..self }
    }
}

/// The parts joined in pairs of pairs: SQLite reads a long chain as a deep tree, and refuses trees of more than 1,000 levels.
fn balanced(parts: &[Condition], with: &str) -> String {
    match parts {
        [] => "TRUE".to_owned(),
        [only] => only.text.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({}{with}{})", balanced(left, with), balanced(right, with))
        }
    }
}

/// The condition that the shape of a trace is one of these.
pub(super) fn in_shapes(shapes: &[i64]) -> Condition {
    let listed: Vec<_> = shapes.iter().map(i64::to_string).collect();
    Condition::new(format!("shape IN ({})", listed.join(",")), [])
}

/// The condition that the shape of a trace satisfies a condition.
pub(super) fn among_shapes(condition: Condition) -> Condition {
    let text = format!("shape IN (SELECT shape FROM shapes WHERE {})", condition.text);
    Condition { text, ..condition }
}
