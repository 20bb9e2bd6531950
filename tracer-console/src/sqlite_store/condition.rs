//! What a filter says of a trace as SQL over the tables: it keeps every trace that the filter keeps, and perhaps others.

use rusqlite::types::Value;

use super::error::SqliteError;
use super::marks::Marks;
use crate::filter::{Indexed, Keyword, Mark, NumberOperator, Prefilter, ServicePattern, Test, TextOperator};

/// A condition on the table `traces`, with the values of its question marks in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Condition {
    fn new(text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { text: text.into(), values: values.into_iter().collect() }
    }

    /// `None` where nothing can be said. `are_few` says whether a table has few rows that satisfy a condition: these are
    /// listed, and many are looked up for each trace.
    pub(super) fn of(prefilter: &Prefilter, are_few: &AreFew<'_>) -> Result<Option<Self>, SqliteError> {
        let of_all = |parts: &[Prefilter]| -> Result<Vec<Option<Self>>, SqliteError> {
            parts.iter().map(|part| Self::of(part, are_few)).collect()
        };
        let of_indexed = |indexed| -> Result<Option<Known>, SqliteError> {
            of_indexed(indexed).map(|found| found.in_traces(are_few)).transpose()
        };
        Ok(match prefilter {
            Prefilter::Anything => None,
            Prefilter::Nothing => Some(Self::new("FALSE", [])),
            // What cannot be said may be left out of an AND, and makes an OR say nothing.
            Prefilter::All(parts) => {
                let said: Vec<_> = of_all(parts)?.into_iter().flatten().collect();
                (!said.is_empty()).then(|| Self::joined(said, " AND "))
            }
            Prefilter::Any(parts) => {
                let said: Option<Vec<_>> = of_all(parts)?.into_iter().collect();
                said.map(|said| Self::joined(said, " OR "))
            }
            Prefilter::Where(indexed) => of_indexed(indexed)?.map(|known| known.condition),
            Prefilter::Unless(indexed) => {
                let known = of_indexed(indexed)?.filter(|known| known.is_exact);
                // An unknown comparison is false, so its opposite is true.
                known.map(|Known { condition: Self { text, values }, .. }| Self {
                    text: format!("NOT coalesce({text}, FALSE)"),
                    values,
                })
            }
        })
    }

    fn joined(parts: Vec<Self>, with: &str) -> Self {
        let text = balanced(&parts, with);
        Self::new(text, parts.into_iter().flat_map(|part| part.values))
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

/// A condition, and whether it keeps only what is meant.
struct Known {
    condition: Condition,
    is_exact: bool,
}

/// Asked with a table and a condition on it.
pub(super) type AreFew<'a> = dyn Fn(&Condition) -> Result<bool, SqliteError> + 'a;

/// Where it is found whether a trace satisfies a condition.
enum Place {
    /// In its row.
    Traces(Known),
    /// In the table, of which the trace has a row that satisfies the condition. `is_keyed` says whether the rows of a
    /// trace can be looked up by the table's key.
    Table { table: &'static str, known: Known, is_keyed: bool },
}

impl Place {
    /// The condition on `traces`.
    fn in_traces(self, are_few: &AreFew<'_>) -> Result<Known, SqliteError> {
        let (table, known, is_keyed) = match self {
            Self::Traces(known) => return Ok(known),
            Self::Table { table, known, is_keyed } => (table, known, is_keyed),
        };
        let Known { condition: Condition { text, values }, is_exact } = known;
        let rows = Condition { text: format!("{table} WHERE {text}"), values };
        let text = if !is_keyed || are_few(&rows)? {
            format!("trace IN (SELECT trace FROM {})", rows.text)
        } else {
            format!("EXISTS (SELECT 1 FROM {} AND {table}.trace = traces.trace)", rows.text)
        };
        Ok(Known { condition: Condition { text, values: rows.values }, is_exact })
    }
}

fn exactly(condition: Condition) -> Known {
    Known { condition, is_exact: true }
}

fn at_least(condition: Condition) -> Known {
    Known { condition, is_exact: false }
}

fn of_indexed(indexed: &Indexed) -> Option<Place> {
    match indexed {
        Indexed::Trace(keyword, test) => of_trace(*keyword, test).map(Place::Traces),
        Indexed::Segments(keyword, test) => of_segments(*keyword, test),
        Indexed::Annotation(key, test) => Some(of_annotation(key, test)),
        Indexed::Service(service, mark) => of_service(service, *mark),
        Indexed::Edge(from, to, mark) => of_edge(from, to, *mark),
        Indexed::RootCauses(_) => None,
    }
}

fn of_trace(keyword: Keyword, test: &Test) -> Option<Known> {
    if let Some(marks) = Marks::of_keyword(keyword) {
        let is_set = match test {
            Test::Present | Test::Is(true) => "<>",
            Test::Is(false) => "=",
            Test::Number(..) | Test::Text(..) => return None,
        };
        let failed = match keyword {
            Keyword::Error | Keyword::Fault | Keyword::Throttle if is_set == "<>" => "flags & 14 <> 0 AND ",
            _ => "",
        };
        return Some(exactly(Condition::new(format!("({failed}flags & ? {is_set} 0)"), [bits(marks)])));
    }
    let column = match keyword {
        Keyword::ResponseTime => "response_time",
        Keyword::Duration => "duration",
        Keyword::HttpStatus => "status",
        Keyword::HttpUrl => "url",
        Keyword::HttpMethod => "method",
        _ => return None,
    };
    match test {
        Test::Present => Some(exactly(Condition::new(format!("{column} IS NOT NULL"), []))),
        Test::Number(operator, number) => {
            Some(exactly(Condition::new(compared(column, *operator), [Value::Real(*number)])))
        }
        Test::Text(operator, text) => Some(of_text(column, *operator, text)),
        Test::Is(_) => None,
    }
}

fn compared(column: &str, operator: NumberOperator) -> String {
    let operator = match operator {
        NumberOperator::Equal => "=",
        NumberOperator::NotEqual => "<>",
        NumberOperator::Less => "<",
        NumberOperator::LessOrEqual => "<=",
        NumberOperator::Greater => ">",
        NumberOperator::GreaterOrEqual => ">=",
    };
    format!("{column} {operator} ?")
}

/// `instr` finds bytes, so no character of a text can mislead it.
fn of_text(column: &str, operator: TextOperator, text: &str) -> Known {
    let value = [Value::Text(text.to_owned())];
    match operator {
        TextOperator::Equal => exactly(Condition::new(format!("{column} = ?"), value)),
        TextOperator::NotEqual => exactly(Condition::new(format!("{column} <> ?"), value)),
        _ if text.is_empty() => exactly(Condition::new(format!("{column} IS NOT NULL"), [])),
        TextOperator::Contains => exactly(Condition::new(format!("instr({column}, ?) > 0"), value)),
        TextOperator::BeginsWith => exactly(Condition::new(format!("instr({column}, ?) = 1"), value)),
        TextOperator::EndsWith => at_least(Condition::new(format!("instr({column}, ?) > 0"), value)),
    }
}

fn of_segments(keyword: Keyword, test: &Test) -> Option<Place> {
    let key = match keyword {
        Keyword::User => "user",
        Keyword::ResourceArn => "resource.arn",
        Keyword::InstanceId => "instance.id",
        Keyword::AvailabilityZone => "availabilityzone",
        _ => return None,
    };
    let known = match test {
        Test::Present => exactly(Condition::new("TRUE", [])),
        Test::Text(operator, text) => of_text("value", *operator, text),
        Test::Is(_) | Test::Number(..) => return None,
    };
    Some(in_table("texts", key, test, known))
}

fn of_annotation(key: &str, test: &Test) -> Place {
    // In the order of SQLite numbers come before texts, and texts before the blobs that booleans are.
    let known = match test {
        Test::Present => exactly(Condition::new("value <> x'00'", [])),
        Test::Is(value) => exactly(Condition::new("value = ?", [Value::Blob(vec![u8::from(*value)])])),
        Test::Number(operator, number) => exactly(Condition::new(
            format!("{} AND value < ''", compared("value", *operator)),
            [Value::Real(*number)],
        )),
        Test::Text(operator, text) => {
            let Known { condition, is_exact } = of_text("value", *operator, text);
            let text = format!("{} AND value >= '' AND value < x''", condition.text);
            Known { condition: Condition { text, ..condition }, is_exact }
        }
    };
    in_table("annotations", key, test, known)
}

/// Traces for which a table has a row of `key` that satisfies `known`.
fn in_table(table: &'static str, key: &str, test: &Test, known: Known) -> Place {
    let Known { condition, is_exact } = known;
    let text = format!("key = {NAME} AND {}", condition.text);
    let values = std::iter::once(Value::Text(key.to_owned())).chain(condition.values);
    let known = Known { condition: Condition::new(text, values), is_exact };
    // The value stands in the key before the trace.
    let is_keyed = matches!(
        test,
        Test::Is(_) | Test::Number(NumberOperator::Equal, _) | Test::Text(TextOperator::Equal, _)
    );
    Place::Table { table, known, is_keyed }
}

/// The number of a name.
const NAME: &str = "(SELECT name FROM names WHERE text = ?)";

fn of_service(service: &ServicePattern, mark: Option<Mark>) -> Option<Place> {
    let Some(name) = &service.name else {
        // Also a service of a certain type has the mark only if any segment has it.
        let any = Condition::new("any_marks & ? <> 0", [bits(mark?.into())]);
        return Some(Place::Traces(Known { condition: any, is_exact: service.is_any() }));
    };
    let (marked, marks) = marked(mark);
    let text = format!("name = {NAME}{marked}");
    let values = std::iter::once(Value::Text(name.clone())).chain(marks);
    let known = Known { condition: Condition::new(text, values), is_exact: is_name_only(service) };
    Some(Place::Table { table: "services", known, is_keyed: true })
}

fn of_edge(from: &ServicePattern, to: &ServicePattern, mark: Option<Mark>) -> Option<Place> {
    let caller = from.name.as_ref()?;
    // Whether a callee is inferred is not kept with the call.
    let is_kept = mark != Some(Mark::Inferred);
    let (marked, marks) = marked(mark.filter(|_| is_kept));
    let mut values = vec![Value::Text(caller.clone())];
    let callee = match &to.name {
        Some(callee) => {
            values.push(Value::Text(callee.clone()));
            format!(" AND callee = {NAME}")
        }
        None => String::new(),
    };
    let text = format!("caller = {NAME}{callee}{marked}");
    let is_exact = is_name_only(from) && is_name_only(to) && is_kept;
    let known = Known { condition: Condition::new(text, values.into_iter().chain(marks)), is_exact };
    Some(Place::Table { table: "calls", known, is_keyed: to.name.is_some() })
}

fn marked(mark: Option<Mark>) -> (&'static str, Option<Value>) {
    match mark {
        // As the index of those that failed says it.
        Some(mark @ (Mark::Error | Mark::Fault | Mark::Throttle)) => {
            (" AND marks & 14 <> 0 AND marks & ? <> 0", Some(bits(mark.into())))
        }
        Some(mark) => (" AND marks & ? <> 0", Some(bits(mark.into()))),
        None => ("", None),
    }
}

fn is_name_only(service: &ServicePattern) -> bool {
    service.name.is_some() && service.service_type.is_none() && service.account_id.is_none()
}

fn bits(marks: Marks) -> Value {
    Value::Integer(marks.bits())
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
