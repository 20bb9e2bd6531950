//! Documents in a file: what `export` writes and `import` reads, byte for byte.
//!
//! [`writer`] writes lines ([`line`]) or a page ([`page`]); [`reader`] reads them, and what other tools write: [`lines`] cuts
//! the input into pieces of bounded length, and [`shape`] finds the documents in each. [`mod@shift`] moves them to another time.

mod line;
mod lines;
mod page;
mod reader;
mod shape;
mod shift;
mod writer;

pub use reader::{Recorded, Recording};
pub(crate) use shape::documents;
pub use shift::shift;
pub use writer::RecordingWriter;
