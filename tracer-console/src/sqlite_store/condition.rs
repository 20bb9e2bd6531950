//! What a filter says of a trace as SQL over the tables: it keeps every trace that the filter keeps, and perhaps others.

use rusqlite::types::Value;

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

    /// `None` where nothing can be said.
    pub(super) fn of(prefilter: &Prefilter) -> Option<Self> {
        match prefilter {
            Prefilter::Anything => None,
            Prefilter::Nothing => Some(Self::new("FALSE", [])),
            // What cannot be said may be left out of an AND, and makes an OR say nothing.
            Prefilter::All(parts) => {
                let said: Vec<_> = parts.iter().filter_map(Self::of).collect();
                (!said.is_empty()).then(|| Self::joined(said, " AND "))
            }
            Prefilter::Any(parts) => {
                Some(Self::joined(parts.iter().map(Self::of).collect::<Option<Vec<_>>>()?, " OR "))
            }
            Prefilter::Where(indexed) => of_indexed(indexed).map(|known| known.condition),
            Prefilter::Unless(indexed) => {
                let known = of_indexed(indexed).filter(|known| known.is_exact)?;
                let Self { text, values } = known.condition;
                // An unknown comparison is false, so its opposite is true.
                Some(Self { text: format!("NOT coalesce({text}, FALSE)"), values })
            }
        }
    }

    fn joined(parts: Vec<Self>, with: &str) -> Self {
        let text = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(with);
        let values = parts.into_iter().flat_map(|part| part.values);
        Self::new(format!("({text})"), values)
    }
}

/// A condition, and whether it keeps only what is meant.
struct Known {
    condition: Condition,
    is_exact: bool,
}

fn exactly(condition: Condition) -> Known {
    Known { condition, is_exact: true }
}

fn at_least(condition: Condition) -> Known {
    Known { condition, is_exact: false }
}

fn of_indexed(indexed: &Indexed) -> Option<Known> {
    match indexed {
        Indexed::Trace(keyword, test) => of_trace(*keyword, test),
        Indexed::Segments(keyword, test) => of_segments(*keyword, test),
        Indexed::Annotation(key, test) => of_annotation(key, test),
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
        return Some(exactly(Condition::new(format!("flags & ? {is_set} 0"), [bits(marks)])));
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

fn of_segments(keyword: Keyword, test: &Test) -> Option<Known> {
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
    Some(in_table("texts", key, known))
}

fn of_annotation(key: &str, test: &Test) -> Option<Known> {
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
    Some(in_table("annotations", key, known))
}

/// Traces for which a table has a row of `key` that satisfies `known`.
fn in_table(table: &str, key: &str, known: Known) -> Known {
    let Known { condition, is_exact } = known;
    let text = format!("trace IN (SELECT trace FROM {table} WHERE key = {NAME} AND {})", condition.text);
    let values = std::iter::once(Value::Text(key.to_owned())).chain(condition.values);
    Known { condition: Condition::new(text, values), is_exact }
}

/// The number of a name.
const NAME: &str = "(SELECT name FROM names WHERE text = ?)";

fn of_service(service: &ServicePattern, mark: Option<Mark>) -> Option<Known> {
    let Some(name) = &service.name else {
        // Also a service of a certain type has the mark only if any segment has it.
        let any = Condition::new("any_marks & ? <> 0", [bits(mark?.into())]);
        return Some(Known { condition: any, is_exact: service.is_any() });
    };
    let (marked, marks) = marked(mark);
    let text = format!("trace IN (SELECT trace FROM services WHERE name = {NAME}{marked})");
    let values = std::iter::once(Value::Text(name.clone())).chain(marks);
    Some(Known { condition: Condition::new(text, values), is_exact: is_name_only(service) })
}

fn of_edge(from: &ServicePattern, to: &ServicePattern, mark: Option<Mark>) -> Option<Known> {
    let caller = from.name.as_ref()?;
    let (marked, marks) = marked(mark);
    let mut values = vec![Value::Text(caller.clone())];
    let callee = match &to.name {
        Some(callee) => {
            values.push(Value::Text(callee.clone()));
            format!(" AND callee = {NAME}")
        }
        None => String::new(),
    };
    let text = format!("trace IN (SELECT trace FROM calls WHERE caller = {NAME}{callee}{marked})");
    let is_exact = is_name_only(from) && is_name_only(to);
    Some(Known { condition: Condition::new(text, values.into_iter().chain(marks)), is_exact })
}

fn marked(mark: Option<Mark>) -> (&'static str, Option<Value>) {
    // Whether a callee is inferred is not kept with the call.
    match mark.filter(|mark| *mark != Mark::Inferred) {
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
