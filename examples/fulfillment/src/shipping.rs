//! The shipping of one order.

use aws_lambda_events::sqs::SqsMessage;
use serde::Deserialize;
use thiserror::Error;
use tracer_runtime::{annotate, capture_method};

/// The body of a message, as the order service sends it.
#[derive(Debug, Deserialize)]
struct Order {
    order_id: String,
    items: Vec<Item>,
    shipping_address: String,
}

#[derive(Debug, Deserialize)]
struct Item {
    quantity: u32,
}

#[derive(Debug, Error)]
pub(crate) enum ShippingError {
    #[error("the message is no order")]
    Malformed(#[from] serde_json::Error),
    #[error("Order {0} has no shipping address")]
    NoAddress(String),
}

/// Stands for the carrier: says how many pieces are on their way.
#[capture_method]
pub(crate) async fn ship(message: &SqsMessage) -> Result<u32, ShippingError> {
    let order: Order = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
    annotate!("OrderId" = &order.order_id);
    if order.shipping_address.is_empty() {
        return Err(ShippingError::NoAddress(order.order_id));
    }
    Ok(order.items.iter().map(|item| item.quantity).sum())
}
