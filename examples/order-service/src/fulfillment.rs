//! What happens to an order after it is placed.

use tracer_runtime::{capture_method, put_annotation};

use crate::order::Order;

/// Stands for the queue.
#[capture_method(capture_response = false)]
pub(crate) async fn queue_fulfillment(order: &Order) {
    tokio::task::yield_now().await;
    put_annotation("Items", order.items.len());
    put_annotation("FulfillmentQueued", !order.shipping_address.is_empty());
}
