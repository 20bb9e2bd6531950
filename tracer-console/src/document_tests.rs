use serde_json::json;

use super::*;

fn refused(document: &Value) -> RefusalCode {
    Document::parse(&document.to_string()).unwrap_err().code
}

fn correct() -> Value {
    json!({"name": "web", "id": "e2f05d4745dfa4e5", "trace_id": "1-6b02d94c-be5262b78fb491a007b77f7d",
           "start_time": 1.5, "end_time": 2.5})
}

#[test]
fn what_a_document_lacks_is_named_as_x_ray_names_it() {
    let without = |key: &str| {
        let mut document = correct();
        document.as_object_mut().unwrap().remove(key);
        refused(&document)
    };
    assert_eq!(without("id"), RefusalCode::MissingId);
    assert_eq!(without("trace_id"), RefusalCode::MissingTraceId);
    assert_eq!(without("start_time"), RefusalCode::MissingStartTime);
    assert_eq!(without("end_time"), RefusalCode::MissingEndTime);
    let mut subsegment = correct();
    subsegment["type"] = json!("subsegment");
    assert_eq!(refused(&subsegment), RefusalCode::MissingParentId);
    assert_eq!(refused(&json!([1])), RefusalCode::InvalidSegment);
}

#[test]
fn nesting_is_trusted_over_parent_id_and_missing_members_are_survived() {
    let mut document = correct();
    document["subsegments"] = json!([
        {"id": "0000000000000001", "name": "a", "start_time": 1.6, "end_time": 1.7, "parent_id": "ffffffffffffffff",
         "subsegments": [{"start_time": 1_650}]},
        {"id": "0000000000000001", "name": "same id"},
        "no object",
    ]);
    let document = Document::parse(&document.to_string()).unwrap();
    let [web, a, nameless, same] = document.entities() else { panic!("{:?}", document.entities()) };
    assert_eq!(
        (a.parent_id(), nameless.parent_id(), same.parent_id()),
        (Some(web.id()), Some(a.id()), Some(web.id()))
    );
    assert_eq!((nameless.name(), same.start()), ("", web.start()));
    assert!(same.id() != a.id() && same.is_in_progress());
}

#[test]
fn unknown_members_are_kept() {
    let mut document = correct();
    document["Dummy"] = json!(false);
    let document = Document::parse(&document.to_string()).unwrap();
    assert_eq!(document.entities()[0].member("Dummy"), Some(&json!(false)));
}
