//! A Python that has what is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    program: PathBuf,
}

/// Ends with success if all modules that the arguments name can be found.
const FIND: &str = "
import importlib.util as util, sys
sys.exit(not all(util.find_spec(name) for name in sys.argv[1:]))
";

impl Python {
    /// The first that has all of these modules: the one in `TRACER_PYTHON`, the one of the virtual environment in `TRACER_VENV`
    /// or in the user's cache, the one on the `PATH`.
    #[must_use]
    pub fn with(modules: &[&str]) -> Option<Self> {
        let named = std::env::var_os("TRACER_PYTHON").map(PathBuf::from);
        let all = [named, venv().map(|venv| venv.join("bin/python")), Some(PathBuf::from("python3"))];
        all.into_iter().flatten().map(|program| Self { program }).find(|python| python.has(modules))
    }

    /// The same, and where there is none that is said of the running test: it is to be skipped.
    ///
    /// # Panics
    /// If there is none and nothing may be skipped, as [`skipped`](crate::skipped) does.
    #[must_use]
    pub fn for_test(modules: &[&str]) -> Option<Self> {
        let found = Self::with(modules);
        if found.is_none() {
            crate::skipped(&format!("no Python has {modules:?}"));
        }
        found
    }

    fn has(&self, modules: &[&str]) -> bool {
        let mut look = self.command();
        look.args(["-c", FIND]).args(modules).stdout(Stdio::null()).stderr(Stdio::null());
        look.status().is_ok_and(|status| status.success())
    }

    /// A command that runs it, without an input.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::null());
        command
    }
}

fn venv() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TRACER_VENV") {
        return Some(PathBuf::from(named));
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("tracer/venv"))
}
