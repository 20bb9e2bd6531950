//! The local Lambda itself: its threads, its functions, and their end.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};

use super::emitter::Emitter;
use super::function::{Core, Function};
use super::function_builder::FunctionBuilder;
use super::invoke_api;
use super::result::FunctionError;
use super::server::Server;
use crate::console::Console;
use crate::store::TraceStore;

/// The local Lambda or a function could not start.
///
/// ```
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let error = lambda.function("orders", "/no/such/binary").start().unwrap_err();
/// assert!(error.to_string().contains("cargo build"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LambdaError {
    /// The operating system refused.
    #[error("the local Lambda cannot start: {0}")]
    Start(#[from] io::Error),
    /// The binary is not there.
    #[error("no function binary at {}: {source}; build it first (cargo build) and give the path under target/", binary.display())]
    Binary {
        /// The path as given.
        binary: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The binary is no executable file.
    #[error("{} is no executable file; give the path of the function's binary", binary.display())]
    NotExecutable {
        /// The path as given.
        binary: PathBuf,
    },
    /// There is a function of this name.
    #[error("there is a function named {name:?} already; give each its own name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A provisioned environment did not initialise.
    #[error("function {function:?} did not initialise: {error}")]
    Provisioning {
        /// The function.
        function: String,
        /// What went wrong.
        error: FunctionError,
    },
}

/// What functions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) handle: Handle,
    pub(super) daemon: SocketAddr,
    pub(super) emitter: Emitter,
    pub(super) region: String,
    pub(super) account: String,
    functions: Mutex<HashMap<String, Arc<Core>>>,
    environments: AtomicU64,
    /// Every process holds a clone until it is reaped; `None` once the end has begun.
    alive: Mutex<Option<Sender<()>>>,
}

impl Shared {
    pub(super) fn alive(&self) -> Option<Sender<()>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn next_number(&self) -> u64 {
        self.environments.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn add(&self, function: &Function) -> Result<(), LambdaError> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if functions.contains_key(function.name()) {
            return Err(LambdaError::NameTaken { name: function.name().to_owned() });
        }
        functions.insert(function.name().to_owned(), Arc::clone(&function.core));
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    pub(super) fn function(&self, name: &str) -> Option<Function> {
        let functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        functions.get(name).map(|core| Function { core: Arc::clone(core) })
    }
}

/// Sets a local Lambda up.
///
/// ```
/// let console = tracer_console::Console::start(tracer_console::ConsoleOptions::any_port())?;
/// let lambda = tracer_console::LocalLambda::builder().console(&console).region("eu-west-1").start()?;
/// assert!(lambda.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "the local Lambda is there once it is started"]
pub struct LambdaBuilder {
    daemon: SocketAddr,
    listen: SocketAddr,
    segments: Segments,
    region: String,
    account: String,
}

#[derive(Clone)]
enum Segments {
    ToDaemon,
    ToStore(Arc<dyn TraceStore>),
    None,
}

impl LambdaBuilder {
    /// Functions and Lambda itself send to this console.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions, LocalLambda};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// let lambda = LocalLambda::builder().console(&console).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn console(self, console: &Console) -> Self {
        self.daemon_address(console.local_addr())
    }

    /// Functions and Lambda itself send to this daemon; 127.0.0.1:2000 unless said otherwise.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().daemon_address("127.0.0.1:3000".parse()?).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn daemon_address(mut self, daemon: SocketAddr) -> Self {
        self.daemon = daemon;
        self
    }

    /// Lambda's own segments go straight into a store instead of over UDP.
    ///
    /// ```
    /// # use tracer_console::{LocalLambda, MemoryStore};
    /// let store = std::sync::Arc::new(MemoryStore::default());
    /// let lambda = LocalLambda::builder().segments_to(store).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn segments_to(mut self, store: Arc<dyn TraceStore>) -> Self {
        self.segments = Segments::ToStore(store);
        self
    }

    /// Lambda sends no segments of its own, as other emulators.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().without_segments().start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn without_segments(mut self) -> Self {
        self.segments = Segments::None;
        self
    }

    /// Where the Invoke API listens; a free port of 127.0.0.1 unless said otherwise. Whoever reaches it runs functions.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().listen("127.0.0.1:0".parse()?).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The region that functions are told; `us-east-1` unless said otherwise.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().region("eu-west-1").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The account in ARNs; 123456789012 unless said otherwise.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().account("111122223333").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// Starts it.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().start()?;
    /// println!("--endpoint-url {}", lambda.endpoint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LambdaError::Start`] when there is no thread, socket or port to be had.
    pub fn start(self) -> Result<LocalLambda, LambdaError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("local-lambda")
            .enable_all()
            .build()?;
        let emitter = self.emitter()?;
        let (alive, reaped) = channel();
        let shared = Arc::new(Shared {
            handle: runtime.handle().clone(),
            daemon: self.daemon,
            emitter,
            region: self.region,
            account: self.account,
            functions: Mutex::default(),
            environments: AtomicU64::new(0),
            alive: Mutex::new(Some(alive)),
        });
        let within = runtime.enter();
        let served = Arc::clone(&shared);
        let server =
            Server::start(self.listen, move |request| invoke_api::handle(Arc::clone(&served), request))?;
        drop(within);
        Ok(LocalLambda { shared, server: Some(server), runtime: Some(runtime), reaped })
    }

    fn emitter(&self) -> io::Result<Emitter> {
        match &self.segments {
            Segments::None => Ok(Emitter::Nowhere),
            Segments::ToStore(store) => Ok(Emitter::Store(Arc::clone(store))),
            Segments::ToDaemon => {
                let any = if self.daemon.is_ipv4() {
                    (Ipv4Addr::UNSPECIFIED, 0).into()
                } else {
                    SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
                };
                let socket = UdpSocket::bind(any)?;
                socket.set_nonblocking(true)?;
                Ok(Emitter::Daemon(socket, self.daemon))
            }
        }
    }
}

/// Runs function binaries as AWS Lambda does. Dropping it ends and reaps every process that it started; what a function
/// moved into a process group or session of its own (`setsid`) is out of its reach.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LocalLambda {
    shared: Arc<Shared>,
    server: Option<Server>,
    runtime: Option<Runtime>,
    reaped: Receiver<()>,
}

impl LocalLambda {
    /// A local Lambda to be set up.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> LambdaBuilder {
        LambdaBuilder {
            daemon: (Ipv4Addr::LOCALHOST, 2000).into(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            segments: Segments::ToDaemon,
            region: "us-east-1".into(),
            account: "123456789012".into(),
        }
    }

    /// A function to be set up: its name and its binary.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").memory_mb(256).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn function(&self, name: impl Into<String>, binary: impl Into<PathBuf>) -> FunctionBuilder {
        FunctionBuilder::new(Arc::clone(&self.shared), name.into(), binary.into())
    }

    /// What an AWS SDK or the CLI takes as `--endpoint-url`.
    ///
    /// ```
    /// let lambda = tracer_console::LocalLambda::builder().start()?;
    /// assert!(lambda.endpoint().starts_with("http://"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.server.as_ref().map(|server| format!("http://{}", server.address())).unwrap_or_default()
    }
}

impl Drop for LocalLambda {
    fn drop(&mut self) {
        // From here on nobody can start a process.
        drop(self.shared.alive.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.server = None;
        let functions =
            std::mem::take(&mut *self.shared.functions.lock().unwrap_or_else(PoisonError::into_inner));
        for function in functions.values() {
            function.shut_down();
        }
        // Every process holds a sender until it is reaped: this waits for the last.
        while self.reaped.recv_timeout(Duration::from_secs(5)).is_ok() {}
        if let Some(runtime) = self.runtime.take() {
            // Not waiting: a drop of the runtime itself would panic within another runtime.
            runtime.shutdown_background();
        }
    }
}
