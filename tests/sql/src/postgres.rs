//! A PostgreSQL of the tests' own: a fresh cluster in a temporary directory, on a loopback port, gone with its last user.

use std::io::{BufRead, BufReader, Error};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// The password of the only user, to be found in no document.
pub const PASSWORD: &str = "hunter2 /@:?#%&='\\";

/// A running server.
pub struct Postgres {
    server: Child,
    directory: TempDir,
    port: u16,
}

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The server of this process, started for whoever comes first. Without PostgreSQL on this machine it says that `test` is
    /// skipped.
    ///
    /// # Panics
    /// Where PostgreSQL is there and does not start, and where it is not and `TRACER_NO_SKIP` is set.
    #[must_use]
    pub fn for_test(test: &str) -> Option<Arc<Self>> {
        let Some(programs) = programs() else {
            let why = "no `initdb` and `postgres` on this machine";
            assert!(std::env::var_os("TRACER_NO_SKIP").is_none(), "nothing may be skipped: {test}: {why}");
            eprintln!("skipped: {test}: {why}");
            return None;
        };
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Self::start(&programs).expect("PostgreSQL starts");
        let started = Arc::new(started);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    fn start(programs: &Path) -> Result<Self, Error> {
        let owner = Owner::of_cluster();
        let directory = TempDir::with_prefix("tracer-sql-")?;
        let (data, password) = (directory.path().join("data"), directory.path().join("password"));
        std::fs::write(&password, PASSWORD)?;
        owner.takes(directory.path())?;
        owner.takes(&password)?;

        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--username=app", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--pgdata"]);
        let initialised = owner.of(initdb.arg(&data).arg("--pwfile").arg(&password)).output()?;
        if !initialised.status.success() {
            return Err(Error::other(String::from_utf8_lossy(&initialised.stderr).into_owned()));
        }

        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut postgres = Command::new(programs.join("postgres"));
        postgres.arg("-F").args(["-h", "127.0.0.1"]).args(["-p", &port.to_string()]);
        postgres.arg("-k").arg(directory.path()).arg("-D").arg(&data).env("LC_ALL", "C");
        let mut server = owner.of(&mut postgres).stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let log = server.stderr.take();
        let server = Self { server, directory, port };
        if wait_until_ready(BufReader::new(log.expect("standard error is piped"))) {
            Ok(server)
        } else {
            Err(Error::other("the server ended before it was ready"))
        }
    }

    /// A URL with the password in it.
    #[must_use]
    pub fn url(&self) -> String {
        let password: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("postgres://app:{password}@127.0.0.1:{}/postgres?application_name=tests", self.port)
    }

    /// The same by way of the server's socket, as `key=value` pairs.
    #[must_use]
    pub fn pairs(&self) -> String {
        let password = PASSWORD.replace('\\', r"\\").replace('\'', r"\'");
        let directory = self.directory.path().display();
        format!("host={directory} port={} user=app password='{password}' dbname=postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT: fast shutdown, which takes the server's own processes along.
        if let Some(pid) = i32::try_from(self.server.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        let _ = self.server.wait();
    }
}

/// Reads the log until the server takes connections, and goes on reading it; false at its end.
fn wait_until_ready(log: impl BufRead + Send + 'static) -> bool {
    let mut lines = log.lines();
    let is_ready =
        lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    is_ready
}

/// Where `initdb` and `postgres` are: on the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut directories = on_path.into_iter().chain(of_debian.map(|version| version.path().join("bin")));
    directories.find(|directory| directory.join("initdb").exists() && directory.join("postgres").exists())
}

/// Whom the cluster belongs to: PostgreSQL refuses to run as root.
struct Owner {
    ids: Option<(u32, u32)>,
}

impl Owner {
    fn of_cluster() -> Self {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let ids_of = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
            Some((ids.next()?, ids.next()?))
        };
        let is_root = rustix::process::geteuid().is_root();
        Self { ids: is_root.then(|| ids_of("postgres").or_else(|| ids_of("nobody"))).flatten() }
    }

    fn takes(&self, path: &Path) -> Result<(), Error> {
        self.ids.map_or(Ok(()), |(user, group)| std::os::unix::fs::chown(path, Some(user), Some(group)))
    }

    fn of<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        use std::os::unix::process::CommandExt;

        match self.ids {
            Some((user, group)) => command.uid(user).gid(group).current_dir("/"),
            None => command,
        }
    }
}
