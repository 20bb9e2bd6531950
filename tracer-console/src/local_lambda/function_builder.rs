//! What a function is, before it starts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::environment::EnvironmentSettings;
use super::function::{Function, FunctionSettings};
use super::lambda::{LambdaError, Shared};
use super::process::{Output, ProcessSettings};

/// A function's name and where it is said to run.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) account: String,
}

impl Identity {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.name)
    }
}

/// Sets a function up; made by [`LocalLambda::function`](crate::LocalLambda::function).
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").env("TABLE", "orders").memory_mb(256).start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a function is there once it is started"]
pub struct FunctionBuilder {
    lambda: Arc<Shared>,
    name: String,
    binary: PathBuf,
    arguments: Vec<OsString>,
    timeout: Duration,
    memory: u32,
    variables: Vec<(OsString, Option<OsString>)>,
    inherits: bool,
    output: Output,
    concurrency: Option<usize>,
    max_environments: usize,
    provisioned: usize,
    freezes: bool,
    retry_delays: Vec<Duration>,
}

impl FunctionBuilder {
    pub(super) fn new(lambda: Arc<Shared>, name: String, binary: PathBuf) -> Self {
        Self {
            lambda,
            name,
            binary,
            arguments: Vec::new(),
            timeout: Duration::from_secs(3),
            memory: 128,
            variables: Vec::new(),
            inherits: false,
            output: Output::default(),
            concurrency: None,
            max_environments: 64,
            provisioned: 0,
            freezes: true,
            retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
        }
    }

    /// How long an invocation may take; 3 s as on AWS unless said otherwise.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").timeout(std::time::Duration::from_secs(30)).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The memory that the function is told it has, in MB; nothing limits it.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").memory_mb(512).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memory_mb(mut self, megabytes: u32) -> Self {
        self.memory = megabytes;
        self
    }

    /// An argument for the binary.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").arg("--verbose").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable, also one of those that Lambda sets.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").env("TABLE", "orders").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), Some(value.into())));
        self
    }

    /// Takes a variable away, also one of those that Lambda sets.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").env_remove("AWS_XRAY_CONTEXT_MISSING").start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), None));
        self
    }

    /// Hands on the variables of this process; otherwise the function sees only Lambda's, `PATH` and a few like it.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").inherit_env().start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inherit_env(mut self) -> Self {
        self.inherits = true;
        self
    }

    /// What happens to what the function writes.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").output(tracer_console::Output::Show).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Lambda Managed Instances: one process works on up to `invocations` at once (`AWS_LAMBDA_MAX_CONCURRENCY`) and is
    /// never frozen. Otherwise overlapping invocations have an environment each.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").max_concurrency(10).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_concurrency(mut self, invocations: usize) -> Self {
        self.concurrency = Some(invocations.max(1));
        self
    }

    /// How many environments there may be; an invocation that needs one more is throttled. 64 unless said otherwise.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").max_environments(1).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_environments(mut self, environments: usize) -> Self {
        self.max_environments = environments.max(1);
        self
    }

    /// Provisioned concurrency: so many environments are initialised at once, and no invocation of theirs is a cold start.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").provisioned_concurrency(2).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn provisioned_concurrency(mut self, environments: usize) -> Self {
        self.provisioned = environments;
        self
    }

    /// Whether the process is stopped between invocations as on Lambda (default, on Unix).
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").freeze(false).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn freeze(mut self, freezes: bool) -> Self {
        self.freezes = freezes;
        self
    }

    /// How long a failed asynchronous invocation waits before each retry: 1 and 2 minutes as on AWS unless said
    /// otherwise. As many retries as delays.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").retry_delays([std::time::Duration::ZERO]).start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry_delays(mut self, delays: impl Into<Vec<Duration>>) -> Self {
        self.retry_delays = delays.into();
        self
    }

    /// Makes the function known. No process is started before the first invocation, unless concurrency is provisioned.
    ///
    /// ```
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let absent = lambda.function("orders", "/no/such/binary").start();
    /// assert!(matches!(absent, Err(tracer_console::LambdaError::Binary { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LambdaError`] when the binary is not there or cannot be run, the name is taken, or a provisioned environment
    /// does not initialise.
    pub fn start(mut self) -> Result<Function, LambdaError> {
        self.binary = runnable(&self.binary)?;
        let lambda = Arc::clone(&self.lambda);
        let settings = self.settings();
        Function::start(lambda, settings)
    }

    fn settings(self) -> FunctionSettings {
        let identity = Identity {
            name: self.name.clone(),
            region: self.lambda.region.clone(),
            account: self.lambda.account.clone(),
        };
        let variables = self.all_variables();
        let process = ProcessSettings {
            binary: self.binary,
            arguments: self.arguments,
            variables,
            output: self.output,
        };
        let capacity = self.concurrency.unwrap_or(1);
        let freezes = self.freezes && self.concurrency.is_none();
        FunctionSettings {
            identity,
            timeout: self.timeout,
            environment: EnvironmentSettings { process, capacity, freezes },
            max_environments: self.max_environments,
            provisioned: self.provisioned,
            retry_delays: self.retry_delays,
        }
    }

    fn all_variables(&self) -> BTreeMap<OsString, OsString> {
        let mut variables: BTreeMap<OsString, OsString> =
            std::env::vars_os().filter(|(name, _)| self.hands_on(name)).collect();
        let task_root = self.binary.parent().unwrap_or(Path::new("/"));
        let initialization = if self.provisioned > 0 { "provisioned-concurrency" } else { "on-demand" };
        let lambdas = [
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", initialization.into()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]0".into()),
            ("AWS_REGION", self.lambda.region.clone()),
            ("AWS_DEFAULT_REGION", self.lambda.region.clone()),
            ("AWS_XRAY_DAEMON_ADDRESS", self.lambda.daemon.to_string()),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".into()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime".into()),
            ("_HANDLER", "bootstrap".into()),
            ("TZ", ":UTC".into()),
        ];
        variables.extend(lambdas.map(|(name, value)| (name.into(), value.into())));
        variables.insert("LAMBDA_TASK_ROOT".into(), task_root.into());
        // What belongs to another invocation or another environment must not get through.
        for name in ["_X_AMZN_TRACE_ID", "AWS_LAMBDA_MAX_CONCURRENCY"] {
            variables.remove(OsStr::new(name));
        }
        if let Some(concurrency) = self.concurrency {
            variables.insert("AWS_LAMBDA_MAX_CONCURRENCY".into(), concurrency.to_string().into());
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => variables.insert(name.clone(), value.clone()),
                None => variables.remove(name),
            };
        }
        variables
    }

    fn hands_on(&self, name: &OsStr) -> bool {
        const ALWAYS: [&str; 7] = [
            "PATH",
            "LANG",
            "TMPDIR",
            "LD_LIBRARY_PATH",
            "DYLD_FALLBACK_LIBRARY_PATH",
            "SystemRoot",
            "LLVM_PROFILE_FILE",
        ];
        self.inherits || ALWAYS.iter().any(|always| name == *always)
    }
}

/// The binary's whole path, if it can be run.
fn runnable(binary: &Path) -> Result<PathBuf, LambdaError> {
    let whole =
        binary.canonicalize().map_err(|source| LambdaError::Binary { binary: binary.to_owned(), source })?;
    let not_runnable = || LambdaError::NotExecutable { binary: binary.to_owned() };
    let metadata =
        whole.metadata().map_err(|source| LambdaError::Binary { binary: binary.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(not_runnable());
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 == 0 {
        return Err(not_runnable());
    }
    Ok(whole)
}
