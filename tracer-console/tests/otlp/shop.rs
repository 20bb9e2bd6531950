//! The request through two services that every SDK tells of, as X-Ray's API answers it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, OtlpOptions, TraceId};

/// A console in memory that takes spans in every way.
pub(crate) fn console() -> Console {
    let any = || Some("127.0.0.1:0".to_owned());
    let otlp = OtlpOptions { http: any(), grpc: any(), ..OtlpOptions::default() };
    Console::start(ConsoleOptions { otlp, ..ConsoleOptions::any_port() }).unwrap()
}

/// What an operation of X-Ray's API answers.
pub(crate) fn ask(console: &Console, path: &str, request: &Value) -> Value {
    let url = format!("http://{}{path}", console.local_addr());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut answer = agent.post(url).send(request.to_string()).unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

/// The documents of a trace by the names of its segments.
pub(crate) struct Documents(Vec<Value>);

impl Documents {
    /// Those of a trace by its id, in X-Ray's form or W3C's.
    pub(crate) fn of(console: &Console, id: &str) -> Self {
        let answer = ask(console, "/Traces", &json!({"TraceIds": [id]}));
        let segments = answer["Traces"][0]["Segments"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let read = |segment: &Value| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
        Self(segments.iter().map(read).collect())
    }

    pub(crate) fn named(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|document| document["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.0))
    }
}

/// Waits for the trace and checks all that X-Ray's API says of it; `id` is W3C's.
pub(crate) fn assert_shop(console: &Console, id: &str, language: &str) {
    let trace_id: TraceId = id.parse().unwrap();
    console.store().wait_for_trace(trace_id, |trace| trace.len() == 5, Duration::from_secs(30)).unwrap();
    assert_documents(console, id, language);
    assert_summary(console, &trace_id.to_string());
    assert_graph(console);
}

fn assert_documents(console: &Console, id: &str, language: &str) {
    let documents = Documents::of(console, id);
    let web = documents.named("web");
    assert_eq!(web["trace_id"], format!("1-{}-{}", &id[..8], &id[8..]));
    assert_eq!(web["metadata"]["otel"]["trace_id"], id);
    assert_eq!((web.get("parent_id"), &web["fault"], &web["user"]), (None, &json!(true), &json!("alice")));
    let request = json!({"method": "POST", "url": "https://shop.example/orders", "client_ip": "192.0.2.7", "x_forwarded_for": true});
    assert_eq!(web["http"], json!({"request": request, "response": {"status": 502}}));
    assert_eq!(web["annotations"], json!({"order.id": "o-1"}));
    assert_eq!(web["service"]["version"], "1.2");
    assert_eq!(web["aws"]["xray"]["sdk"], format!("opentelemetry for {language}"));
    assert_eq!(web["metadata"]["default"]["otel.resource.service.name"], "web");
    let link = json!({"trace_id": "1-5b8efff7-98038103d269b633813fc60c", "id": "eee19b7ec3c1b174", "attributes": {"why": "retry"}});
    assert_eq!(web["links"], json!([link]));
    let work = &web["subsegments"][0];
    assert_eq!((&work["name"], work.get("namespace")), (&json!("checkout"), None));
    assert_eq!(work["metadata"]["otel"]["events"][0]["attributes"], json!({"total": 99.5}));
    let call = &work["subsegments"][0];
    assert_eq!((&call["name"], &call["namespace"]), (&json!("orders"), &json!("remote")));
    assert_eq!(call["http"]["request"]["url"], "http://orders.internal/o-1");
    let orders = documents.named("orders");
    assert_eq!((&orders["parent_id"], &orders["fault"]), (&call["id"], &json!(true)));
    assert_database(&orders["subsegments"][0], language);
}

fn assert_database(query: &Value, language: &str) {
    let sql = json!({"url": "SELECT shop", "connection_string": "db.internal/shop", "database_type": "postgresql", "sanitized_query": "SELECT ?"});
    assert_eq!((&query["name"], &query["sql"]), (&json!("shop@db.internal"), &sql));
    assert_eq!(query["fault"], true);
    let exception = &query["cause"]["exceptions"][0];
    assert_eq!((&exception["message"], &exception["remote"]), (&json!("the database sleeps"), &json!(true)));
    if language == "python" {
        assert_eq!(exception["type"], "TimeoutError");
        assert_eq!(exception["stack"][0]["label"], "main");
    }
}

/// The last minutes, and the next.
fn lately() -> (f64, f64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    (now - 600.0, now + 60.0)
}

fn assert_summary(console: &Console, id: &str) {
    let found = |filter: &str| {
        let (start, end) = lately();
        let asked = json!({"StartTime": start, "EndTime": end, "FilterExpression": filter});
        let answer = ask(console, "/TraceSummaries", &asked);
        let summaries =
            answer["TraceSummaries"].as_array().unwrap_or_else(|| panic!("{filter}: {answer}")).clone();
        summaries.into_iter().filter(|summary| summary["Id"] == id).collect::<Vec<_>>()
    };
    let summary = &found("annotation[order.id] = \"o-1\"")[0];
    assert_eq!((&summary["HasFault"], &summary["Http"]["HttpStatus"]), (&json!(true), &json!(502)));
    for (filter, expected) in [
        ("service(\"orders\") { fault }", 1),
        ("edge(\"web\", \"orders\")", 1),
        ("http.url CONTAINS \"/orders\" AND user = \"alice\"", 1),
        ("service(\"shop@db.internal\")", 1),
        ("rootcause.fault.exception { message = \"the database sleeps\" }", 1),
        ("partial", 0),
    ] {
        assert_eq!(found(filter).len(), expected, "{filter}");
    }
}

fn assert_graph(console: &Console) {
    let (start, end) = lately();
    let graph = ask(console, "/ServiceGraph", &json!({"StartTime": start, "EndTime": end}));
    let services = graph["Services"].as_array().unwrap_or_else(|| panic!("{graph}"));
    let name = |id: &Value| &services.iter().find(|service| service["ReferenceId"] == *id).unwrap()["Name"];
    let mut edges: Vec<_> = Vec::new();
    for service in services {
        for edge in service["Edges"].as_array().unwrap() {
            edges.push(format!("{} {} -> {}", service["Name"], service["Type"], name(&edge["ReferenceId"])));
        }
    }
    edges.sort();
    let expected =
        [r#""orders" null -> "shop@db.internal""#, r#""web" "client" -> "web""#, r#""web" null -> "orders""#];
    assert_eq!(edges, expected);
}
