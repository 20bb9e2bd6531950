//! Where this was measured: figures of another machine are other figures.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use crate::latencies::Latencies;

/// What is written and synchronised each time, in bytes: a page of the file's log.
const PAGE: usize = 4_096;
const TIMES: usize = 200;

#[derive(Debug)]
pub(crate) struct Machine {
    facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// As it is now; `directory` is where the databases go.
    pub(crate) fn look(directory: &Path) -> Result<Self> {
        let fsync = fsync(directory)?;
        let facts = vec![
            ("processor", processor()),
            ("cores", std::thread::available_parallelism().map_or(0, usize::from).to_string()),
            ("memory", memory()),
            ("kernel", read("/proc/sys/kernel/osrelease")),
            ("file system", file_system(directory)),
            (
                "fsync of 4 KiB",
                format!("p50 {:.2} ms, p95 {:.2} ms", fsync.percentile(50), fsync.percentile(95)),
            ),
            ("rustc", said(Command::new("rustc").arg("--version"))),
            ("load average at the start", read("/proc/loadavg")),
            ("net.core.rmem_max", read("/proc/sys/net/core/rmem_max")),
        ];
        Ok(Self { facts })
    }

    pub(crate) fn add(&mut self, name: &'static str, fact: impl Into<String>) {
        self.facts.push((name, fact.into()));
    }

    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let facts = self.facts.iter().map(|(name, fact)| ((*name).to_owned(), json!(fact)));
            println!("{}", json!({ "machine": Value::Object(facts.collect()) }));
        } else {
            self.facts.iter().for_each(|(name, fact)| println!("{name:<26} {fact}"));
            println!();
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// The first line that a program says.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| [output.stdout, output.stderr].concat());
    let text = output.map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// What a program on the PATH says of its version; `None` where there is none.
pub(crate) fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

fn value_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn processor() -> String {
    value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let total = value_of("/proc/meminfo", "MemTotal");
    let kilobytes = total.and_then(|total| total.split(' ').next()?.parse::<u64>().ok());
    kilobytes.map_or_else(
        || "unknown".to_owned(),
        |kilobytes| format!("{:.1} GiB", kilobytes as f64 / 1_048_576.0),
    )
}

/// What is mounted where the databases go, and whether that disk turns.
fn file_system(directory: &Path) -> String {
    let mounts = read("/proc/self/mounts");
    let rows = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let here =
        rows.filter(|(_, place, _)| directory.starts_with(place)).max_by_key(|(_, place, _)| place.len());
    let Some((device, _, kind)) = here else { return "unknown".to_owned() };
    let disk = device.trim_start_matches("/dev/").trim_end_matches(|c: char| c.is_ascii_digit());
    let turns = match &*read(&format!("/sys/block/{disk}/queue/rotational")) {
        "1" => ", a disk that turns or says so",
        "0" => ", solid state",
        _ => "",
    };
    format!("{kind} on {device}{turns}")
}

/// How long a page takes until it is on the disk.
fn fsync(directory: &Path) -> Result<Latencies> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut latencies = Latencies::default();
    for _ in 0..TIMES {
        file.write_all(&[7; PAGE])?;
        let begin = Instant::now();
        file.sync_data()?;
        latencies.add(begin.elapsed());
    }
    Ok(latencies)
}
