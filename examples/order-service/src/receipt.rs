//! Receipts, stored in a bucket.

use thiserror::Error;
use tracer_runtime::{InSubsegment, Namespace, capture_method, set_http_response, set_namespace};

use crate::order::Order;

#[derive(Debug, Error)]
#[error("the receipt was not stored")]
pub(crate) struct ReceiptError(#[from] StorageError);

#[derive(Debug, Error)]
#[error("the bucket answers {status}")]
pub(crate) struct StorageError {
    status: u16,
}

#[capture_method]
pub(crate) async fn generate_receipt(order: &Order, total: f64) -> Result<String, ReceiptError> {
    let key = format!("receipts/{}.json", order.order_id);
    let receipt = format!("{{\"order_id\":\"{}\",\"total\":{total}}}", order.order_id);
    store(order, &receipt).in_subsegment("receipts.example.com").await?;
    Ok(key)
}

/// Stands for the bucket: a call of a downstream, as a client that is not traced by itself would be traced by hand.
async fn store(order: &Order, receipt: &str) -> Result<(), StorageError> {
    set_namespace(Namespace::Remote);
    tokio::task::yield_now().await;
    let status = if order.order_id == "ORD-NO-RECEIPT" { 503 } else { 200 };
    set_http_response(status, Some(receipt.len() as u64));
    if status == 200 { Ok(()) } else { Err(StorageError { status }) }
}
