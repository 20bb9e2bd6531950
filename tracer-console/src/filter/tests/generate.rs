//! Expressions and texts at random.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::compiled::fixtures;
use crate::filter::keyword::{Keyword, Scope, ValueType};
use crate::filter::syntax::{Cause, Expression, Level, NumberOperator, ServicePattern, Test, TextOperator};
use crate::trace::Trace;

/// Names, types, keys and values that the traces of the fixtures have, and some that they have not.
const TEXTS: [&str; 28] = [
    "web",
    "orders",
    "Orders",
    "items",
    "Items",
    "worker",
    "shop/prod",
    "payments.example.com",
    "AWS::Lambda",
    "AWS::Lambda::Function",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Instance",
    "client",
    "remote",
    "alice",
    "bob",
    "acme",
    "beta",
    "GET",
    "POST",
    "http://web.local/pay",
    "i-0abc",
    "us-west-2c",
    "ValidationError",
    "bad sku",
    "",
    "a \"quoted\" \\ text",
    "日本\n\t}",
];
const KEYS: [&str; 8] =
    ["tenant", "ColdStart", "count", "total", "retry", "aws:api_stage", "a]b \"c\\", " no "];
const NUMBERS: [f64; 16] =
    [0.0, 1.0, 2.0, 0.004, 0.012, 0.18, 0.9, 1.2, 1.5, 3.2, 12.0, 99.5, 200.0, 404.0, 502.0, -7.25];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![9 => prop::sample::select(&TEXTS[..]).prop_map(String::from), 1 => ".{0,6}"]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![9 => prop::sample::select(&NUMBERS[..]), 1 => any::<f64>().prop_filter("finite", |n| n.is_finite())]
}

fn number_test() -> impl Strategy<Value = Test> {
    (prop::sample::select(&NumberOperator::ALL[..]), number())
        .prop_map(|(operator, n)| Test::Number(operator, n))
}

fn text_test() -> impl Strategy<Value = Test> {
    (prop::sample::select(&TextOperator::ALL[..]), text()).prop_map(|(operator, t)| Test::Text(operator, t))
}

fn test_of(value: ValueType) -> BoxedStrategy<Test> {
    match value {
        ValueType::Boolean => any::<bool>().prop_map(Test::Is).boxed(),
        ValueType::Number => prop_oneof![1 => Just(Test::Present), 4 => number_test()].boxed(),
        ValueType::Text => prop_oneof![1 => Just(Test::Present), 4 => text_test()].boxed(),
    }
}

/// A keyword of the scope; groups are left out.
fn condition(scope: Scope) -> impl Strategy<Value = Expression> {
    let is_group = |keyword: Keyword| matches!(keyword, Keyword::GroupName | Keyword::GroupArn);
    let keywords: Vec<Keyword> =
        Keyword::of(scope).map(|entry| entry.keyword).filter(|keyword| !is_group(*keyword)).collect();
    prop::sample::select(keywords).prop_flat_map(|keyword| {
        test_of(keyword.entry().value).prop_map(move |test| Expression::Condition(keyword, test))
    })
}

fn annotation() -> impl Strategy<Value = Expression> {
    let key = prop_oneof![
        9 => prop::sample::select(&KEYS[..]).prop_map(String::from),
        1 => ".{1,6}",
    ];
    let test = prop_oneof![Just(Test::Present), any::<bool>().prop_map(Test::Is), number_test(), text_test()];
    (key, test).prop_map(|(key, test)| Expression::Annotation(key, test))
}

pub(crate) fn service_pattern() -> impl Strategy<Value = ServicePattern> {
    let name = || prop::sample::select(&TEXTS[..8]).prop_map(String::from);
    let kind = prop::sample::select(&TEXTS[8..14]).prop_map(String::from);
    prop_oneof![
        3 => name().prop_map(|name| ServicePattern { name: Some(name), ..ServicePattern::default() }),
        1 => (prop::option::of(name()), kind, prop::option::of(text())).prop_map(|(name, kind, account_id)| {
            ServicePattern { name, service_type: Some(kind), account_id }
        }),
    ]
}

/// Combinations of `leaf`, as the parser would make them.
fn combined(leaf: BoxedStrategy<Expression>) -> BoxedStrategy<Expression> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

/// A block of the scope; `None` where there is none.
pub(crate) fn block(scope: Scope) -> impl Strategy<Value = Option<Box<Expression>>> {
    prop::option::weighted(0.8, combined(condition(scope).boxed()).prop_map(Box::new))
}

/// A block about times as the traces have them.
pub(crate) fn block_of_time() -> impl Strategy<Value = Option<Box<Expression>>> {
    let keyword = prop::sample::select(&[Keyword::ResponseTime, Keyword::Duration][..]);
    let operator = prop::sample::select(&NumberOperator::ALL[..]);
    (keyword, operator, 0..45_u8).prop_map(|(keyword, operator, tenths)| {
        let test = Test::Number(operator, f64::from(tenths) / 10.0);
        Some(Box::new(Expression::Condition(keyword, test)))
    })
}

fn root_cause() -> impl Strategy<Value = Expression> {
    let selectors: Vec<(Cause, Level)> = Cause::ALL
        .iter()
        .flat_map(|cause| cause.levels().iter().map(move |level| (*cause, *level)))
        .collect();
    prop::sample::select(selectors).prop_flat_map(|(cause, level)| {
        let scope = match (level, cause) {
            (Level::Service, _) => Scope::CauseService,
            (Level::Entity, Cause::ResponseTime) => Scope::TimedCauseEntity,
            (Level::Entity, _) => Scope::CauseEntity,
            (Level::Exception, _) => Scope::CauseException,
        };
        block(scope).prop_map(move |block| Expression::RootCause(cause, level, block))
    })
}

fn root_cause_json() -> impl Strategy<Value = Value> {
    let service =
        (text(), any::<bool>()).prop_map(|(name, inferred)| json!({"Name": name, "Inferred": inferred}));
    let cause = (prop::collection::vec(service, 0..3), any::<bool>())
        .prop_map(|(services, impact)| json!({"Services": services, "ClientImpacting": impact}));
    prop::collection::vec(cause, 0..2).prop_map(Value::from)
}

/// A leaf of an expression about a trace.
fn leaf() -> BoxedStrategy<Expression> {
    let service = prop_oneof![4 => service_pattern(), 1 => Just(ServicePattern::default())];
    prop_oneof![
        6 => condition(Scope::Trace),
        3 => annotation(),
        4 => (service, block(Scope::Service)).prop_map(|(service, block)| Expression::Service(service, block)),
        2 => (service_pattern(), service_pattern(), block(Scope::Edge))
            .prop_map(|(from, to, block)| Expression::Edge(from, to, block)),
        2 => root_cause(),
        1 => root_cause_json().prop_map(Expression::RootCauseJson),
    ]
    .boxed()
}

/// Combinations of conditions and selectors without blocks.
pub(crate) fn plain_expression() -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![
        6 => condition(Scope::Trace),
        3 => annotation(),
        2 => service_pattern().prop_map(|service| Expression::Service(service, None)),
        2 => (service_pattern(), service_pattern()).prop_map(|(from, to)| Expression::Edge(from, to, None)),
    ];
    combined(leaf.boxed())
}

/// An expression about a trace, without groups.
pub(crate) fn expression() -> BoxedStrategy<Expression> {
    combined(leaf())
}

const SCRAPS: &[&str] = &[
    "ok",
    "!",
    "(",
    ")",
    "{",
    "}",
    "AND ",
    " OR ",
    "service",
    "edge",
    "id",
    "\"",
    "\"a\"",
    "annotation",
    ".x",
    "[",
    "]",
    "=",
    "!=",
    "<",
    "responsetime",
    " > ",
    "1",
    ".",
    "-",
    "e",
    "#",
    "#[{}]",
    "rootcause.json",
    ",",
    ":",
    "name",
    "rootcause.fault.entity",
    " CONTAINS ",
    " ",
    "\n",
    "é",
    "\\",
    "group.name",
    "true",
];

/// Texts that are made of what expressions are made of, in any order.
pub(crate) fn scraps() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(SCRAPS).prop_map(String::from), 0..24)
        .prop_map(|scraps| scraps.concat())
}

/// A trace: one of the fixtures, or a forest at random.
pub(crate) fn trace() -> impl Strategy<Value = Trace> {
    let fixture = prop::sample::select(&["A", "B", "C", "D", "E", "F"][..]).prop_map(fixtures::trace);
    let random = prop::collection::vec(entity(), 1..7).prop_map(|entities| {
        let numbered = entities.into_iter().enumerate();
        let documents: Vec<Value> = numbered.map(|(at, entity)| document(at, entity)).collect();
        fixtures::from_documents(&documents)
    });
    prop_oneof![2 => fixture, 3 => random]
}

/// What one document says, its parent by position; some have one that never comes.
type EntityDraft = (Option<prop::sample::Index>, (u8, u8), Value);

fn entity() -> impl Strategy<Value = EntityDraft> {
    let parent = prop::option::weighted(0.7, any::<prop::sample::Index>());
    let times = (0..40_u8, 0..40_u8);
    (parent, times, members()).boxed()
}

fn document(at: usize, (parent, (start, length), mut members): EntityDraft) -> Value {
    // One that comes after all others, too: circles, and parents that are not there.
    let parent = parent.map(|parent| parent.index(at + 3) as u64);
    if let Some(parent) = parent {
        members["parent_id"] = json!(fixtures::id(parent + 1).to_string());
    }
    if parent.is_none() {
        members.as_object_mut().unwrap().remove("type");
    }
    let (start, end) = (f64::from(start) / 10.0, f64::from(start + length) / 10.0);
    let name = members["name"].as_str().unwrap().to_owned();
    let mut document = fixtures::segment(&name, at as u64 + 1, (start, end), members);
    if document.get("in_progress").is_some() {
        document.as_object_mut().unwrap().remove("end_time");
    }
    document
}

/// The members of a segment or subsegment; each is left out often.
fn members() -> impl Strategy<Value = Value> {
    let some = |member: &'static str, value: BoxedStrategy<Value>| {
        prop::option::weighted(0.4, value).prop_map(move |value| value.map(|value| (member, value)))
    };
    let select = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(Value::from).boxed();
    let status = prop::sample::select(&[200_u16, 302, 400, 404, 429, 500, 503][..]);
    let http = (status, prop::sample::select(&TEXTS[18..21])).prop_map(|(status, text)| {
        json!({"response": {"status": status}, "request": {"method": text, "url": text, "client_ip": text}})
    });
    let aws = (prop::sample::select(&TEXTS[..6]), prop::sample::select(&TEXTS[21..23])).prop_map(|(table, id)| {
        json!({"table_name": table, "account_id": id, "ec2": {"instance_id": id, "availability_zone": id}})
    });
    let value = prop_oneof![
        prop::sample::select(&TEXTS[14..18]).prop_map(Value::from),
        prop::sample::select(&NUMBERS[..]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let key = prop::sample::select(&KEYS[..]).prop_map(String::from);
    let annotations = prop::collection::hash_map(key, value, 0..3).prop_map(|map| json!(map));
    let exception = prop::sample::select(&TEXTS[23..25])
        .prop_map(|text| json!({"exceptions": [{"id": "00000000000000e0", "type": text, "message": text}]}));
    let flag = || any::<bool>().prop_map(Value::from).boxed();
    let required = select(&TEXTS[..8]).prop_map(|name| Some(("name", name)));
    let members = (
        required,
        some("type", Just(json!("subsegment")).boxed()),
        some("namespace", select(&["aws", "remote", "local"])),
        some("origin", select(&TEXTS[8..12])),
        (some("fault", flag()), some("error", flag()), some("throttle", flag())),
        some("in_progress", Just(json!(true)).boxed()),
        some("http", http.boxed()),
        some("aws", aws.boxed()),
        (some("user", select(&TEXTS[14..16])), some("resource_arn", select(&TEXTS[14..18]))),
        some("annotations", annotations.boxed()),
        (some("cause", exception.boxed()), some("traced", Just(json!(true)).boxed())),
    );
    members.prop_map(|(a, b, c, d, (e, f, g), h, i, j, (k, l), m, (n, o))| {
        Value::Object(
            [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o]
                .into_iter()
                .flatten()
                .map(|(k, v)| (k.to_owned(), v))
                .collect(),
        )
    })
}
