//! What `tracer-runtime` sends, under the rules of `tracer-console lint`: X-Ray takes all of it whole.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use proptest::prelude::*;
use tracer_console::{LintLevel, Linted};
use tracer_runtime::{
    MemorySink, Namespace, Tracer, add_error, capture_lambda_handler, put_annotation, put_metadata_in,
    set_aws, set_error, set_fault, set_http_request, set_http_response, set_namespace, set_sql, set_throttle,
    subsegment,
};
use tracer_tests::{SAMPLED, Takings};

/// Something that a traced function may do.
#[derive(Debug, Clone)]
enum Step {
    Annotate(String, Scalar),
    Metadata(String, String, Vec<String>),
    Request(String, String),
    Response(u16, i64),
    Aws(String, String),
    Sql(String, String),
    Namespace(bool),
    Fault,
    Error,
    Throttle,
    Failure(String),
    Panic(String),
    Subsegment(String, Vec<Step>),
}

#[derive(Debug, Clone)]
enum Scalar {
    Text(String),
    Number(f64),
    Flag(bool),
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        ".{0,6}",
        "[a-zA-Z0-9_.:-]{0,12}",
        (0..2_000_usize).prop_map(|length| "é".repeat(length))
    ]
}

/// Others are no members of X-Ray's, and `set_sql` takes the caller's word for it.
const SQL: [&str; 4] = ["url", "sanitized_query", "database_type", "connection_string"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let scalar = prop_oneof![
        text().prop_map(Scalar::Text),
        any::<f64>().prop_map(Scalar::Number),
        any::<bool>().prop_map(Scalar::Flag)
    ];
    let one = prop_oneof![
        (text(), scalar).prop_map(|(key, value)| Step::Annotate(key, value)),
        (text(), text(), proptest::collection::vec(text(), 0..3))
            .prop_map(|(namespace, key, value)| Step::Metadata(namespace, key, value)),
        (text(), text()).prop_map(|(method, url)| Step::Request(method, url)),
        (any::<u16>(), any::<i64>()).prop_map(|(status, length)| Step::Response(status, length)),
        (text(), text()).prop_map(|(key, value)| Step::Aws(key, value)),
        (proptest::sample::select(&SQL[..]), text())
            .prop_map(|(key, value)| Step::Sql(key.to_owned(), value)),
        any::<bool>().prop_map(Step::Namespace),
        Just(Step::Fault),
        Just(Step::Error),
        Just(Step::Throttle),
        text().prop_map(Step::Failure),
        text().prop_map(Step::Panic),
    ];
    let one = one.prop_recursive(3, 24, 6, |step| {
        (text(), proptest::collection::vec(step, 0..6))
            .prop_map(|(name, steps)| Step::Subsegment(name, steps))
    });
    proptest::collection::vec(one, 0..8)
}

#[capture_lambda_handler(context = SAMPLED, tracer = tracer)]
fn handler(tracer: &Tracer, steps: &[Step]) {
    steps.iter().for_each(step);
}

fn step(step: &Step) {
    match step {
        Step::Annotate(key, Scalar::Text(value)) => put_annotation(key, value.as_str()),
        Step::Annotate(key, Scalar::Number(value)) => put_annotation(key, *value),
        Step::Annotate(key, Scalar::Flag(value)) => put_annotation(key, *value),
        Step::Metadata(namespace, key, value) => put_metadata_in(namespace, key, value),
        Step::Request(method, url) => set_http_request(method, url),
        Step::Response(status, length) => set_http_response(*status, u64::try_from(*length).ok()),
        Step::Aws(key, value) => set_aws(key, value),
        Step::Sql(key, value) => set_sql(key, value),
        Step::Namespace(is_aws) => set_namespace(if *is_aws { Namespace::Aws } else { Namespace::Remote }),
        Step::Fault => set_fault(),
        Step::Error => set_error(),
        Step::Throttle => set_throttle(),
        Step::Failure(message) => add_error(&Failure(message.clone())),
        Step::Panic(message) => {
            let message = message.clone();
            let _ = catch_unwind(AssertUnwindSafe(|| {
                subsegment("panics", || resume_unwind(Box::new(message)));
            }));
        }
        Step::Subsegment(name, steps) => subsegment(name, || steps.iter().for_each(self::step)),
    }
}

fn sent(steps: &[Step]) -> Vec<Vec<u8>> {
    let (tracer, takings) = Takings::of(MemorySink::default());
    handler(&tracer, steps);
    drop(tracer);
    takings.datagrams()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn x_ray_takes_whole_whatever_a_function_does(steps in steps()) {
        let linted = Linted::of(sent(&steps).join(&b'\n'));
        let worst: Vec<_> = linted.findings().iter().filter(|finding| finding.level >= LintLevel::Dropped).collect();
        prop_assert!(worst.is_empty(), "{worst:#?}");
        prop_assert_eq!(linted.documents(), linted.taken_whole());
    }
}
