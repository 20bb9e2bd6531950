//! Payments, with annotations to search by and metadata to look at.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tracer_runtime::{annotate, capture_method, metadata};

/// How an order is paid for.
#[derive(Debug, Deserialize)]
pub(crate) struct Payment {
    pub(crate) payment_id: String,
    pub(crate) method: String,
}

/// The body of `POST /payments`.
#[derive(Debug, Deserialize)]
pub(crate) struct PaymentRequest {
    #[serde(flatten)]
    pub(crate) payment: Payment,
    pub(crate) amount: f64,
}

#[derive(Debug, Error)]
#[error("a payment of {0} is none")]
pub(crate) struct PaymentError(f64);

/// Returns the processor's authorisation code.
#[capture_method(annotate("PaymentId" = &payment.payment_id, "PaymentMethod" = &payment.method))]
pub(crate) async fn process_payment(payment: &Payment, amount: f64) -> Result<String, PaymentError> {
    annotate!("PaymentAmount" = amount);
    if amount <= 0.0 {
        return Err(PaymentError(amount));
    }
    if payment.method == "credit_card" {
        // The processor of card payments is slow.
        tokio::time::sleep(Duration::from_millis(3_100)).await;
    }
    metadata!(in "PaymentProcessing", "payment_details" = json!({
        "payment_id": payment.payment_id,
        "amount": amount,
        "method": payment.method,
        "processor_response": { "auth_code": "ABC123", "risk_score": 0.02 },
    }));
    Ok("ABC123".to_owned())
}
