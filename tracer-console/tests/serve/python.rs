//! X-Ray's tracers for Python, found as other packages' tests find them, and run against a console.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::serving::Serving;

/// An interpreter that has what a script needs.
pub(crate) struct Python {
    program: PathBuf,
}

/// Ends with success if all modules that the arguments name can be found.
const FIND: &str = "
import importlib.util as util, sys
sys.exit(not all(util.find_spec(name) for name in sys.argv[1:]))
";

impl Python {
    /// The first that has all of these modules: the one in `TRACER_PYTHON`, the one of the virtual environment in `TRACER_VENV`
    /// or in the user's cache, the one on the `PATH`. `None` is said, and is a failure where nothing may be skipped.
    pub(crate) fn with(modules: &[&str]) -> Option<Self> {
        let named = std::env::var_os("TRACER_PYTHON").map(PathBuf::from);
        let all = [named, venv().map(|venv| venv.join("bin/python")), Some(PathBuf::from("python3"))];
        let found =
            all.into_iter().flatten().map(|program| Self { program }).find(|python| python.has(modules));
        if found.is_none() {
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            assert!(
                std::env::var_os("TRACER_NO_SKIP").is_none(),
                "nothing may be skipped: {test}: no {modules:?}"
            );
            eprintln!("skipped: {test}: no Python has {modules:?}");
        }
        found
    }

    fn has(&self, modules: &[&str]) -> bool {
        let mut look = Command::new(&self.program);
        look.args(["-c", FIND]).args(modules);
        look.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        look.status().is_ok_and(|status| status.success())
    }

    /// What a script of `tests/python` says that sends its documents to the console.
    pub(crate) fn run(&self, script: &str, console: &Serving, variables: &[(&str, &str)]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        let output = Command::new(&self.program)
            .arg(script)
            .env("AWS_XRAY_DAEMON_ADDRESS", console.address.to_string())
            .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")])
            .envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_REGION", "us-east-1")])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
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
