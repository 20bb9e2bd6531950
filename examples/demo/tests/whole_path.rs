//! The demo as a user runs it: from the API through both functions, each trace as its case says, and found again.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracer_console::{Console, ConsoleOptions, SqliteStore};
use tracer_tests_python::Python;

fn demo(db: &Path) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.args(["--aws", "embedded", "--db"]).arg(db).output().unwrap()
}

#[test]
fn an_order_is_one_connected_picture_from_the_api_to_its_shipping_and_the_articles_script_knows_it() {
    let directory = tempfile::tempdir().unwrap();
    let db = directory.path().join("traces.db");
    let demo = demo(&db);
    let drawn = String::from_utf8_lossy(&demo.stdout);
    assert!(demo.status.success(), "{drawn}\n{}", String::from_utf8_lossy(&demo.stderr));
    is_one_connected_picture(&drawn);
    // The demo compares the other answers with what it knows of its own traces.
    assert!(drawn.contains("2 of 16   annotation.OrderId = \"ORD-12345\""), "{drawn}");
    let (_, figures) = drawn.split_once("Trace analysis for order-service\n").expect("it is analysed");
    assert!(figures.trim().starts_with("Total traces           11"), "{figures}");
    the_articles_script_prints(figures, &db);
}

fn is_one_connected_picture(drawn: &str) {
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

/// The article's script, unchanged but for the endpoint, asked of the traces that the demo kept.
fn the_articles_script_prints(figures: &str, db: &Path) {
    let Some(python) = Python::for_test(&["boto3"]) else { return };
    let store = Arc::new(SqliteStore::open(db).unwrap());
    let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
    wait_for_the_next_second();
    let script = "../../tracer-console/tests/python/analyze_traces.py";
    let said = python
        .command()
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .env("AWS_ENDPOINT_URL_XRAY", format!("http://{}", console.local_addr()))
        .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")])
        .envs([("AWS_DEFAULT_REGION", "us-east-1"), ("TZ", "UTC"), ("PYTHONDONTWRITEBYTECODE", "1")])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{printed}\n{}", String::from_utf8_lossy(&said.stderr));
    let last_words = |text: &str| -> Vec<String> {
        // The script knows no P90.
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("P90")).take(6);
        lines.filter_map(|line| line.split_whitespace().last().map(str::to_owned)).collect()
    };
    let (_, of_script) = printed.split_once("order-service").expect("it has a title");
    assert_eq!(last_words(of_script), last_words(figures), "{printed}");
}

/// boto3 asks in whole seconds, and the end of a range is not in it: what began in this second would not be found.
fn wait_for_the_next_second() {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = second();
    while second() == now {
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
