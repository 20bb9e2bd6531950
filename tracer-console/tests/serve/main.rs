//! `tracer-console serve` as a process of its own: asked on the command line, killed, and sent to by X-Ray's own SDKs.

mod commands;
mod flask;
mod kills;
mod powertools;
mod python;
mod serving;
