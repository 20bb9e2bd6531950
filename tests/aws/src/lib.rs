//! Tests of the AWS SDK's integration live in `tests/`; this library holds what they share: emulators of AWS from PyPI, a server
//! that answers what it is told, the SDK's clients, and the comparison with what Powertools sent.

mod answer;
mod clients;
mod corpus;
mod emulator;
mod facts;
mod in_process;
mod powertools;
mod recorded;
mod service;

pub use answer::Answer;
pub use clients::{Clients, config};
pub use corpus::corpus;
pub use emulator::Emulator;
pub use facts::{Difference, Says, assert_same_facts};
pub use in_process::InProcess;
pub use powertools::Powertools;
pub use recorded::{invoked, recorded};
pub use service::{Call, Service};
pub use tracer_tests_python::skipped;

/// The directory of this package's own files.
pub const HERE: &str = env!("CARGO_MANIFEST_DIR");
