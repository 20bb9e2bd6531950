//! Where traces are kept, and how much of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy as _;
use tracer_console::{MemoryLimits, MemoryStore, Retention, SqliteStore, TraceStore};

use super::Failure;
use super::misuse::Misuse;
use super::time::duration;

#[derive(Debug, clap::Args)]
pub(crate) struct Kept {
    /// The database [default: traces.db in the user's data directory]
    #[arg(long, value_name = "PATH", conflicts_with = "memory")]
    db: Option<PathBuf>,
    /// Keep traces in memory only, as far as 256 MiB hold them
    #[arg(long)]
    memory: bool,
    /// Forget traces that nothing came to for so long
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    max_age: Duration,
    /// Forget the oldest traces above so many MiB of the database
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    max_size: u64,
    /// Refuse what X-Ray refuses: documents over 64 KB, and more than 500 KB of a trace
    #[arg(long)]
    strict: bool,
}

impl Kept {
    /// Whether it was said where traces are kept.
    pub(crate) fn is_named(&self) -> bool {
        self.db.is_some() || self.memory
    }

    /// The store, and where and how long it keeps traces, in words.
    pub(crate) fn open(&self) -> Result<(Arc<dyn TraceStore>, String), Failure> {
        let limits = if self.strict { MemoryLimits::strict() } else { MemoryLimits::default() };
        if self.memory {
            return Ok((Arc::new(MemoryStore::new(limits)), "in memory".to_owned()));
        }
        let path = self.db.clone().map_or_else(default_path, Ok)?;
        if path.as_os_str() == ":memory:" {
            return Err(Misuse::of("--db names a file; --memory keeps traces in memory"));
        }
        let retention = Retention { age: self.max_age, bytes: self.max_size.saturating_mul(1 << 20) };
        let store = SqliteStore::open_limited(&path, retention, limits)?;
        Ok((Arc::new(store), format!("in {} (at most {retention})", path.display())))
    }
}

fn default_path() -> Result<PathBuf, Failure> {
    in_data_directory("traces.db", "--db")
}

/// A file in the directory that the platform has for a user's data, which is made where it is not there; `flag` names another.
pub(super) fn in_data_directory(file: &str, flag: &str) -> Result<PathBuf, Failure> {
    let directories = etcetera::choose_base_strategy()
        .map_err(|error| format!("no data directory is known: {error}; name a file with {flag}"))?;
    let directory = directories.data_dir().join("tracer-console");
    std::fs::create_dir_all(&directory)
        .map_err(|error| format!("cannot make {}: {error}; name a file with {flag}", directory.display()))?;
    Ok(directory.join(file))
}
