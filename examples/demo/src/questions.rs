//! What is asked of the traces once they are kept: the article's filter expressions and its report, by X-Ray's own API.

use std::collections::BTreeSet;
use std::error::Error;

use serde_json::{Value, json};
use thiserror::Error;
use tracer_console::{Analysis, Console, Timestamp, TraceId};

/// A trace as a filter expression sees it, to compare the answers with.
pub(crate) struct Known {
    pub(crate) id: TraceId,
    /// The expressions that must find it; every other must not.
    pub(crate) found_by: BTreeSet<&'static str>,
}

/// The article's, in its order.
pub(crate) const QUESTIONS: [&str; 6] = [THE_ORDER, SLOW, FAILED, SLOW_SERVICE, SLOW_CARD, STATUS_500];
pub(crate) const THE_ORDER: &str = r#"annotation.OrderId = "ORD-12345""#;
pub(crate) const SLOW: &str = "responsetime > 2";
pub(crate) const FAILED: &str = "fault = true OR error = true";
pub(crate) const SLOW_SERVICE: &str = r#"service("order-service") AND responsetime > 1"#;
pub(crate) const SLOW_CARD: &str = r#"annotation.PaymentMethod = "credit_card" AND responsetime > 3"#;
pub(crate) const STATUS_500: &str = "http.status = 500";

/// The console answers otherwise than the demo's own traces are.
#[derive(Debug, Error)]
#[error("`{expression}` finds {found:?} and not {expected:?}")]
struct Wrong {
    expression: &'static str,
    found: Vec<TraceId>,
    expected: Vec<TraceId>,
}

/// Asks each question, prints how many traces it finds, and compares these with what is known.
pub(crate) fn ask(console: &Console, since: Timestamp, known: &[Known]) -> Result<(), Box<dyn Error>> {
    anstream::println!("Filter expressions, asked by X-Ray's API at http://{}:", console.local_addr());
    for expression in QUESTIONS {
        let summaries = summaries(console, since, expression)?;
        anstream::println!("  {:>2} of {}   {expression}", summaries.len(), known.len());
        let mut found = ids(&summaries);
        let of_expression = known.iter().filter(|known| known.found_by.contains(expression));
        let mut expected: Vec<TraceId> = of_expression.map(|known| known.id).collect();
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            return Err(Wrong { expression, found, expected }.into());
        }
    }
    let mut analysis = Analysis::default();
    for summary in summaries(console, since, r#"service("order-service")"#)? {
        let failed = summary["HasFault"] == true || summary["HasError"] == true;
        analysis.add(summary["ResponseTime"].as_f64().unwrap_or_default(), failed);
    }
    anstream::println!("\nTrace analysis for order-service\n{analysis}");
    Ok(())
}

fn ids(summaries: &[Value]) -> Vec<TraceId> {
    summaries.iter().filter_map(|summary| summary["Id"].as_str()?.parse().ok()).collect()
}

/// The summaries of all traces since then that the expression finds.
fn summaries(console: &Console, since: Timestamp, expression: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut request = json!({
        "StartTime": since.seconds(), "EndTime": Timestamp::now().seconds() + 1.0, "FilterExpression": expression,
    });
    let mut found = Vec::new();
    loop {
        let url = format!("http://{}/TraceSummaries", console.local_addr());
        let answer = ureq::post(&url).send(request.to_string())?.into_body().read_to_string()?;
        let mut answer: Value = serde_json::from_str(&answer)?;
        found.extend(answer["TraceSummaries"].as_array().into_iter().flatten().cloned());
        match answer["NextToken"].take() {
            Value::Null => return Ok(found),
            token => request["NextToken"] = token,
        }
    }
}
