//! Tests that cross crates live in `tests/`; this library holds what they share.

mod arrivals;
mod diary;
mod doom;
mod mailbox;
mod takings;

pub use arrivals::{Arrival, Arrivals};
pub use diary::{Diary, Entry, Event, entries};
pub use doom::Doom;
pub use mailbox::Mailbox;
pub use takings::Takings;

/// A header that asks for a trace, and the id of its parent.
pub const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
/// The parent that [`SAMPLED`] names.
pub const PARENT: &str = "53995c3f42cd8ad8";
/// The same trace, not sampled.
pub const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
