//! About what a request takes in memory once it is decoded, found without decoding it.

use std::mem::size_of;

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::wire::{Field, Fields};

/// As deep as prost decodes.
const DEEPEST: usize = 100;

/// The messages that a request is made of.
#[derive(Debug, Clone, Copy)]
enum Message {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    Status,
    KeyValue,
    AnyValue,
    Array,
    List,
}

impl Message {
    /// The message in a field, by the field's number in OTLP's definition.
    fn field(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Request, 1) => Self::ResourceSpans,
            (Self::ResourceSpans, 1) => Self::Resource,
            (Self::ResourceSpans, 2) => Self::ScopeSpans,
            (Self::ScopeSpans, 1) => Self::Scope,
            (Self::ScopeSpans, 2) => Self::Span,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Span, 15) => Self::Status,
            (Self::Resource | Self::List, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Link, 4)
            | (Self::Span, 9) => Self::KeyValue,
            (Self::KeyValue, 2) | (Self::Array, 1) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::Array,
            (Self::AnyValue, 6) => Self::List,
            _ => return None,
        })
    }

    /// Bytes of memory without what it points to; a list that grows takes up to twice as much.
    fn size(self) -> usize {
        2 * match self {
            Self::Request => 0,
            Self::ResourceSpans => size_of::<ResourceSpans>(),
            Self::Resource => size_of::<Resource>(),
            Self::ScopeSpans => size_of::<ScopeSpans>(),
            Self::Scope => size_of::<InstrumentationScope>(),
            Self::Span => size_of::<Span>(),
            Self::Event => size_of::<Event>(),
            Self::Link => size_of::<Link>(),
            Self::Status => size_of::<Status>(),
            Self::KeyValue => size_of::<KeyValue>(),
            Self::AnyValue => size_of::<AnyValue>(),
            Self::Array => size_of::<ArrayValue>(),
            Self::List => size_of::<KeyValueList>(),
        }
    }
}

/// The weight of a request, as far as it can be read: decoding ends there, too.
pub(crate) fn of(bytes: &[u8]) -> usize {
    let mut weight = bytes.len();
    weigh(bytes, Message::Request, 0, &mut weight);
    weight
}

fn weigh(bytes: &[u8], message: Message, depth: usize, weight: &mut usize) -> Option<()> {
    for field in Fields::of(bytes) {
        let Field { number, bytes } = field?;
        let known = bytes.and_then(|bytes| Some((bytes, message.field(number)?)));
        if let Some((inner, field)) = known.filter(|_| depth < DEEPEST) {
            *weight += field.size();
            weigh(inner, field, depth + 1, weight)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
    use prost::Message as _;

    use super::super::fixtures::{any, array, event, request, span};
    use super::*;

    #[test]
    fn every_message_within_a_request_is_weighed() {
        let mut one = span(SpanKind::Client, [("a", any(1)), ("b", array([any(1), any(2)]))]);
        one.events = vec![event("e", [("c", any(1))])];
        let bytes = request(Vec::new(), vec![one]).encode_to_vec();
        let parts = size_of::<ResourceSpans>()
            + size_of::<Resource>()
            + size_of::<ScopeSpans>()
            + size_of::<Span>()
            + size_of::<Event>()
            + 3 * size_of::<KeyValue>()
            + 5 * size_of::<AnyValue>()
            + size_of::<ArrayValue>();
        assert_eq!(of(&bytes), bytes.len() + 2 * parts);
    }

    #[test]
    fn empty_spans_weigh_what_they_take_and_not_their_two_bytes() {
        let bytes = request(Vec::new(), vec![Span::default(); 1_000]).encode_to_vec();
        assert!(of(&bytes) > 1_000 * size_of::<Span>());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = of(&bytes);
        }
    }
}
