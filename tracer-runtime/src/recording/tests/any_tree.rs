//! Trees of any shape and size: all of each arrives, once and in its place.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{check_schema, flatten, sent_by};
use crate::{put_annotation, put_metadata, subsegment};

/// A subsegment to record: its values' sizes and its children.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    values: Vec<usize>,
    annotations: usize,
    children: Vec<Plan>,
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let values =
        || prop::collection::vec(prop_oneof![0..40_usize, 0..4000_usize, 30_000..80_000_usize], 0..4);
    let leaf = (values(), 0..4_usize).prop_map(|(values, annotations)| Plan {
        values,
        annotations,
        children: Vec::new(),
    });
    leaf.prop_recursive(6, 60, 12, move |inner| {
        (values(), 0..3_usize, prop::collection::vec(inner, 0..12))
            .prop_map(|(values, annotations, children)| Plan { values, annotations, children })
    })
}

impl Plan {
    pub(super) fn record(&self, path: &str, expected: &mut BTreeMap<String, String>, parent: &str) {
        expected.insert(path.to_owned(), parent.to_owned());
        subsegment(path, || {
            for (at, size) in self.values.iter().enumerate() {
                put_metadata(&format!("value{at}"), &"é\"".repeat(size / 3));
            }
            for at in 0..self.annotations {
                put_annotation(&format!("key{at}"), at);
            }
            for (at, child) in self.children.iter().enumerate() {
                child.record(&format!("{path}.{at}"), expected, path);
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// P3: the union of what was sent equals the tree, whatever the sizes, and no datagram is over the limit.
    #[test]
    fn any_tree_arrives_whole_in_datagrams_that_fit(plan in plans(), limit in prop_oneof![Just(65_507_usize), 9_000..65_507_usize, 2_000..9_000_usize]) {
        let mut expected = BTreeMap::new();
        let documents = sent_by(limit, || plan.record("r", &mut expected, ""));
        let mut found = Vec::new();
        for document in &documents {
            check_schema(document, true);
            flatten(document, document["parent_id"].as_str().unwrap(), &mut found);
        }
        let ids: BTreeMap<_, _> = found.iter().map(|(name, id, _)| (name.clone(), id.clone())).collect();
        prop_assert_eq!(found.len(), expected.len(), "each subsegment once");
        for (name, _, parent_id) in &found {
            let parent = &expected[name];
            let expected_id = ids.get(parent).map_or("53995c3f42cd8ad8", String::as_str);
            prop_assert_eq!(parent_id, expected_id, "the parent of {}", name);
        }
    }
}
