//! The work with `tracing`, as users of its attribute write it, for all cases that receive its spans.
//!
//! `lambda_runtime` switches on the feature `log` of `tracing`, so it is on here as in any Lambda function.

use serde::Serialize;
use tracing::instrument;

use crate::workload::Item;

#[instrument(skip_all, fields(annotation.ColdStart = false, annotation.Service = "order-service"))]
pub(crate) fn handler(items: &[Item]) {
    for item in items {
        child(item);
    }
}

// OpenTelemetry's attributes hold no objects, so the details go as a JSON text.
#[instrument(skip_all, fields(
    annotation.OrderId = %item.id,
    annotation.Number = item.number,
    metadata.details = json(&item.details),
))]
fn child(item: &Item) {
    std::hint::black_box(item);
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
