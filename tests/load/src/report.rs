//! Percentiles of everything: what `tracer-console analyze` takes, as a user runs it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::console_process::Console;
use crate::document::SERVICES;
use crate::figures::{Figure, Unit};
use crate::latencies::Latencies;
use crate::million::Filled;

/// How often the whole command is run.
const TIMES: u64 = 5;

pub(crate) fn measure(bench: &Bench, _: &Filled, console: &Console) -> Result<Vec<Figure>> {
    let everything =
        analyze(bench, console, "percentiles of everything: analyze --last 24h", |_| Vec::new())?;
    let service = analyze(bench, console, "percentiles of a service in a day", |at| {
        vec!["--service".to_owned(), SERVICES[at as usize % SERVICES.len()].to_owned()]
    })?;
    Ok(vec![everything.at_most(150.0), service])
}

/// The program's own start is part of what it takes.
fn analyze(
    bench: &Bench,
    console: &Console,
    name: &str,
    arguments: impl Fn(u64) -> Vec<String>,
) -> Result<Figure> {
    let (mut latencies, mut said) = (Latencies::default(), String::new());
    for at in 0..TIMES.min(bench.scale.questions) {
        let mut command = Command::new(&bench.program);
        command.args(["analyze", "--json", "--last", "24h", "--endpoint"]);
        command.arg(console.address.to_string()).args(arguments(at));
        match output(command, bench.scale.patience)? {
            Some((took, text)) => {
                latencies.add(took);
                said = text;
            }
            None => {
                let figure = Figure::new(name, bench.scale.patience.as_secs_f64() * 1e3, Unit::Milliseconds);
                return Ok(figure.more_than().beside("the whole command; given up"));
            }
        }
    }
    let figures: serde_json::Value = serde_json::from_str(&said).context("analyze prints no JSON")?;
    let beside = format!("the whole command, {}; {} traces", latencies.words(), figures["traces"]);
    Ok(Figure::new(name, latencies.percentile(50), Unit::Milliseconds).beside(beside))
}

/// What a command prints and how long it takes; `None` where it takes too long.
fn output(mut command: Command, patience: Duration) -> Result<Option<(Duration, String)>> {
    let begin = Instant::now();
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut printed = process.stdout.take().context("no standard output")?;
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::Read::read_to_string(&mut printed, &mut text);
        let _ = done.send(read.map(|_| text));
    });
    let Ok(text) = waiting.recv_timeout(patience) else {
        process.kill()?;
        process.wait()?;
        return Ok(None);
    };
    let status = process.wait()?;
    ensure!(status.success(), "analyze ended with {status}");
    Ok(Some((begin.elapsed(), text?)))
}
