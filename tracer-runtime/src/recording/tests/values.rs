//! Values of several open subsegments, in any order, with keys that come again: each document holds the last ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Namespace, put_metadata_in, set_aws, set_http_request, set_http_response, set_namespace, set_sql,
};

#[derive(Debug, Clone, Copy)]
enum Where {
    Annotation,
    Metadata,
    MetadataOf(&'static str),
    Aws,
    Sql,
    Request,
    Response,
    Member,
}

#[derive(Debug, Clone)]
struct Put {
    subsegment: usize,
    place: Where,
    key: &'static str,
    value: String,
}

fn put() -> impl Strategy<Value = Put> {
    let place = prop_oneof![
        4 => Just(Where::Annotation),
        4 => Just(Where::Metadata),
        2 => prop_oneof![Just("more"), Just("most")].prop_map(Where::MetadataOf),
        1 => Just(Where::Aws),
        1 => Just(Where::Sql),
        1 => Just(Where::Request),
        1 => Just(Where::Response),
        1 => Just(Where::Member),
    ];
    let key = prop_oneof![Just("key"), Just("kay"), Just("k"), Just("longer_key")];
    let value = (0_usize..900, "[a-z\"é]{0,3}").prop_map(|(length, end)| "v".repeat(length) + &end);
    // Few on the outer ones: their text stays whole until the arena was moved together.
    let subsegment = prop_oneof![1 => Just(0), 5 => Just(1), 200 => Just(2)];
    (subsegment, place, key, value).prop_map(|(subsegment, place, key, value)| Put {
        subsegment,
        place,
        key,
        value,
    })
}

impl Put {
    fn record(&self) {
        match self.place {
            Where::Annotation => put_annotation(self.key, &self.value),
            Where::Metadata => put_metadata(self.key, &self.value),
            Where::MetadataOf(namespace) => put_metadata_in(namespace, self.key, &self.value),
            Where::Aws => set_aws(self.key, &self.value),
            Where::Sql => set_sql(self.key, &self.value),
            Where::Request => set_http_request("GET", self.key),
            Where::Response => set_http_response(200, Some(self.value.len() as u64)),
            Where::Member => set_namespace(Namespace::Aws),
        }
    }

    fn expect(&self, expected: &mut Value) {
        let value = json!(self.value);
        match self.place {
            Where::Annotation => expected["annotations"][self.key] = value,
            Where::Metadata => expected["metadata"]["service_undefined"][self.key] = value,
            Where::MetadataOf(namespace) => expected["metadata"][namespace][self.key] = value,
            Where::Aws => expected["aws"][self.key] = value,
            Where::Sql => expected["sql"][self.key] = value,
            Where::Request => expected["http"]["request"] = json!({"method": "GET", "url": self.key}),
            Where::Response => {
                expected["http"]["response"] = json!({"status": 200, "content_length": self.value.len()});
            }
            Where::Member => expected["namespace"] = json!("aws"),
        }
    }
}

const NAMES: [&str; 3] = ["outer", "middle", "inner"];

fn record(puts: &[Put]) -> Vec<Value> {
    sent_by(65_507, || {
        subsegment(NAMES[0], || {
            let outer = Handle::current();
            subsegment(NAMES[1], || {
                let middle = Handle::current();
                subsegment(NAMES[2], || {
                    let handles = [outer, middle, Handle::current()];
                    puts.iter().for_each(|put| handles[put.subsegment].enter(|| put.record()));
                });
            });
        });
    })
}

/// The values alone, by the subsegment's name.
fn values(document: &Value, found: &mut BTreeMap<String, Value>) {
    let mut document = document.clone();
    let members = document.as_object_mut().unwrap();
    let children = members.remove("subsegments");
    let name = members.remove("name").unwrap();
    for other in ["id", "parent_id", "trace_id", "type", "start_time", "end_time"] {
        members.remove(other);
    }
    found.insert(name.as_str().unwrap().to_owned(), document);
    children.iter().flat_map(|children| children.as_array().unwrap()).for_each(|child| values(child, found));
}

/// What arrives, and what should.
fn both(puts: &[Put]) -> [BTreeMap<String, Value>; 2] {
    let mut expected: BTreeMap<String, Value> =
        NAMES.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    for put in puts {
        put.expect(expected.get_mut(NAMES[put.subsegment]).unwrap());
    }
    let mut found = BTreeMap::new();
    record(puts).iter().for_each(|document| values(document, &mut found));
    [found, expected]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_last_value_of_each_key_arrives_on_its_subsegment(puts in prop::collection::vec(put(), 0..700)) {
        let [found, expected] = both(&puts);
        prop_assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn so_do_the_few_that_most_subsegments_have(puts in prop::collection::vec(put(), 0..7)) {
        let [found, expected] = both(&puts);
        prop_assert_eq!(found, expected);
    }
}
