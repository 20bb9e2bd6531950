//! HTTP clients, each against a real server on this machine: what is recorded, what the server sees, and that nothing changes.

mod bodies;
mod clients;
mod concurrent;
mod corpus;
mod environment;
mod facts;
mod failures;
mod grpc;
mod headers;
mod odd_answers;
mod recorded;
mod retries;
mod rules;
mod server;
mod unchanged;
