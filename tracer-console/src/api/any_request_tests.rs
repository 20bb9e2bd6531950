use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::testing::{BEGIN, Home, segment};
use super::{OPERATIONS, OWN_OPERATIONS, body, changes};

/// Members of all operations.
const MEMBERS: [&str; 32] = [
    "By",
    "Against",
    "Slowest",
    "Sample",
    "TraceSegmentDocuments",
    "TelemetryRecords",
    "StartTime",
    "EndTime",
    "TimeRangeType",
    "SamplingStrategy",
    "FilterExpression",
    "NextToken",
    "TraceIds",
    "GroupName",
    "GroupARN",
    "EntitySelectorExpression",
    "Period",
    "InsightsConfiguration",
    "Tags",
    "TagKeys",
    "SamplingRule",
    "SamplingRuleUpdate",
    "RuleName",
    "RuleARN",
    "SamplingStatisticsDocuments",
    "InsightId",
    "KeyId",
    "Type",
    "ResourceARN",
    "PolicyName",
    "PolicyDocument",
    "RetrievalToken",
];

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![Just(BEGIN), Just(BEGIN + 60.0), Just(i64::MAX as f64), any::<f64>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("1-6b02d940-000000000000000000000001")),
        Just(json!("Default")),
        Just(json!("service(\"web\") { fault }")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let named = (proptest::sample::select(&MEMBERS[..]), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            proptest::collection::vec(named, 0..4).prop_map(object),
        ]
    })
}

fn object(members: Vec<(&str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_request_makes_an_operation_panic(
        members in proptest::collection::vec((proptest::sample::select(&MEMBERS[..]), value()), 0..12),
    ) {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0)]);
        let request = object(members);
        for (operation, ..) in OPERATIONS.into_iter().chain(OWN_OPERATIONS) {
            let _ = home.call(operation, &request);
        }
    }

    #[test]
    fn no_bytes_make_a_body_panic(bytes: Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let bodies = body::Bodies::default();
        let packed = [b"\x1f\x8b\x08\x00".as_slice(), &bytes].concat();
        for bytes in [bytes, packed] {
            let _ = runtime.block_on(bodies.read(bytes.into()));
        }
    }
}

#[test]
fn every_operation_has_a_path_of_its_own() {
    let all = OPERATIONS.iter().chain(&OWN_OPERATIONS).map(|(_, path, _)| *path).chain([changes::PATH]);
    let paths: std::collections::HashSet<_> = all.collect();
    assert_eq!(paths.len(), OPERATIONS.len() + OWN_OPERATIONS.len() + 1);
    let own = paths.iter().filter(|path| path.starts_with("/tracer/")).count();
    assert_eq!(own, OWN_OPERATIONS.len() + 1);
}
