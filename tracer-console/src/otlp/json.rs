//! Spans in OTLP's JSON, and what they come from: names in camelCase or snake_case, ids in hexadecimal, 64-bit numbers as text or numbers, enums by number or
//! by name, and members that are not known are passed over.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::{Map, Value as Json};

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Malformed {
    path: String,
    what: String,
}

impl Malformed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { path: String::new(), what: what.into() }
    }

    pub(super) fn within(self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{dot}{}", self.path), ..self }
    }

    fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str(&self.what),
            path => write!(f, "{path}: {}", self.what),
        }
    }
}

/// The members of an object, each taken once by its name in camelCase.
struct Members(Map<String, Json>);

impl Members {
    fn of(json: Json) -> Result<Self, Malformed> {
        match json {
            Json::Object(members) => Ok(Self(members)),
            _ => Err(Malformed::new("not an object")),
        }
    }

    /// A member by either of its names; `null` is as good as absent.
    fn take(&mut self, name: &str) -> Option<Json> {
        let found = match self.0.remove(name) {
            None if name.contains(char::is_uppercase) => self.0.remove(&snake_case(name)),
            found => found,
        };
        found.filter(|value| !value.is_null())
    }

    fn read<T: Default>(
        &mut self,
        name: &str,
        read: impl FnOnce(Json) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let value = self.take(name).map(read).transpose();
        Ok(value.map_err(|error| error.within(name))?.unwrap_or_default())
    }

    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Members) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.read(name, |value| Members::of(value).and_then(read).map(Some))
    }

    fn list<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Members) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        self.values(name, |value| Members::of(value).and_then(&mut read))
    }

    fn values<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Json) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        self.read(name, |value| {
            let Json::Array(values) = value else { return Err(Malformed::new("not an array")) };
            let read = |(index, value)| read(value).map_err(|error: Malformed| error.at(index));
            values.into_iter().enumerate().map(read).collect()
        })
    }

    /// The attributes that can be read, and how many there are beside them.
    fn good_attributes(&mut self) -> (Vec<KeyValue>, u32) {
        let said = self.number("droppedAttributesCount").unwrap_or(0);
        let read = |json| Ok(Members::of(json).and_then(key_value).ok());
        let read = self.values("attributes", read).unwrap_or_else(|_| vec![None]);
        let dropped = u32::try_from(read.iter().filter(|read| read.is_none()).count()).unwrap_or(u32::MAX);
        (read.into_iter().flatten().collect(), dropped.saturating_add(said))
    }

    fn text(&mut self, name: &str) -> Result<String, Malformed> {
        self.read(name, text)
    }

    fn id(&mut self, name: &str) -> Result<Vec<u8>, Malformed> {
        self.read(name, |value| hex(&text(value)?))
    }

    fn number<T: TryFrom<i128> + Default>(&mut self, name: &str) -> Result<T, Malformed> {
        self.read(name, number)
    }

    /// An enum's value by its number, or by its name; a name that is not known is none.
    fn one_of(&mut self, name: &str, by_name: impl FnOnce(&str) -> Option<i32>) -> Result<i32, Malformed> {
        self.read(name, |value| match value {
            Json::String(name) => Ok(by_name(&name).or_else(|| name.parse().ok()).unwrap_or_default()),
            value => number(value),
        })
    }
}

pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn text(value: Json) -> Result<String, Malformed> {
    match value {
        Json::String(text) => Ok(text),
        _ => Err(Malformed::new("not a string")),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, Malformed> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    let bytes = text.as_bytes().chunks(2).map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| Malformed::new("not hexadecimal digits"))
}

#[allow(clippy::needless_pass_by_value, reason = "as the others that read a value")]
fn number<T: TryFrom<i128>>(value: Json) -> Result<T, Malformed> {
    let number = match &value {
        Json::Number(number) => whole(number),
        Json::String(text) => text.parse().ok().or_else(|| whole(&serde_json::from_str(text).ok()?)),
        _ => None,
    };
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| Malformed::new("not a whole number that fits"))
}

/// A whole number, also as JavaScript may write it: `1.5e9`.
#[allow(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn whole(number: &serde_json::Number) -> Option<i128> {
    let float = || {
        number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e30).map(|float| float as i128)
    };
    number.as_i128().or_else(float)
}

/// A resource without the attributes that are wrong, which are counted.
pub(super) fn resource(json: Json) -> Resource {
    let Ok(mut members) = Members::of(json) else {
        return Resource { dropped_attributes_count: 1, ..Resource::default() };
    };
    let (attributes, dropped_attributes_count) = members.good_attributes();
    Resource { attributes, dropped_attributes_count, ..Resource::default() }
}

/// The same of a scope.
pub(super) fn scope(json: Json) -> InstrumentationScope {
    let Ok(mut members) = Members::of(json) else { return InstrumentationScope::default() };
    let (attributes, dropped_attributes_count) = members.good_attributes();
    let mut text = |name| members.text(name).unwrap_or_default();
    let (name, version) = (text("name"), text("version"));
    InstrumentationScope { name, version, attributes, dropped_attributes_count }
}

/// A span.
pub(super) fn span(json: Json) -> Result<Span, Malformed> {
    let mut members = Members::of(json)?;
    Ok(Span {
        trace_id: members.id("traceId")?,
        span_id: members.id("spanId")?,
        trace_state: members.text("traceState")?,
        parent_span_id: members.id("parentSpanId")?,
        flags: members.number("flags")?,
        name: members.text("name")?,
        kind: members.one_of("kind", |name| Some(SpanKind::from_str_name(name)?.into()))?,
        start_time_unix_nano: members.number("startTimeUnixNano")?,
        end_time_unix_nano: members.number("endTimeUnixNano")?,
        attributes: members.list("attributes", key_value)?,
        dropped_attributes_count: members.number("droppedAttributesCount")?,
        events: members.list("events", event)?,
        dropped_events_count: members.number("droppedEventsCount")?,
        links: members.list("links", link)?,
        dropped_links_count: members.number("droppedLinksCount")?,
        status: members.optional("status", status)?,
    })
}

fn event(mut members: Members) -> Result<Event, Malformed> {
    Ok(Event {
        time_unix_nano: members.number("timeUnixNano")?,
        name: members.text("name")?,
        attributes: members.list("attributes", key_value)?,
        dropped_attributes_count: members.number("droppedAttributesCount")?,
    })
}

fn link(mut members: Members) -> Result<Link, Malformed> {
    Ok(Link {
        trace_id: members.id("traceId")?,
        span_id: members.id("spanId")?,
        trace_state: members.text("traceState")?,
        attributes: members.list("attributes", key_value)?,
        dropped_attributes_count: members.number("droppedAttributesCount")?,
        flags: members.number("flags")?,
    })
}

fn status(mut members: Members) -> Result<Status, Malformed> {
    let code = members.one_of("code", |name| Some(StatusCode::from_str_name(name)?.into()))?;
    Ok(Status { message: members.text("message")?, code })
}

fn key_value(mut members: Members) -> Result<KeyValue, Malformed> {
    Ok(KeyValue {
        key: members.text("key")?,
        value: members.optional("value", any_value)?,
        ..Default::default()
    })
}

fn any_value(mut members: Members) -> Result<AnyValue, Malformed> {
    let Some((name, json)) = KINDS.into_iter().find_map(|name| Some((name, members.take(name)?))) else {
        return Ok(AnyValue::default());
    };
    let value = match name {
        "stringValue" => text(json).map(Value::StringValue),
        "boolValue" => flag(&json).map(Value::BoolValue),
        "intValue" => number(json).map(Value::IntValue),
        "doubleValue" => double(&json).map(Value::DoubleValue),
        "bytesValue" => text(json).and_then(|text| base64(&text)).map(Value::BytesValue),
        "arrayValue" => Members::of(json).and_then(array).map(Value::ArrayValue),
        _ => Members::of(json).and_then(list).map(Value::KvlistValue),
    };
    Ok(AnyValue { value: Some(value.map_err(|error| error.within(name))?) })
}

/// The names of the member that a value has one of.
const KINDS: [&str; 7] =
    ["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue"];

fn array(mut members: Members) -> Result<ArrayValue, Malformed> {
    Ok(ArrayValue { values: members.list("values", any_value)? })
}

fn list(mut members: Members) -> Result<KeyValueList, Malformed> {
    Ok(KeyValueList { values: members.list("values", key_value)? })
}

fn flag(value: &Json) -> Result<bool, Malformed> {
    value.as_bool().ok_or_else(|| Malformed::new("neither true nor false"))
}

/// A number; what is none is written as text, such as `NaN`.
fn double(value: &Json) -> Result<f64, Malformed> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| Malformed::new("not a number"))
}

/// Either alphabet, padded or not: a reader of protobuf's JSON takes them all.
fn base64(text: &str) -> Result<Vec<u8>, Malformed> {
    const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_for_urls = text.contains(['-', '_']);
    let alphabet = if is_for_urls { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, INDIFFERENT)
        .decode(text)
        .map_err(|error| Malformed::new(format!("not base64: {error}")))
}
