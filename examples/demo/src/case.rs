//! The cases of the demo: what is sent, and what must be seen in the trace.

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;
use tracer_console::{ApiRequest, Invocation, InvocationResult, Node, Trace};

/// One request and what comes of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    request: ApiRequest,
    timeout: Option<Duration>,
    /// The status that API Gateway answers with.
    status: u16,
    /// Subsegments and what must be true of them.
    seen: Vec<(&'static str, Seen)>,
}

/// What must be seen of a subsegment.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    Ok,
    Fault,
    Error,
    InProgress,
    LongerThan(Duration),
    Annotation(&'static str, Value),
}

/// The trace is not as the case says.
#[derive(Debug, Error)]
pub(crate) enum Difference {
    #[error("the answer is {found} and not {expected}")]
    Status { expected: u16, found: u16 },
    #[error("there is no subsegment `{0}`")]
    Missing(&'static str),
    #[error("`{name}` is not {expected:?}")]
    Wrong { name: &'static str, expected: Seen },
}

pub(crate) fn cases() -> Vec<Case> {
    let order = |id: &str| ApiRequest::post("/orders").json(&json!({ "order_id": id }));
    let payment = |method: &str, amount: f64| {
        let body = json!({ "payment_id": "PAY-1", "amount": amount, "method": method });
        ApiRequest::post("/payments").json(&body)
    };
    let seconds = |seconds| Seen::LongerThan(Duration::from_secs(seconds));
    vec![
        case("a good order, which starts the function cold", order("ORD-12345"), 200)
            .seen("## handler", Seen::Annotation("ColdStart", json!(true)))
            .seen("## handler", Seen::Annotation("OrderId", json!("ORD-12345")))
            .seen("## order_service::order::get_order", Seen::Ok)
            .seen("## order_service::order::calculate_total", Seen::Annotation("OrderTotal", json!(25.0)))
            .seen("receipts.example.com", Seen::Ok),
        case("a large order, with a discount", order("ORD-LARGE"), 200)
            .seen(
                "## order_service::order::calculate_total",
                Seen::Annotation("DiscountApplied", json!(true)),
            )
            .seen("## handler", Seen::Annotation("ColdStart", json!(false))),
        case("an order that is missing", order("ORD-MISSING"), 502)
            .seen("## order_service::order::get_order", Seen::Error)
            .seen(
                "## order_service::order::get_order",
                Seen::Annotation("OrderNotFound", json!("ORD-MISSING")),
            )
            .seen("## handler", Seen::Fault),
        case("a downstream that fails", order("ORD-NO-RECEIPT"), 502)
            .seen("receipts.example.com", Seen::Fault)
            .seen("## order_service::receipt::generate_receipt", Seen::Fault),
        case("an order that takes over two seconds", order("ORD-SLOW"), 200)
            .seen("## order_service::order::get_order", seconds(2)),
        case("a credit card that takes over three", payment("credit_card", 250.0), 200)
            .seen("## order_service::payment::process_payment", seconds(3))
            .seen(
                "## order_service::payment::process_payment",
                Seen::Annotation("PaymentMethod", json!("credit_card")),
            ),
        case("an event without its required field", ApiRequest::post("/risky").json(&json!({})), 502)
            .seen("## order_service::risky::risky_operation", Seen::Fault),
        case("a 500 that the service answers itself", ApiRequest::post("/broken").json(&json!({})), 500)
            .seen("## handler", Seen::Fault),
        case("a timeout: what was open is in progress", order("ORD-STUCK"), 502)
            .within(Duration::from_secs(1))
            .seen("## handler", Seen::InProgress)
            .seen("## order_service::order::get_order", Seen::InProgress),
        case("the order after the timeout, cold again", order("ORD-67890"), 200)
            .seen("## handler", Seen::Annotation("ColdStart", json!(true))),
    ]
}

fn case(name: &'static str, request: ApiRequest, status: u16) -> Case {
    Case { name, request, timeout: None, status, seen: Vec::new() }
}

impl Case {
    fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn seen(mut self, name: &'static str, seen: Seen) -> Self {
        self.seen.push((name, seen));
        self
    }

    pub(crate) fn invocation(&self) -> Invocation {
        let invocation = self.request.clone().invocation();
        match self.timeout {
            Some(timeout) => invocation.timeout(timeout),
            None => invocation,
        }
    }

    pub(crate) fn check(&self, result: &InvocationResult, trace: &Trace) -> Result<(), Difference> {
        if result.status() != self.status {
            return Err(Difference::Status { expected: self.status, found: result.status() });
        }
        for (name, expected) in &self.seen {
            let node = trace.find(name).ok_or(Difference::Missing(name))?;
            if !expected.is_true_of(node) {
                return Err(Difference::Wrong { name, expected: expected.clone() });
            }
        }
        Ok(())
    }
}

impl Seen {
    fn is_true_of(&self, node: Node<'_>) -> bool {
        match self {
            Self::Ok => !node.is_fault() && !node.is_error() && !node.is_in_progress(),
            Self::Fault => node.is_fault(),
            Self::Error => node.is_error() && !node.is_fault(),
            Self::InProgress => node.is_in_progress(),
            Self::LongerThan(least) => node
                .duration_micros()
                .is_some_and(|micros| u128::try_from(micros).is_ok_and(|micros| micros > least.as_micros())),
            Self::Annotation(key, value) => node.annotation(key) == Some(value),
        }
    }
}
