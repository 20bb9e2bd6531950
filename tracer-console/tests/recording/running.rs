//! Consoles of this process, and commands that ask them.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, Document, EmbeddedApi, TraceStore};

/// A console in memory, on a free port.
pub(crate) fn console() -> Console {
    Console::start(ConsoleOptions::any_port()).unwrap()
}

/// The program, with an output that is no terminal.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-console"));
    command.stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env_remove("TRACER_CONSOLE_TOKEN");
    command
}

/// A command that asks a console.
pub(crate) fn ask(console: &Console, arguments: &[&str]) -> Output {
    program().args(arguments).args(["--endpoint", &console.local_addr().to_string()]).output().unwrap()
}

/// What a command says that must succeed.
#[track_caller]
pub(crate) fn says(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command says on the standard error that must fail.
#[track_caller]
pub(crate) fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Records documents, each of which is one.
pub(crate) fn record(console: &Console, texts: &[String]) {
    let documents = texts.iter().map(|text| Document::parse(text).unwrap());
    for outcome in console.store().record_all(documents.collect()) {
        outcome.unwrap();
    }
}

/// Every trace of a store as X-Ray answers with it, with its documents as they arrived; by id.
pub(crate) fn everything(store: &Arc<dyn TraceStore>) -> Vec<(String, Vec<String>, Value)> {
    let api = EmbeddedApi::over(Arc::clone(store));
    let mut all: Vec<_> = store
        .changed_since(tracer_console::Revision::default())
        .into_iter()
        .map(|(id, _)| {
            let documents = store.documents(id).iter().map(ToString::to_string).collect();
            let asked = json!({ "TraceIds": [id.to_string()] }).to_string();
            (id.to_string(), documents, api.call("/Traces", asked.as_bytes()).unwrap())
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}
