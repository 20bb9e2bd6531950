//! For users' tests.
