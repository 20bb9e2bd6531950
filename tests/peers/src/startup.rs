//! What a program of one file pays for tracing before it does anything: crates, build time, size, and its start.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use nix::sys::resource::{UsageWho, getrusage};

use crate::daemon::Daemon;
use crate::machine;
use crate::measure::median;
use crate::worker::in_lambda;

/// A program of one file that traces one sampled invocation with one child, and ends.
struct Program {
    name: &'static str,
    source: &'static str,
    dependencies: &'static [&'static str],
    datagrams: u64,
}

static PROGRAMS: &[Program] = &[
    Program { name: "hello", source: include_str!("../startup/hello.rs"), dependencies: &[], datagrams: 0 },
    Program {
        name: "tracer",
        source: include_str!("../startup/tracer.rs"),
        dependencies: &["tracer-runtime"],
        datagrams: 1,
    },
    Program {
        name: "xray-lite",
        source: include_str!("../startup/xray_lite.rs"),
        dependencies: &["xray-lite"],
        datagrams: 4,
    },
    Program {
        name: "fastrace",
        source: include_str!("../startup/fastrace.rs"),
        dependencies: &["fastrace"],
        datagrams: 1,
    },
    Program {
        name: "otel-xray",
        source: include_str!("../startup/otel_xray.rs"),
        dependencies: &[
            "opentelemetry",
            "opentelemetry-aws",
            "opentelemetry_sdk",
            "tracing",
            "tracing-opentelemetry",
            "tracing-subscriber",
        ],
        datagrams: 2,
    },
];

/// A program as it was built.
struct Built {
    program: &'static Program,
    binary: PathBuf,
    crates: usize,
    build_cpu: Duration,
    bytes: u64,
    starts: Vec<f64>,
}

/// Builds all programs in a directory of their own, starts each so many times in turn, and prints the table.
pub(crate) fn run(starts: usize) -> Result<()> {
    let directory = env::temp_dir().join(format!("tracer-peers-{}", std::process::id()));
    let result = compare(&directory, starts);
    // Built again by the next run: build time is part of what is measured.
    fs::remove_dir_all(&directory)?;
    result
}

fn compare(directory: &Path, starts: usize) -> Result<()> {
    let daemon = Daemon::start()?;
    let build = |program| build(program, &directory.join(program.name));
    let mut built = PROGRAMS.iter().map(build).collect::<Result<Vec<_>>>()?;
    for _ in 0..starts {
        for program in &mut built {
            program.start(&daemon)?;
        }
    }
    println!("{}\n\n{}", machine::line(&daemon), table(&built));
    Ok(())
}

fn build(program: &'static Program, directory: &Path) -> Result<Built> {
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("src/main.rs"), program.source)?;
    fs::write(directory.join("Cargo.toml"), manifest(program)?)?;
    // The versions that are compared elsewhere; what is not in the lock is thrown out.
    fs::write(directory.join("Cargo.lock"), include_str!("../Cargo.lock"))?;
    output_of(cargo(directory).arg("fetch"))?;
    let tree =
        output_of(cargo(directory).args(["tree", "--prefix=none", "--edges=normal,build", "--format={p}"]))?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let before = children_cpu()?;
    output_of(cargo(directory).args(["build", "--release", "--offline"]))?;
    let build_cpu = children_cpu()? - before;
    let binary = directory.join("target/release/program");
    let bytes = fs::metadata(&binary)?.len();
    Ok(Built { program, binary, crates: crates.len(), build_cpu, bytes, starts: Vec::new() })
}

fn manifest(program: &Program) -> Result<String> {
    let mut manifest =
        "[package]\nname = \"program\"\nedition = \"2024\"\n\n[profile.release]\nstrip = true\n\n\
                        [workspace]\n\n[dependencies]\n"
            .to_owned();
    for name in program.dependencies {
        manifest +=
            &dependency(name).with_context(|| format!("{name} is not among this package's dependencies"))?;
        manifest += "\n";
    }
    Ok(manifest)
}

/// As this package itself depends on it.
fn dependency(name: &str) -> Option<String> {
    let is_it = |line: &&str| line.split_once(" = ").is_some_and(|(key, _)| key == name);
    let line = include_str!("../Cargo.toml").lines().find(is_it)?;
    Some(line.replace("../../", concat!(env!("CARGO_MANIFEST_DIR"), "/../../")))
}

fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory).env("CARGO_TARGET_DIR", "target").stdin(Stdio::null());
    command
}

fn output_of(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// What the processes that have ended used, and those that these waited for.
fn children_cpu() -> Result<Duration> {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros((micros(used.user_time()) + micros(used.system_time())) as u64))
}

impl Built {
    /// Starts the program, sees that its datagrams arrive, and takes the time to its end.
    fn start(&mut self, daemon: &Daemon) -> Result<()> {
        let mut command = Command::new(&self.binary);
        in_lambda(&mut command, daemon.address());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let began = Instant::now();
        let status = command.status()?;
        self.starts.push(began.elapsed().as_secs_f64() * 1000.0);
        let (name, received) = (self.program.name, daemon.received()?.datagrams);
        ensure!(status.success(), "{name} failed: {status}");
        ensure!(received == self.program.datagrams, "{name} sent {received} datagrams");
        Ok(())
    }
}

fn table(built: &[Built]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header([
        "program",
        "crates",
        "build CPU s",
        "KiB over hello",
        "start to exit ms",
        "over hello ms",
    ]);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let Some(hello) = built.first() else { return table };
    let of_hello = median(hello.starts.clone());
    for program in built {
        let start = median(program.starts.clone());
        table.add_row([
            program.program.name.to_owned(),
            program.crates.to_string(),
            format!("{:.1}", program.build_cpu.as_secs_f64()),
            format!("{}", program.bytes.saturating_sub(hello.bytes) >> 10),
            format!("{start:.2}"),
            format!("{:.2}", start - of_hello),
        ]);
    }
    table
}
