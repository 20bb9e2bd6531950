//! Where the tables know what a filter asks for.

use rusqlite::types::Value;

use super::condition::{Condition, Given};
use super::error::SqliteError;
use super::marks::Marks;
use super::said::{Looked, Said, Tables};
use super::shape::TEXTS;
use super::text_chunks::{Table, Wanted};
use crate::filter::{Indexed, Keyword, Mark, NumberOperator, Prefilter, ServicePattern, Test, TextOperator};

/// Where it is found whether a trace satisfies a condition.
pub(super) enum Place<'f> {
    /// In its shape.
    Shape(Condition),
    /// In its row, of which an index or what is known of minutes has a part.
    Trace(Condition),
    /// In its row alone.
    Row(Condition),
    /// In the table, of which the trace has one of the rows (`annotations WHERE ...`). `is_keyed` says whether the rows of a
    /// trace can be looked up by the table's key; `wanted` says the same of texts, which can be looked for in the range alone.
    Table { table: Table, rows: Condition, is_keyed: bool, wanted: Option<Wanted<'f>> },
}

impl Place<'_> {
    pub(super) fn said(self, tables: &dyn Tables) -> Result<Said, SqliteError> {
        let (table, rows, is_keyed, wanted) = match self {
            Self::Shape(condition) => return Ok(Said::shape(condition)),
            Self::Trace(condition) => return Ok(Said::trace(condition)),
            Self::Row(condition) => {
                return Ok(match tables.rows(&condition)? {
                    Some(listed) => Said::listed(listed),
                    None => Said::trace(condition),
                });
            }
            Self::Table { table, rows, is_keyed, wanted } => (table, rows, is_keyed, wanted),
        };
        match wanted.map(|wanted| tables.texts(&wanted)).transpose()? {
            Some(Looked::These(listed)) => return Ok(Said::listed(listed)),
            Some(Looked::Many) if tables.leaves_many() => return Ok(Said::default()),
            Some(Looked::Many | Looked::Nowhere) | None => {}
        }
        if let Some(listed) = tables.traces(&rows)? {
            return Ok(Said::listed(listed));
        }
        let text = if is_keyed {
            format!("EXISTS (SELECT 1 FROM {} AND {}.trace = traces.trace)", rows.text, table.name())
        } else if tables.leaves_many() {
            return Ok(Said::default());
        } else {
            format!("trace IN (SELECT trace FROM {})", rows.text)
        };
        Ok(Said::trace(Condition { text, ..rows }))
    }
}

pub(super) fn of_indexed(indexed: &Indexed) -> Option<Place<'_>> {
    match indexed {
        Indexed::Trace(keyword, test) => of_trace(*keyword, test),
        Indexed::Segments(keyword, test) => of_segments(*keyword, test),
        Indexed::Annotation(key, test) => Some(of_annotation(key, test)),
        Indexed::Service(service, mark) => of_service(service, *mark),
        Indexed::Edge(from, to, mark) => Some(of_edge(from, to, *mark)),
        Indexed::RootCauses(_) => None,
    }
}

fn of_trace<'f>(keyword: Keyword, test: &'f Test) -> Option<Place<'f>> {
    if let Some(marks) = Marks::of_keyword(keyword) {
        let is_set = match test {
            Test::Present | Test::Is(true) => "<>",
            Test::Is(false) => "=",
            Test::Number(..) | Test::Text(..) => return None,
        };
        return Some(Place::Shape(Condition::new(format!("flags & ? {is_set} 0"), [bits(marks)])));
    }
    let (place, column): (fn(Condition) -> Place<'f>, _) = match keyword {
        Keyword::ResponseTime => (Place::Trace, RESPONSE_TIME),
        Keyword::Duration => (Place::Trace, DURATION),
        Keyword::HttpStatus => (Place::Shape, "status"),
        Keyword::HttpUrl if matches!(test, Test::Text(TextOperator::Equal, _)) => (Place::Trace, "url"),
        Keyword::HttpUrl => (Place::Row, "url"),
        Keyword::HttpMethod => (Place::Shape, "method"),
        _ => return None,
    };
    match test {
        Test::Present => Some(place(Condition::new(format!("{column} IS NOT NULL"), []))),
        Test::Number(operator, number) => {
            Some(place(Condition::new(compared(column, *operator), [Value::Real(*number)])))
        }
        Test::Text(operator, text) => Some(place(of_text(column, *operator, text))),
        Test::Is(_) => None,
    }
}

/// Seconds rounded to milliseconds, bit for bit as the summary says them; NULL where there are none.
const RESPONSE_TIME: &str = "CASE WHEN response_time >= 0 THEN (response_time + 500) / 1000 / 1e3 END";
const DURATION: &str = "CASE WHEN duration >= 0 THEN (duration + 500) / 1000 / 1e3 END";

/// The same of what the traces of a minute have at least and at most.
const SHORTEST_RESPONSE: &str = "(shortest_response + 500) / 1000 / 1e3";
const LONGEST_RESPONSE: &str = "(longest_response + 500) / 1000 / 1e3";
const SHORTEST: &str = "(shortest + 500) / 1000 / 1e3";
const LONGEST: &str = "(longest + 500) / 1000 / 1e3";

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

/// `instr` finds bytes, so no character of a text can mislead it; `substr` does so in blobs.
fn of_text(column: &str, operator: TextOperator, text: &str) -> Condition {
    let value = || Value::Text(text.to_owned());
    match operator {
        TextOperator::Equal => Condition::new(format!("{column} = ?"), [value()]),
        TextOperator::NotEqual => Condition::new(format!("{column} <> ?"), [value()]),
        _ if text.is_empty() => Condition::new(format!("{column} IS NOT NULL"), []),
        TextOperator::Contains => Condition::new(format!("instr({column}, ?) > 0"), [value()]),
        TextOperator::BeginsWith => Condition::new(format!("instr({column}, ?) = 1"), [value()]),
        TextOperator::EndsWith => {
            let bytes = Value::Blob(text.as_bytes().to_vec());
            let ends = format!("substr(CAST({column} AS BLOB), ?) = ?");
            let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
            Condition::new(ends, [Value::Integer(-length), bytes])
        }
    }
}

fn of_segments(keyword: Keyword, test: &Test) -> Option<Place<'_>> {
    let key = match keyword {
        Keyword::User => "user",
        Keyword::ResourceArn => "resource.arn",
        Keyword::InstanceId => "instance.id",
        Keyword::AvailabilityZone => "availabilityzone",
        // Of services.
        Keyword::AccountId => {
            let condition = match test {
                Test::Present => Condition::new("account IS NOT NULL", []),
                Test::Text(operator, text) => of_text("account", *operator, text),
                Test::Is(_) | Test::Number(..) => return None,
            };
            return Some(Place::Shape(among("services", condition)));
        }
        _ => return None,
    };
    match test {
        Test::Present => {
            let bit = TEXTS.iter().position(|text| *text == key)?;
            Some(Place::Shape(Condition::new(format!("texts & {} <> 0", 1 << bit), [])))
        }
        Test::Text(operator, text) => {
            let wanted = Wanted { table: Table::Texts, key, operator: *operator, text };
            let condition = beginning(*operator, text);
            Some(with_text(wanted, condition.unwrap_or_else(|| of_text("value", *operator, text))))
        }
        Test::Is(_) | Test::Number(..) => None,
    }
}

/// That a table of shapes has a row that satisfies the condition.
fn among(table: &str, condition: Condition) -> Condition {
    Condition { text: format!("shape IN (SELECT shape FROM {table} WHERE {})", condition.text), ..condition }
}

fn of_annotation<'f>(key: &'f str, test: &'f Test) -> Place<'f> {
    // In the order of SQLite numbers come before texts, and texts before the blobs that booleans are.
    let condition = match test {
        Test::Present => {
            return Place::Shape(among("keys", Condition::new("key = ?", [Value::Text(key.to_owned())])));
        }
        Test::Is(value) => Condition::new("value = ?", [Value::Blob(vec![u8::from(*value)])]),
        Test::Number(NumberOperator::NotEqual, number) => return unless_number(key, *number),
        Test::Number(operator, number) => {
            Condition::new(format!("{} AND value < ''", compared("value", *operator)), [Value::Real(*number)])
        }
        Test::Text(operator, text) => {
            let condition = of_text("value", *operator, text);
            let condition = match beginning(*operator, text) {
                // A range of texts, and so of nothing else.
                Some(beginning) => beginning,
                None => Condition {
                    text: format!("{} AND value >= '' AND value < x''", condition.text),
                    ..condition
                },
            };
            return with_text(
                Wanted { table: Table::Annotations, key, operator: *operator, text },
                condition,
            );
        }
    };
    // The value stands in the key before the trace.
    let is_keyed = matches!(test, Test::Is(_) | Test::Number(NumberOperator::Equal, _));
    let rows = rows_of(Table::Annotations, key, condition);
    Place::Table { table: Table::Annotations, rows, is_keyed, wanted: None }
}

/// Numbers below and numbers above: all that are equal are passed over.
fn unless_number<'f>(key: &str, number: f64) -> Place<'f> {
    let rows =
        |condition: &str| rows_of(Table::Annotations, key, Condition::new(condition, [Value::Real(number)]));
    let sides = [rows("value < ?"), rows("value > ? AND value < ''")];
    let [below, above] = sides.each_ref().map(|side| &side.text);
    let text = format!("(SELECT trace FROM {below} UNION ALL SELECT trace FROM {above}) WHERE TRUE");
    let rows = Condition { text, values: sides.into_iter().flat_map(|side| side.values).collect() };
    Place::Table { table: Table::Annotations, rows, is_keyed: false, wanted: None }
}

/// Traces that have a text of a key for which the condition holds, which says what is wanted.
fn with_text(wanted: Wanted<'_>, condition: Condition) -> Place<'_> {
    let rows = rows_of(wanted.table, wanted.key, condition);
    let is_keyed = wanted.operator == TextOperator::Equal;
    // A part of the index is all that these need.
    let is_indexed = matches!(wanted.operator, TextOperator::Equal | TextOperator::BeginsWith);
    Place::Table { table: wanted.table, rows, is_keyed, wanted: Some(wanted).filter(|_| !is_indexed) }
}

/// The rows of a table that have a key and for which a condition holds.
fn rows_of(table: Table, key: &str, condition: Condition) -> Condition {
    let text = format!(
        "{} WHERE key = (SELECT name FROM names WHERE text = ?) AND {}",
        table.name(),
        condition.text
    );
    let key = Given::Value(Value::Text(key.to_owned()));
    Condition { text, values: std::iter::once(key).chain(condition.values).collect() }
}

/// Texts that begin with something are those from it on and before the next that does not.
fn beginning(operator: TextOperator, text: &str) -> Option<Condition> {
    if operator != TextOperator::BeginsWith {
        return None;
    }
    // In the order of bytes, which is that of characters; there is none after the last.
    let (last, next) =
        text.char_indices().rev().find_map(|(at, last)| Some((at, (last..=char::MAX).nth(1)?)))?;
    let after = format!("{}{next}", &text[..last]);
    Some(Condition::new("value >= ? AND value < ?", [text.to_owned(), after].map(Value::Text)))
}

fn of_service(service: &ServicePattern, mark: Option<Mark>) -> Option<Place<'static>> {
    if service.is_any() {
        // Segments whose service is not known are meant, too.
        return of_mark("any_marks", mark).map(Place::Shape);
    }
    let mut said = of_pattern("", service);
    said.extend(of_mark("marks", mark));
    Some(Place::Shape(among("services", Condition::joined(said, " AND "))))
}

fn of_edge(from: &ServicePattern, to: &ServicePattern, mark: Option<Mark>) -> Place<'static> {
    let mut said = of_pattern("one.", from);
    if from.service_type.is_none() {
        // As `ServicePattern::calls_as` has it.
        said.push(Condition::new("one.kind IS NOT 'client'", []));
    }
    said.extend(of_pattern("other.", to));
    said.extend(of_mark("calls.marks", mark));
    let tables = "services AS one JOIN calls ON calls.shape = one.shape AND calls.caller = one.service \
                  JOIN services AS other ON other.shape = calls.shape AND other.service = calls.callee";
    let Condition { text, values } = Condition::joined(said, " AND ");
    let text = format!("shape IN (SELECT calls.shape FROM {tables} WHERE {text})");
    Place::Shape(Condition { text, values })
}

/// What a pattern says of a row of `services`.
fn of_pattern(table: &str, service: &ServicePattern) -> Vec<Condition> {
    let parts = [("name", &service.name), ("kind", &service.service_type), ("account", &service.account_id)];
    let said = parts.into_iter().filter_map(|(column, asked)| Some((column, asked.as_ref()?)));
    said.map(|(column, asked)| Condition::new(format!("{table}{column} = ?"), [Value::Text(asked.clone())]))
        .collect()
}

fn of_mark(column: &str, mark: Option<Mark>) -> Option<Condition> {
    mark.map(|mark| Condition::new(format!("{column} & ? <> 0"), [bits(mark.into())]))
}

fn bits(marks: Marks) -> Value {
    Value::Integer(marks.bits())
}

/// What must be so of a minute, on the table `minutes`, in which a trace begins that satisfies the prefilter; `None` where
/// nothing can be said.
pub(super) fn of_minute(prefilter: &Prefilter) -> Option<Condition> {
    match prefilter {
        Prefilter::All(parts) => {
            let said: Vec<_> = parts.iter().filter_map(of_minute).collect();
            (!said.is_empty()).then(|| Condition::joined(said, " AND "))
        }
        Prefilter::Any(parts) => {
            let said: Option<Vec<_>> = parts.iter().map(of_minute).collect();
            said.map(|said| Condition::joined(said, " OR "))
        }
        Prefilter::Where(Indexed::Trace(Keyword::HttpUrl, Test::Text(TextOperator::Equal, url))) => {
            let holds = "minute IN (SELECT minute FROM minute_urls WHERE holds_url(urls, ?))";
            Some(Condition::new(holds, [Value::Text(url.clone())]))
        }
        Prefilter::Where(Indexed::Trace(keyword, Test::Number(operator, number))) => {
            let [least, most] = match keyword {
                Keyword::ResponseTime => [SHORTEST_RESPONSE, LONGEST_RESPONSE],
                Keyword::Duration => [SHORTEST, LONGEST],
                _ => return None,
            };
            let number = Value::Real(*number);
            match operator {
                NumberOperator::Less | NumberOperator::LessOrEqual => {
                    Some(Condition::new(compared(least, *operator), [number]))
                }
                NumberOperator::Greater | NumberOperator::GreaterOrEqual => {
                    Some(Condition::new(compared(most, *operator), [number]))
                }
                NumberOperator::Equal => {
                    Some(Condition::new(format!("? BETWEEN {least} AND {most}"), [number]))
                }
                NumberOperator::NotEqual => None,
            }
        }
        _ => None,
    }
}
