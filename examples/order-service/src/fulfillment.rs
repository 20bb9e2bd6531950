//! What happens to an order after it is placed: the function `fulfillment` takes it from the queue.

use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use serde_json::json;
use thiserror::Error;
use tracer_runtime::{capture_method, put_annotation};

use crate::aws::Aws;
use crate::order::Order;

#[derive(Debug, Error)]
#[error("the order was not queued")]
pub(crate) struct FulfillmentError(#[from] Box<SdkError<SendMessageError>>);

/// The trace header travels with the message, so whoever takes it from the queue continues this trace.
#[capture_method]
pub(crate) async fn queue_fulfillment(aws: &Aws, order: &Order) -> Result<(), FulfillmentError> {
    let message = json!({
        "order_id": order.order_id,
        "items": order.items,
        "shipping_address": order.shipping_address,
    });
    let send = aws.sqs.send_message().queue_url(&aws.fulfillment_queue_url);
    send.message_body(message.to_string()).send().await.map_err(Box::new)?;
    put_annotation("FulfillmentQueued", true);
    Ok(())
}
