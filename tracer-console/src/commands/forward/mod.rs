//! `forward`: receives and sends on, in place of the X-Ray daemon, whose command line and configuration file it takes.

mod command_line;
mod daemon_config;
mod daemon_flags;
mod log_file;
mod logger;
mod report;
mod settings;
mod targets;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracer_console::{ConsoleOptions, ForwardOptions, Forwarder, MemoryStore, TraceStore};

pub(crate) use self::command_line::of_daemon;
use self::daemon_flags::DaemonFlags;
use self::report::Report;
use self::settings::Settings;
use super::Failure;
use super::kept::{self, Kept};
use super::let_in::LetIn;
use super::misuse::Misuse;
use super::otlp::Otlp;
use super::serve::on_interrupt;
use super::time::some_time;

#[derive(Debug, clap::Args)]
// As Go's flags: the last of several counts.
#[command(disable_version_flag = true, args_override_self = true)]
pub(crate) struct Forward {
    /// Where to: `aws`, an X-Ray without signatures such as another console (http://host:2000), or an OpenTelemetry backend
    /// (otlp+http://host:4318); may be given several times [default: aws]
    #[arg(long, value_name = "TARGET")]
    to: Vec<String>,
    /// A header for OpenTelemetry backends, such as authorization=…; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    otlp_header: Vec<String>,
    /// Another address of AWS X-Ray's API, for the target `aws`
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A profile of AWS's configuration files, for the target `aws` [default: AWS_PROFILE, or `default`]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The file where documents wait [default: forward.db in the user's data directory]
    #[arg(long, value_name = "PATH")]
    queue: Option<PathBuf>,
    /// The MiB of disk that waiting documents may take; beyond them the oldest are dropped, and counted
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    queue_size: u64,
    /// The longest wait before something that failed is tried again
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = some_time)]
    longest_wait: Duration,
    /// Keep the traces here too, and answer X-Ray's API from them
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    let_in: LetIn,
    #[command(flatten)]
    otlp: Otlp,
    /// Print JSON, an object a line whose member says what it is: `ready`, `counts` or `ended`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    daemon: DaemonFlags,
}

/// What has been received when it ends is sent for so long; the rest waits in the queue.
const LAST_SENDING: Duration = Duration::from_secs(5);

impl Forward {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.daemon.version {
            super::screen::Screen::say(concat!("tracer-console ", env!("CARGO_PKG_VERSION")));
            return Ok(());
        }
        if self.kept.is_named() && !self.keep {
            let said = "--db and --memory say where traces are kept, and nothing is kept without --keep";
            return Err(Misuse::of(said));
        }
        let settings = Settings::of(&self.daemon)?;
        logger::start(&settings)?;
        let stopping = on_interrupt()?;
        let asked = report::on_signal()?;
        let json = self.json;
        let queue =
            self.queue.clone().map_or_else(|| kept::in_data_directory("forward.db", "--queue"), Ok)?;
        let forwarder = Forwarder::start(self.options(&settings, queue.clone())?)?;
        let mut report = Report::new(json);
        report.ready(&forwarder, &queue);
        while !stopping.load(Ordering::Acquire) {
            std::thread::park_timeout(Duration::from_millis(100));
            report.look(&forwarder, asked.swap(false, Ordering::AcqRel));
        }
        report.end(forwarder, LAST_SENDING);
        Ok(())
    }

    fn options(self, settings: &Settings, queue: PathBuf) -> Result<ForwardOptions, Failure> {
        let targets = targets::Asked {
            to: &self.to,
            headers: &self.otlp_header,
            endpoint: self.endpoint.as_deref(),
            profile: self.profile.as_deref(),
            settings,
        };
        let targets = targets.find()?;
        let access = self.let_in.access()?;
        // As the daemon: nothing is read here, and whoever reaches the address may send.
        let access = if self.keep { access } else { access.open() };
        let store: Arc<dyn TraceStore> =
            if self.keep { self.kept.open()?.0 } else { Arc::new(MemoryStore::default()) };
        let tcp = settings.tcp_address.clone();
        let console = ConsoleOptions {
            listen: settings.udp_address.clone(),
            listen_tcp: (tcp != settings.udp_address).then_some(tcp),
            store,
            access,
            otlp: self.otlp.options(),
        };
        Ok(ForwardOptions {
            console,
            keep: self.keep,
            queue_bytes: self.queue_size << 20,
            concurrency: NonZeroUsize::new(settings.concurrency).unwrap_or(NonZeroUsize::MIN),
            longest_wait: self.longest_wait,
            ..ForwardOptions::new(queue, targets)
        })
    }
}
