//! Orders: looked up and priced.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracer_runtime::{self as tracer, ErrorFlag, capture_method};

/// The body of `POST /orders`.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderRequest {
    pub(crate) order_id: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) items: Vec<Item>,
    pub(crate) shipping_address: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Item {
    pub(crate) price: f64,
    pub(crate) quantity: u32,
}

#[derive(Debug, Error)]
pub(crate) enum OrderError {
    #[error("Order {0} not found")]
    NotFound(String),
}

/// An order that is not there is the caller's error.
fn flag(error: &OrderError) -> ErrorFlag {
    match error {
        OrderError::NotFound(_) => ErrorFlag::Error,
    }
}

/// Becomes the subsegment `## order_service::order::get_order`, its result in the metadata.
#[capture_method(err = flag)]
pub(crate) async fn get_order(order_id: &str) -> Result<Order, OrderError> {
    let Some(order) = find(order_id).await else {
        tracer::put_annotation("OrderNotFound", order_id);
        return Err(OrderError::NotFound(order_id.to_owned()));
    };
    tracer::put_metadata_in("OrderDetails", "order", &order);
    Ok(order)
}

/// Stands for the table: the order's id says what becomes of it.
async fn find(order_id: &str) -> Option<Order> {
    let items = match order_id {
        "ORD-MISSING" => return None,
        "ORD-LARGE" => vec![Item { price: 60.0, quantity: 2 }],
        "ORD-SLOW" => {
            tokio::time::sleep(Duration::from_millis(2_100)).await;
            vec![Item { price: 10.0, quantity: 2 }]
        }
        "ORD-STUCK" => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Vec::new()
        }
        _ => vec![Item { price: 10.0, quantity: 2 }, Item { price: 5.0, quantity: 1 }],
    };
    Some(Order { order_id: order_id.to_owned(), items, shipping_address: "1 Main St".to_owned() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use tracer_runtime::testing;

    #[tokio::test]
    async fn a_missing_order_is_the_callers_error() {
        let trace = testing::capture_async(get_order("ORD-MISSING")).await;
        let get_order = trace.subsegment("get_order");
        assert!(get_order.is_error() && !get_order.is_fault());
        assert_eq!(get_order.annotation("OrderNotFound"), "ORD-MISSING");
        assert_eq!(get_order.exceptions()[0].message(), "Order ORD-MISSING not found");
    }

    #[tokio::test]
    async fn a_large_order_gets_a_discount() {
        let order = get_order("ORD-LARGE").await.expect("it is in the table");
        let trace = testing::capture(|| assert!((calculate_total(&order) - 108.0).abs() < 1e-9));
        assert_eq!(trace.subsegment("calculate_total").annotation("DiscountApplied"), true);
    }
}
