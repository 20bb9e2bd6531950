//! The AWS SDK for Rust.
