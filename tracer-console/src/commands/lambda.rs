//! `lambda`: runs a function binary with events and draws the traces.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{
    ApiRequest, Console, ConsoleOptions, Function, Invocation, InvocationResult, LocalLambda, Output, Trace,
    TraceId, Tracing,
};

use super::Failure;
use super::event::events;
use super::misuse::Misuse;
use super::screen::Screen;
use super::serve::{Drawn, QUIET, interrupted};
use super::time::some_time;

#[derive(Debug, clap::Args)]
pub(crate) struct Lambda {
    /// The function's binary
    #[arg(long)]
    binary: PathBuf,
    /// The function's name [default: the binary's]
    #[arg(long)]
    name: Option<String>,
    /// An event, or several one after the other: a file, JSON text, or `-` for the standard input; may be given more than once
    #[arg(long = "event", value_name = "FILE|JSON|-")]
    events: Vec<String>,
    /// Make the events bodies of an API Gateway request: METHOD:/path
    #[arg(long, value_name = "METHOD:/PATH")]
    api: Option<String>,
    /// How long an invocation may take: 3s, 500ms
    #[arg(long, default_value = "3s", value_parser = some_time)]
    timeout: Duration,
    /// The incoming X-Amzn-Trace-Id header, or one of sampled, not-sampled, pass-through, absent
    #[arg(long, default_value = "sampled", value_parser = tracing)]
    trace_header: Tracing,
    /// A variable for the function: NAME=VALUE; may be given more than once
    #[arg(long = "env", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// Stay until Ctrl-C and serve the Invoke API for an AWS SDK or CLI
    #[arg(long)]
    stay: bool,
    /// Where the Invoke API listens; whoever reaches it runs the function. Port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[cfg(feature = "sqs")]
    #[command(flatten)]
    queue: super::event_source::EventSource,
    /// Print JSON, an object a line whose member says what it is: `invocation` (with the documents of its trace), and with
    /// --stay `ready` and `trace` (a summary)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    screen: Screen,
}

impl Lambda {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // Before anything is caught or started: reading the standard input can be interrupted as usual.
        let invocations = self.invocations()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::select! {
                done = self.invoke_all(invocations) => done,
                // The function's processes end with the local Lambda, which is dropped here.
                () = interrupted() => Ok(()),
            }
        })
    }

    async fn invoke_all(&self, invocations: Vec<Invocation>) -> Result<(), Failure> {
        let console = Console::start(ConsoleOptions::any_port())?;
        let lambda = LocalLambda::builder().console(&console).listen(self.listen).start()?;
        let function = self.function(&lambda)?;
        let (given, mut failed) = (invocations.len(), 0);
        for invocation in invocations {
            let result = function.begin(invocation).answered().await?;
            let trace = trace_of(&console, &result).await;
            if self.json {
                Screen::say_json(to_json(&console, &result));
            } else {
                report(&result);
                self.draw(&result, trace);
            }
            failed += usize::from(result.error().is_some());
        }
        if self.stays() {
            #[cfg(feature = "sqs")]
            let _polling = self.queue.start(&function)?;
            let mut drawn = Drawn::new(Arc::clone(console.store()), self.screen, self.json);
            let (name, endpoint) = (function.name(), lambda.endpoint());
            Screen::say(&if self.json {
                json!({"ready": {"function": name, "endpoint": endpoint}}).to_string()
            } else {
                format!("ready, invoke {name} at --endpoint-url {endpoint}; Ctrl-C ends")
            });
            loop {
                let look = move || {
                    drawn.look(QUIET);
                    drawn
                };
                drawn = tokio::task::spawn_blocking(look).await?;
            }
        }
        if failed > 0 {
            return Err(format!("the function failed or timed out in {failed} of {given} invocations").into());
        }
        Ok(())
    }

    /// Whether to go on after the events that were given.
    #[cfg(feature = "sqs")]
    fn stays(&self) -> bool {
        self.stay || self.queue.is_given()
    }

    /// Whether to go on after the events that were given.
    #[cfg(not(feature = "sqs"))]
    fn stays(&self) -> bool {
        self.stay
    }

    fn function(&self, lambda: &LocalLambda) -> Result<Function, Failure> {
        let stem = self.binary.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.clone().or(stem).unwrap_or_else(|| "function".into());
        let mut function =
            lambda.function(name, &self.binary).timeout(self.timeout).inherit_env().output(Output::Show);
        for variable in &self.variables {
            let (name, value) = variable
                .split_once('=')
                .ok_or_else(|| Misuse::of(format!("--env {variable:?}: write NAME=VALUE")))?;
            function = function.env(name, value);
        }
        Ok(function.start()?)
    }

    fn invocations(&self) -> Result<Vec<Invocation>, Failure> {
        let mut payloads = Vec::new();
        for given in &self.events {
            payloads.extend(events(given)?);
        }
        if payloads.is_empty() && !self.stays() {
            payloads.push(if self.api.is_some() { Vec::new() } else { b"{}".to_vec() });
        }
        payloads.into_iter().map(|payload| self.invocation(payload)).collect()
    }

    fn invocation(&self, payload: Vec<u8>) -> Result<Invocation, Failure> {
        let invocation = match &self.api {
            None => Invocation::payload(payload),
            Some(api) => {
                let (method, path) = api.split_once(':').ok_or_else(|| {
                    Misuse::of(format!("--api {api:?}: write METHOD:/path, such as GET:/orders"))
                })?;
                let request = ApiRequest::new(method, path);
                if payload.is_empty() {
                    request
                } else {
                    request.header("Content-Type", "application/json").body(payload)
                }
                .invocation()
            }
        };
        Ok(invocation.tracing(self.trace_header.clone()))
    }

    fn draw(&self, result: &InvocationResult, trace: Option<Trace>) {
        match trace {
            Some(trace) => self.screen.draw(&trace),
            None if result.trace_id().is_none() => {}
            None => {
                let header = result.trace_header().unwrap_or_default();
                Screen::say(&format!("no trace: {header:?} is not sampled\n"));
            }
        }
    }
}

/// A word, or a header that names a trace: Lambda would begin a new one for any other.
fn tracing(text: &str) -> Result<Tracing, String> {
    Ok(match text {
        "sampled" => Tracing::Sampled,
        "not-sampled" => Tracing::NotSampled,
        "pass-through" => Tracing::PassThrough,
        "absent" => Tracing::Absent,
        header if names_trace(header) => Tracing::Incoming(header.to_owned()),
        _ => {
            return Err(
                "give sampled, not-sampled, pass-through or absent, or a header with the id of a trace: \
                        Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"
                    .to_owned(),
            );
        }
    })
}

fn names_trace(header: &str) -> bool {
    let mut members = header.split(';').filter_map(|member| member.trim().split_once('='));
    members.any(|(name, value)| name.eq_ignore_ascii_case("root") && value.parse::<TraceId>().is_ok())
}

/// The invocation's trace once it is settled, or as far as it came in time.
async fn trace_of(console: &Console, result: &InvocationResult) -> Option<Trace> {
    let id = result.trace_id()?;
    let store = Arc::clone(console.store());
    let waited = tokio::task::spawn_blocking(move || {
        store.wait_for_trace(id, Trace::is_settled, Duration::from_secs(1))
    });
    match waited.await.ok()? {
        Ok(trace) => Some(trace),
        Err(error) => error.trace.map(|trace| *trace),
    }
}

/// What became of an invocation, times in seconds.
fn to_json(console: &Console, result: &InvocationResult) -> Value {
    let documents = result.trace_id().map(|id| console.store().documents(id)).unwrap_or_default();
    let documents = documents.iter().filter_map(|document| serde_json::from_str::<Value>(document).ok());
    let body = result.body();
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
    json!({"invocation": {
        "status": result.status(),
        "cold_start": result.cold_start(),
        "duration": result.duration().as_secs_f64(),
        "timed_out": result.timed_out(),
        "error": result.error().map(ToString::to_string),
        "body": body,
        "trace_id": result.trace_id().map(|id| id.to_string()),
        "documents": documents.collect::<Vec<_>>(),
    }})
}

fn report(result: &InvocationResult) {
    let start = if result.cold_start() { "cold" } else { "warm" };
    let body = String::from_utf8_lossy(result.body());
    let beginning: String = body.chars().take(400).collect();
    let shown = Screen::printable(&beginning);
    let failed = match result.error() {
        Some(_) if result.timed_out() => "timed out ",
        Some(_) => "failed ",
        None => "",
    };
    Screen::say(&format!("{} {start} {:.1?} {failed}{shown}", result.status(), result.duration()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_header_is_a_word_or_names_a_trace() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0";
        assert_eq!(tracing(header), Ok(Tracing::Incoming(header.to_owned())));
        assert_eq!(tracing("not-sampled"), Ok(Tracing::NotSampled));
        for wrong in ["not_sampled", "Sampled=0", "foo", "", "Root=1-5759e988", "Root=nonsense;Sampled=1"] {
            assert!(tracing(wrong).unwrap_err().contains("Root=1-"), "{wrong}");
        }
    }
}
