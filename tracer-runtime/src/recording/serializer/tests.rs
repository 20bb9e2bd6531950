//! The same text as serde_json, whole or up to any limit.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::value::{RawValue, Value};

use super::{Serializer, Stopped};

#[derive(Debug, Clone, Serialize)]
enum Shape {
    Unit,
    Newtype(Option<f32>),
    Tuple(i8, String),
    Struct { key: char, more: Vec<Shape> },
}

#[derive(Debug, Serialize)]
struct Newtype(u128);

#[derive(Debug, Serialize)]
struct Pair(f64, bool);

#[derive(Debug, Serialize)]
struct Everything {
    text: String,
    number: i64,
    small: Newtype,
    pair: Pair,
    tuple: (u8, ()),
    nothing: Option<u8>,
    by_number: BTreeMap<i16, Shape>,
    by_text: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    skipped: String,
    #[serde(flatten)]
    flat: BTreeMap<String, bool>,
    bytes: &'static [u8],
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Unit),
        any::<Option<f32>>().prop_map(Shape::Newtype),
        (any::<i8>(), any::<String>()).prop_map(|(number, text)| Shape::Tuple(number, text)),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        (any::<char>(), prop::collection::vec(inner, 0..4))
            .prop_map(|(key, more)| Shape::Struct { key, more })
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let maps = (
        prop::collection::btree_map(any::<i16>(), shape(), 0..3),
        prop::collection::btree_map(any::<String>(), any::<f64>(), 0..3),
        prop::collection::btree_map("x[a-z\"]{1,3}", any::<bool>(), 0..3),
    );
    let scalars = (any::<String>(), any::<i64>(), any::<u128>(), any::<f64>(), any::<bool>(), any::<u8>());
    (maps, scalars, ".{0,2}").prop_map(|((by_number, by_text, flat), scalars, skipped)| {
        let (text, number, large, double, boolean, byte) = scalars;
        let (small, pair) = (Newtype(large), Pair(double, boolean));
        let (tuple, nothing) = ((byte, ()), boolean.then_some(byte));
        Everything {
            text,
            number,
            small,
            pair,
            tuple,
            nothing,
            by_number,
            by_text,
            skipped,
            flat,
            bytes: b"ab",
        }
    })
}

fn written(value: &impl Serialize, limit: usize) -> (Vec<u8>, Result<(), Stopped>) {
    let mut out = b"before".to_vec();
    let end = out.len() + limit;
    let result = value.serialize(Serializer::new(&mut out, end, &Cell::new(false)));
    (out.split_off("before".len()), result)
}

proptest! {
    #[test]
    fn it_writes_what_serde_json_writes(value in everything()) {
        let (out, result) = written(&value, 1 << 20);
        prop_assert!(result.is_ok());
        prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn it_stops_at_any_limit_with_what_is_before_it(value in everything(), limit in 0_usize..400) {
        let whole = serde_json::to_vec(&value).unwrap();
        let (out, result) = written(&value, limit);
        prop_assert_eq!(result.is_ok(), whole.len() <= limit);
        prop_assert!(out.len() <= limit);
        let beginning = &whole[..out.len().min(whole.len())];
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(beginning));
    }
}

#[test]
fn what_serde_json_refuses_is_refused_with_its_words() {
    let map = BTreeMap::from([(vec![1], 2)]);
    let (_, result) = written(&map, 100);
    assert_eq!(result.unwrap_err().to_string(), serde_json::to_string(&map).unwrap_err().to_string());
}

#[test]
fn what_nests_too_deep_is_stopped_however_it_is_written() {
    let nested = |depth: usize| "[".repeat(depth) + "\"[[\\\"[\"" + &"]".repeat(depth);
    for (depth, is_taken) in [(64, true), (65, false), (200, false)] {
        let raw = RawValue::from_string(nested(depth)).unwrap();
        assert_eq!(written(&raw, 1000).1.is_ok(), is_taken, "{depth}");
        let mut value = Value::from(1);
        (0..depth).for_each(|_| value = vec![std::mem::take(&mut value)].into());
        assert_eq!(written(&value, 1000).1.is_ok(), is_taken, "{depth}");
    }
}

#[test]
fn a_raw_value_is_written_as_it_is() {
    let raw = RawValue::from_string("{ \"a\" : 1e3 }".to_owned()).unwrap();
    let (out, result) = written(&[(1, &raw)], 100);
    assert!(result.is_ok());
    assert_eq!(String::from_utf8(out).unwrap(), "[[1,{ \"a\" : 1e3 }]]");
}
