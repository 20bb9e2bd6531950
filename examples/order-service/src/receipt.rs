//! Receipts, stored in the bucket.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::PutObjectError;
use serde_json::json;
use thiserror::Error;
use tracer_runtime::capture_method;

use crate::aws::Aws;
use crate::order::Order;

#[derive(Debug, Error)]
#[error("the receipt was not stored")]
pub(crate) struct ReceiptError(#[from] Box<SdkError<PutObjectError>>);

#[capture_method]
pub(crate) async fn generate_receipt(aws: &Aws, order: &Order, total: f64) -> Result<String, ReceiptError> {
    let key = format!("receipts/{}.json", order.order_id);
    let receipt = json!({ "order_id": order.order_id, "total": total }).to_string();
    let put = aws.s3.put_object().bucket(&aws.receipts_bucket).key(&key);
    let put = put.body(receipt.into_bytes().into()).content_type("application/json");
    put.send().await.map_err(Box::new)?;
    Ok(key)
}
