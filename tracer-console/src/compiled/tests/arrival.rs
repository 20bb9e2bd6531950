//! Documents in any order, late, twice, in progress and then complete: the answers are the same.

use proptest::prelude::*;

use super::*;

/// The entity as its tracer would have announced it.
fn announced(document: &Value) -> Value {
    let mut open = document.clone();
    let members = open.as_object_mut().unwrap();
    members.remove("end_time");
    members.remove("subsegments");
    members.insert("in_progress".into(), json!(true));
    open
}

fn members(number: usize, choice: u8) -> Value {
    let status = [200, 404, 429, 500][usize::from(choice) % 4];
    let http = json!({"response": {"status": status}});
    match choice % 7 {
        0 => {
            json!({"namespace": "aws", "name": "DynamoDB", "aws": {"table_name": format!("t{}", number % 3)}, "http": http})
        }
        1 => json!({"namespace": "remote", "http": http}),
        2 => json!({"namespace": "aws", "name": "Lambda", "aws": {"function_name": "fn"}}),
        3 => json!({"fault": true, "annotations": {"n": number, "Service": "orders"}}),
        4 => json!({"annotations": {"ColdStart": true, "Service": "orders"}, "user": "u"}),
        5 => json!({"origin": "AWS::Lambda::Function", "error": true, "user": format!("u{}", number % 2)}),
        _ => json!({"metadata": {"default": {"k": number}}, "traced": true}),
    }
}

/// Entity `number` below an earlier one or below one that never comes.
fn document(number: usize, parent: usize, choice: u8, is_segment: bool) -> Value {
    let own = number as u64 + 1;
    let times = (number as f64 * 0.1, 1.0 + number as f64 * 0.3);
    let parent = if parent == 0 { 0xdead } else { parent as u64 };
    if is_segment {
        let mut segment = fixtures::segment(&format!("s{}", number % 3), own, times, members(number, choice));
        if number > 0 {
            segment["parent_id"] = json!(fixtures::id(parent).to_string());
        }
        segment
    } else {
        fixtures::subsegment(&format!("n{number}"), own, parent, times, members(number, choice))
    }
}

fn arrivals() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let entity = (any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    prop::collection::vec(entity, 1..14).prop_flat_map(|entities| {
        let documents = entities.into_iter().enumerate();
        let complete: Vec<_> = documents
            .map(|(number, (parent, choice, is_segment))| {
                document(number, parent.index(number + 1), choice, is_segment)
            })
            .collect();
        let all: Vec<_> = complete
            .iter()
            .cloned()
            .chain(complete.iter().map(announced))
            .chain(complete.iter().cloned())
            .collect();
        (Just(complete), Just(all).prop_shuffle())
    })
}

/// What must hold of the statistics of any graph.
fn check_totals(answers: &Value) -> Result<(), TestCaseError> {
    let services = answers["graph"].as_array().unwrap().iter();
    let of = |object: &Value| object.get("SummaryStatistics").cloned();
    let all: Vec<_> = services
        .flat_map(|service| {
            of(service).into_iter().chain(service["Edges"].as_array().unwrap().iter().filter_map(of))
        })
        .collect();
    for statistics in all {
        let count = |path: &str| statistics.pointer(path).unwrap().as_u64().unwrap();
        let (errors, faults) = (count("/ErrorStatistics/TotalCount"), count("/FaultStatistics/TotalCount"));
        prop_assert_eq!(count("/TotalCount"), count("/OkCount") + errors + faults);
        prop_assert_eq!(
            errors,
            count("/ErrorStatistics/ThrottleCount") + count("/ErrorStatistics/OtherCount")
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter((complete, arrived) in arrivals()) {
        let expected = answers(&fixtures::from_documents(&complete));
        prop_assert_eq!(&answers(&fixtures::from_documents(&arrived)), &expected);
        check_totals(&expected)?;
        let summary = &expected["summary"];
        prop_assert!(summary["ResponseTime"].as_f64() <= summary["Duration"].as_f64());
    }

    #[test]
    fn every_entity_stands_in_exactly_one_document((complete, _) in arrivals()) {
        let trace = fixtures::from_documents(&complete);
        let compiled = CompiledTrace::of(&trace);
        let text: String = compiled.segments().iter().map(|segment| compiled.document(segment)).collect();
        for node in trace.nodes() {
            prop_assert_eq!(text.matches(&format!("{{\"id\":\"{}\"", node.id())).count(), 1);
        }
    }
}
