//! The subsegments that arrived, taken out of their documents.

use std::collections::HashMap;

use serde_json::Value;
use tracer_console::Linted;

const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";
const LARGEST_DATAGRAM: usize = 65_507;

/// One subsegment as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The id of the subsegment that nests it, or that its document names; empty of a segment that names none.
    pub parent_id: String,
    /// Whether it has an end.
    pub is_complete: bool,
    /// All of it but what it nests.
    pub own: Value,
}

/// Everything that arrived, in order.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    /// The subsegments, each document's root before what it nests.
    pub all: Vec<Arrival>,
    /// How many documents brought them.
    pub documents: usize,
}

impl Arrivals {
    /// Reads datagrams.
    ///
    /// # Panics
    /// If one is too large or not what X-Ray takes: a header line and a document of JSON that it does not refuse.
    #[must_use]
    pub fn of<D: AsRef<[u8]>>(datagrams: &[D]) -> Self {
        let arrivals = Self::with_segments(datagrams);
        assert!(arrivals.segments().next().is_none(), "in Lambda only AWS sends segments: {arrivals:?}");
        arrivals
    }

    /// Reads datagrams of consumers outside of Lambda, which send segments of their own.
    ///
    /// # Panics
    /// If one is too large or not what X-Ray takes.
    #[must_use]
    pub fn with_segments<D: AsRef<[u8]>>(datagrams: &[D]) -> Self {
        let mut arrivals = Self { all: Vec::new(), documents: datagrams.len() };
        for datagram in datagrams {
            let datagram = datagram.as_ref();
            assert!(datagram.len() <= LARGEST_DATAGRAM, "a datagram of {} bytes", datagram.len());
            let text = datagram.strip_prefix(HEADER_LINE).expect("the header line comes first");
            assert_eq!(Linted::of(datagram).refused(), 0, "{}", String::from_utf8_lossy(text));
            let document: Value = serde_json::from_slice(text)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)));
            let parent = match document["type"].as_str() {
                Some("subsegment") => text_of(&document, "parent_id"),
                of_segment => {
                    assert_eq!(of_segment, None);
                    document["parent_id"].as_str().unwrap_or_default().to_owned()
                }
            };
            arrivals.take(document, parent);
        }
        arrivals
    }

    fn take(&mut self, document: Value, parent: String) {
        let mut waiting = vec![(document, parent)];
        while let Some((mut own, parent_id)) = waiting.pop() {
            let id = text_of(&own, "id");
            let nested = own.as_object_mut().and_then(|members| members.remove("subsegments"));
            if let Some(Value::Array(nested)) = nested {
                assert!(!nested.is_empty(), "an empty list is not sent");
                waiting.extend(nested.into_iter().rev().map(|child| (child, id.clone())));
            }
            let is_complete = own["end_time"].is_number();
            assert_eq!(own["in_progress"] == true, !is_complete, "one of both: {own}");
            self.all.push(Arrival { name: text_of(&own, "name"), id, parent_id, is_complete, own });
        }
    }

    /// Each id arrives at most once in progress and then at most once complete.
    ///
    /// # Panics
    /// If one does not.
    pub fn assert_each_once(&self) {
        let mut is_complete_by_id: HashMap<&str, bool> = HashMap::new();
        for arrival in &self.all {
            let before = is_complete_by_id.insert(&arrival.id, arrival.is_complete);
            let is_first = before.is_none();
            let completes = before == Some(false) && arrival.is_complete;
            assert!(is_first || completes, "again, complete before: {before:?}: {arrival:?}");
        }
    }

    /// The segments, complete or in progress.
    pub fn segments(&self) -> impl Iterator<Item = &Arrival> {
        self.all.iter().filter(|arrival| arrival.own["trace_id"].is_string() && arrival.own["type"].is_null())
    }

    /// The complete subsegments of this name.
    pub fn complete<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arrival> {
        self.all.iter().filter(move |arrival| arrival.name == name && arrival.is_complete)
    }

    /// The subsegments in progress of this name.
    pub fn in_progress<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arrival> {
        self.all.iter().filter(move |arrival| arrival.name == name && !arrival.is_complete)
    }

    /// The sum of what the documents say was dropped at the memory cap: values, subsegments.
    #[must_use]
    pub fn dropped(&self) -> (u64, u64) {
        let of = |what: &str| {
            let notes = self.all.iter().map(|arrival| &arrival.own["metadata"]["tracer-runtime"]["dropped"]);
            notes.filter_map(|note| note[what].as_u64()).sum()
        };
        (of("values"), of("subsegments"))
    }
}

fn text_of(document: &Value, member: &str) -> String {
    document[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {document}")).to_owned()
}
