//! Messages that are received: in a Lambda function and outside of it.

mod batches;
mod errors;
mod events;
mod life;
mod outside;
mod promises;
