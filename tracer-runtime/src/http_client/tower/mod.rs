//! The layer around a client that is a tower service.

mod body;
mod errors;
mod future;
mod layer;
mod service;

pub use self::body::TracedBody;
pub use self::errors::{Describe, Printed, Typed};
pub use self::future::ResponseFuture;
pub use self::layer::TracerLayer;
pub use self::service::TracerService;
