//! What must hold of everything that was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::plan::Outermost;
use crate::recording::NUMBER;

const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";
const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
const SEGMENT: &str = "53995c3f42cd8ad8";

/// A document or what it nests, with no member that X-Ray does not know, and none twice.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Document {
    id: String,
    name: String,
    start_time: f64,
    end_time: f64,
    trace_id: Option<String>,
    parent_id: Option<String>,
    r#type: Option<String>,
    origin: Option<String>,
    links: Option<Vec<Link>>,
    fault: Option<bool>,
    error: Option<bool>,
    throttle: Option<bool>,
    cause: Option<Value>,
    namespace: Option<String>,
    http: Option<Members<Members<Value>>>,
    aws: Option<Members<Value>>,
    sql: Option<Members<Value>>,
    annotations: Members<Value>,
    metadata: Option<Members<Members<Value>>>,
    #[serde(default)]
    subsegments: Vec<Document>,
}

/// A call in another trace that led to a segment.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    trace_id: String,
    id: String,
    #[allow(dead_code)]
    attributes: Members<Value>,
}

/// The members of an object, none of them twice.
struct Members<T>(BTreeMap<String, T>);

/// Checks each datagram, and that each subsegment is in one of them below its parent; `parents` is by number, the outermost first.
pub(crate) fn check(datagrams: &[Vec<u8>], parents: &[Option<usize>], outermost: Outermost) {
    let mut found = Found::default();
    let documents: Vec<_> = datagrams.iter().map(|datagram| read(datagram)).collect();
    let trace = documents.first().and_then(|document| document.trace_id.clone());
    assert!(outermost == Outermost::Batch || trace.is_none_or(|trace| trace == TRACE));
    for document in &documents {
        assert_eq!(document.trace_id, documents[0].trace_id);
        match document.r#type.as_deref() {
            Some(kind) => assert!(kind == "subsegment" && document.parent_id.is_some()),
            None => check_segment(document, outermost),
        }
        // A segment that hangs on nothing is taken for one that hangs on the sender.
        let parent = document.parent_id.as_deref().unwrap_or(SEGMENT);
        found.take(document, parent, document.start_time);
    }
    let segments = documents.iter().filter(|document| document.r#type.is_none()).count();
    assert_eq!(segments, usize::from(outermost != Outermost::Handler));
    for (number, parent) in parents.iter().enumerate() {
        let (_, parent_id) = found.ids.get(&number).unwrap_or_else(|| panic!("{number} is lost"));
        let expected = parent.map_or(SEGMENT, |parent| &found.ids[&parent].0);
        assert_eq!(parent_id, expected, "the parent of {number}");
    }
    assert_eq!(found.ids.len(), parents.len(), "nothing but what was opened");
}

fn check_segment(document: &Document, outermost: Outermost) {
    assert_eq!(document.annotations.0.get(NUMBER), Some(&0.into()));
    assert_eq!(document.origin.as_deref(), Some("AWS::ECS::Container"));
    match outermost {
        Outermost::Handler => panic!("only AWS sends segments there"),
        Outermost::Continued => {
            assert_eq!(document.parent_id.as_deref(), Some(SEGMENT));
            assert!(document.links.is_none());
        }
        Outermost::Batch => {
            assert_eq!(document.parent_id, None);
            let links = document.links.as_deref().expect("a sampled sender is linked");
            assert_eq!(links.len(), 1);
            assert_eq!((links[0].trace_id.as_str(), links[0].id.as_str()), (TRACE, SEGMENT));
        }
    }
}

fn read(datagram: &[u8]) -> Document {
    let json = datagram.strip_prefix(HEADER_LINE).expect("a header line and a document");
    let mut reader = serde_json::Deserializer::from_slice(json);
    // A user's own value may be as deep as it likes.
    reader.disable_recursion_limit();
    let document = Document::deserialize(&mut reader);
    document.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)))
}

#[derive(Default)]
struct Found {
    /// By number: the id, and the parent's.
    ids: BTreeMap<usize, (String, String)>,
    all_ids: BTreeSet<String>,
}

impl Found {
    fn take(&mut self, document: &Document, parent: &str, earliest: f64) {
        let Document { id, name, start_time, end_time, annotations, .. } = document;
        assert!(is_id(id) && is_id(parent), "{id} of {parent}");
        assert!(self.all_ids.insert(id.clone()), "{id} is there twice");
        assert!(!name.trim().is_empty() && name.chars().count() <= 200, "{name:?}");
        assert!(earliest <= *start_time && start_time <= end_time, "{earliest} {start_time} {end_time}");
        for (key, value) in &annotations.0 {
            assert!(is_annotation_key(key), "{key:?}");
            assert!(value.is_string() || value.is_number() || value.is_boolean(), "{value}");
        }
        let number = annotations.0.get(NUMBER).and_then(Value::as_u64).expect("its first annotation is kept");
        let twice = self.ids.insert(number as usize, (id.clone(), parent.to_owned()));
        assert_eq!(twice, None, "{number} is there twice");
        for child in &document.subsegments {
            assert!(child.trace_id.is_none() && child.parent_id.is_none() && child.r#type.is_none());
            assert!(child.origin.is_none() && child.links.is_none());
            self.take(child, id, *start_time);
        }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_annotation_key(key: &str) -> bool {
    (1..=500).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce(PhantomData))
    }
}

struct EachOnce<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachOnce<T> {
    type Value = Members<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<T>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, T>()? {
            if members.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("{key:?} is there twice")));
            }
        }
        Ok(Members(members))
    }
}
