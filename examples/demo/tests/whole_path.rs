//! The demo as a user runs it: from the API through both functions, each trace as its case says.

use std::process::Command;

#[test]
fn an_order_is_one_connected_picture_from_the_api_to_its_shipping() {
    let demo = Command::new(env!("CARGO_BIN_EXE_demo")).args(["--aws", "embedded"]).output().unwrap();
    let drawn = String::from_utf8_lossy(&demo.stdout);
    assert!(demo.status.success(), "{drawn}\n{}", String::from_utf8_lossy(&demo.stderr));
    let (_, good) = drawn.split_once("▸ a good order").expect("the first case is drawn");
    let good = good.split("▸").next().unwrap();
    for below in
        ["get_order", "DynamoDB  aws GetItem orders 200", "S3  aws PutObject", "SQS  aws SendMessage"]
    {
        assert!(good.contains(below), "{below} is not in\n{good}");
    }
    let linked_from = good.lines().find_map(|line| line.trim().strip_prefix("← linked from ")).unwrap();
    let consumer = linked_from.split(' ').next().unwrap();
    let (_, consumed) =
        good.split_once(&format!("Trace {consumer}")).expect("the consumer's own trace is drawn");
    let sender = good.split_once("Trace ").unwrap().1.split(' ').next().unwrap();
    assert!(consumed.contains(&format!("→ linked to {sender}")), "{consumed}");
    assert!(consumed.contains(&format!("SenderTraceId={sender}")), "{consumed}");
}
