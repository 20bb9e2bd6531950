//! Orders: looked up in the table and priced.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracer_runtime::{self as tracer, ErrorFlag, capture_method};

use crate::aws::Aws;
use crate::payment::Payment;

/// The body of `POST /orders`.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderRequest {
    pub(crate) order_id: String,
    /// Without it the order is paid for later.
    pub(crate) payment: Option<Payment>,
}

/// An item of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) items: Vec<Item>,
    /// Left out of traces: who looks at them need not know where customers live.
    #[serde(skip_serializing)]
    pub(crate) shipping_address: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) price: f64,
    pub(crate) quantity: u32,
}

#[derive(Debug, Error)]
pub(crate) enum OrderError {
    #[error("Order {0} not found")]
    NotFound(String),
    #[error("the table was not read")]
    NotRead(#[from] Box<SdkError<GetItemError>>),
    #[error("what the table holds is no order")]
    Malformed(#[from] serde_dynamo::Error),
}

/// An order that is not there is the caller's error, all else is ours.
fn flag(error: &OrderError) -> ErrorFlag {
    match error {
        OrderError::NotFound(_) => ErrorFlag::Error,
        OrderError::NotRead(_) | OrderError::Malformed(_) => ErrorFlag::Fault,
    }
}

/// Becomes the subsegment `## order_service::order::get_order` with the call of DynamoDB beneath, its result in the metadata.
#[capture_method(err = flag)]
pub(crate) async fn get_order(aws: &Aws, order_id: &str) -> Result<Order, OrderError> {
    let key = AttributeValue::S(order_id.to_owned());
    let get = aws.dynamodb.get_item().table_name(&aws.orders_table).key("order_id", key);
    let Some(item) = get.send().await.map_err(Box::new)?.item else {
        tracer::put_annotation("OrderNotFound", order_id);
        return Err(OrderError::NotFound(order_id.to_owned()));
    };
    let order: Order = serde_dynamo::from_item(item)?;
    tracer::put_metadata_in("OrderDetails", "order", &order);
    Ok(order)
}

/// A plain function is traced the same way.
#[capture_method]
pub(crate) fn calculate_total(order: &Order) -> f64 {
    let mut total: f64 = order.items.iter().map(|item| item.price * f64::from(item.quantity)).sum();
    if total > 100.0 {
        total -= total * 0.1;
        tracer::put_annotation("DiscountApplied", true);
    }
    let total = (total * 100.0).round() / 100.0;
    tracer::put_annotation("OrderTotal", total);
    total
}
