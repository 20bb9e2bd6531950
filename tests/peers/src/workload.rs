//! The work that all cases do: an invocation with a captured child for each item.

use serde::Serialize;

pub(crate) const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
pub(crate) const UNSAMPLED: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
pub(crate) const SERVICE: &str = "order-service";

/// What a child records: the id and the number as annotations, the details as metadata.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) number: u32,
    pub(crate) details: Details,
}

#[derive(Serialize)]
pub(crate) struct Details {
    pub(crate) product: String,
    pub(crate) quantity: u32,
    pub(crate) express: bool,
}

/// Items that a compiler cannot know.
pub(crate) fn items(count: usize) -> Vec<Item> {
    let item = |number: u32| Item {
        id: format!("ORD-{:05}", 12_345 + number),
        number,
        details: Details {
            product: format!("product {}", number % 7),
            quantity: 1 + number % 12,
            express: number.is_multiple_of(2),
        },
    };
    (0..count as u32).map(item).collect()
}
