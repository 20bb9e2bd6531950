//! Payments, with annotations to search by and metadata to look at.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tracer_runtime::{annotate, capture_method, metadata};

/// The body of `POST /payments`.
#[derive(Debug, Deserialize)]
pub(crate) struct PaymentRequest {
    pub(crate) payment_id: String,
    pub(crate) amount: f64,
    pub(crate) method: String,
}

#[derive(Debug, Error)]
#[error("a payment of {0} is none")]
pub(crate) struct PaymentError(f64);

/// The response holds an authorisation code, so it is not captured.
#[capture_method(capture_response = false, annotate("PaymentId" = payment_id, "PaymentMethod" = method))]
pub(crate) async fn process_payment(
    payment_id: &str,
    amount: f64,
    method: &str,
) -> Result<String, PaymentError> {
    annotate!("PaymentAmount" = amount);
    if amount <= 0.0 {
        return Err(PaymentError(amount));
    }
    if method == "credit_card" {
        // The processor of card payments is slow.
        tokio::time::sleep(Duration::from_millis(3_100)).await;
    }
    metadata!(in "PaymentProcessing", "payment_details" = json!({
        "payment_id": payment_id,
        "amount": amount,
        "method": method,
        "processor_response": { "risk_score": 0.02 },
    }));
    Ok("ABC123".to_owned())
}
