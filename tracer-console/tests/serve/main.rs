//! `tracer-console serve` as a process of its own: asked on the command line, killed, and sent to by X-Ray's own SDKs.

mod commands;
mod flask;
#[path = "../python/interpreter.rs"]
mod interpreter;
mod kills;
#[cfg(target_os = "linux")]
mod losses;
mod powertools;
mod serving;
