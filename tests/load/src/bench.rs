//! What every measurement needs: the program, a place for databases, and how much is to be done.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use tempfile::TempDir;

use crate::console_process::Console;
use crate::document::Series;
use crate::scale::Scale;

pub(crate) struct Bench {
    pub(crate) program: PathBuf,
    /// On the disk that the program is on: what is in memory only would be durable at once.
    directory: TempDir,
    pub(crate) scale: Scale,
}

impl Bench {
    pub(crate) fn new(program: PathBuf, scale: Scale) -> Result<Self> {
        let beside = program.parent().unwrap_or(Path::new("."));
        let directory = tempfile::Builder::new().prefix("load-").tempdir_in(beside)?;
        Ok(Self { program, directory, scale })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A database that is removed with all that was written beside it.
    pub(crate) fn database(&self) -> Result<Database> {
        Ok(Database(tempfile::tempdir_in(self.directory.path())?))
    }

    pub(crate) fn console(&self, database: &Database) -> Result<Console> {
        Console::start(Command::new(&self.program), &database.path())
    }

    /// Without root's right to a larger socket buffer than `net.core.rmem_max` grants everybody.
    pub(crate) fn ordinary_console(&self, database: &Database) -> Result<Console> {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"]).arg(&self.program);
        Console::start(command, &database.path())
    }
}

pub(crate) struct Database(TempDir);

impl Database {
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("traces.db")
    }

    /// The file and its log, in bytes.
    pub(crate) fn bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for file in std::fs::read_dir(self.0.path())? {
            bytes += file?.metadata()?.len();
        }
        Ok(bytes)
    }
}

/// Since the epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Documents that begin now, as fast as they can be sent.
pub(crate) fn live(seed: u64) -> Series {
    Series::new(seed, now().as_micros() as u64, 25.0)
}

/// In words, what it took the server per thousand documents, and the sender.
pub(crate) fn costs(server: Duration, sender: Duration, documents: u64, wall: Duration) -> String {
    let thousands = documents as f64 / 1_000.0;
    format!(
        "server {:.1} ms CPU per 1 000 and {:.2} cores, sender {:.2} cores",
        server.as_secs_f64() * 1_000.0 / thousands,
        server.as_secs_f64() / wall.as_secs_f64(),
        sender.as_secs_f64() / wall.as_secs_f64(),
    )
}
