//! The annotations of a trace as X-Ray indexes them: each key with its distinct values and who set them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::service::ServiceId;
use super::{CompiledTrace, clipped};

/// X-Ray indexes 50 annotations of a trace (fact sheet 1.9). They are counted by key here, the earliest to be set first;
/// the rest stays in the documents.
const MOST_INDEXED: usize = 50;

/// A value of an annotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AnnotationValue<'t> {
    String(&'t str),
    Number(f64),
    Boolean(bool),
}

impl<'t> AnnotationValue<'t> {
    /// `None` for what no annotation may be.
    fn read(value: &'t Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::String(clipped::text(text))),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// What it is compared by: numbers have no hash.
    fn key(self) -> (Option<&'t str>, u64) {
        match self {
            Self::String(text) => (Some(text), 0),
            Self::Number(number) => (None, number.to_bits()),
            // No number that JSON can write has these bits.
            Self::Boolean(value) => (None, u64::MAX - u64::from(value)),
        }
    }
}

/// A value of a key and the services that set it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnnotationEntry<'t> {
    pub(crate) value: AnnotationValue<'t>,
    pub(crate) services: Vec<ServiceId>,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Annotations<'t> {
    keys: Vec<(&'t str, Vec<AnnotationEntry<'t>>)>,
    by_key: HashMap<&'t str, usize>,
}

impl<'t> Annotations<'t> {
    pub(super) fn of(compiled: &CompiledTrace<'t>) -> Self {
        let mut indexing = Indexing::default();
        for node in compiled.trace().nodes() {
            let service = compiled.segment_of(node).service();
            for (key, value) in node.entity().annotations() {
                if let Some(value) = AnnotationValue::read(value).filter(|_| !clipped::is_no_key(key)) {
                    indexing.add(key, value, service);
                }
            }
        }
        indexing.annotations
    }

    /// The distinct values of a key, the earliest first; empty where it is not set.
    pub(crate) fn values(&self, key: &str) -> &[AnnotationEntry<'t>] {
        self.by_key.get(key).map(|&at| self.keys[at].1.as_slice()).unwrap_or_default()
    }

    /// Each key with its values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'t str, &[AnnotationEntry<'t>])> {
        self.keys.iter().map(|(key, values)| (*key, values.as_slice()))
    }
}

/// Builds the index without searching in it.
#[derive(Debug, Default)]
struct Indexing<'t> {
    annotations: Annotations<'t>,
    values: HashMap<(usize, (Option<&'t str>, u64)), usize>,
    services: HashSet<(usize, usize, ServiceId)>,
}

impl<'t> Indexing<'t> {
    fn add(&mut self, key: &'t str, value: AnnotationValue<'t>, service: Option<ServiceId>) {
        let Some(key) = self.key(key) else { return };
        let entries = &mut self.annotations.keys[key].1;
        let at = *self.values.entry((key, value.key())).or_insert_with(|| {
            entries.push(AnnotationEntry { value, services: Vec::new() });
            entries.len() - 1
        });
        if let Some(service) = service.filter(|&service| self.services.insert((key, at, service))) {
            entries[at].services.push(service);
        }
    }

    fn key(&mut self, key: &'t str) -> Option<usize> {
        let Annotations { keys, by_key } = &mut self.annotations;
        if let Some(&at) = by_key.get(key) {
            return Some(at);
        }
        if keys.len() == MOST_INDEXED {
            return None;
        }
        keys.push((key, Vec::new()));
        by_key.insert(key, keys.len() - 1);
        Some(keys.len() - 1)
    }
}
