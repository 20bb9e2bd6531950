//! A Python that has what a script of this directory needs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter.
pub(crate) struct Interpreter {
    program: PathBuf,
}

/// Ends with success if all modules that the arguments name can be found.
const FIND: &str = "
import importlib.util as util, sys
sys.exit(not all(util.find_spec(name) for name in sys.argv[1:]))
";

impl Interpreter {
    /// The first that has all of these modules: the one in `TRACER_PYTHON`, the one of the virtual environment in `TRACER_VENV`
    /// or in the user's cache, the one on the `PATH`. `None` is said, and is a failure where nothing may be skipped.
    pub(crate) fn with(modules: &[&str]) -> Option<Self> {
        let named = std::env::var_os("TRACER_PYTHON").map(PathBuf::from);
        let all = [named, venv().map(|venv| venv.join("bin/python")), Some(PathBuf::from("python3"))];
        let found = all.into_iter().flatten().map(|program| Self { program }).find(|one| one.has(modules));
        if found.is_none() {
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            let may_skip = std::env::var_os("TRACER_NO_SKIP").is_none();
            assert!(may_skip, "nothing may be skipped: {test}: no Python has {modules:?}");
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

    /// What a script of this directory prints whose clients of X-Ray ask the console at an address.
    pub(crate) fn script(&self, console: SocketAddr, script: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        self.run(console, &[script.to_str().unwrap()])
    }

    /// What Python prints with these arguments.
    pub(crate) fn run(&self, console: SocketAddr, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        command.env("AWS_ENDPOINT_URL_XRAY", format!("http://{console}"));
        command.env("AWS_XRAY_DAEMON_ADDRESS", console.to_string());
        command.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]);
        command.envs([("AWS_DEFAULT_REGION", "us-east-1"), ("TZ", "UTC"), ("PYTHONDONTWRITEBYTECODE", "1")]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
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
