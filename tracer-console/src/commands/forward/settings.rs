//! What the daemon's flags and its configuration file mean together: flags win.

use std::path::PathBuf;

use super::super::Failure;
use super::super::misuse::Misuse;
use super::daemon_config::DaemonConfig;
use super::daemon_flags::DaemonFlags;

const ADDRESS: &str = "127.0.0.1:2000";
const CONCURRENCY: usize = 8;
/// Each call has a thread.
const MOST_CONCURRENCY: usize = 64;

/// How it runs, as the daemon is told.
#[derive(Debug)]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "only AWS has a region"))]
pub(super) struct Settings {
    pub(super) udp_address: String,
    pub(super) tcp_address: String,
    pub(super) concurrency: usize,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) resource_arn: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) local: bool,
    pub(super) log_level: log::LevelFilter,
    pub(super) log_file: Option<PathBuf>,
    pub(super) rotates: bool,
    /// What was said and has no meaning here, in sentences.
    pub(super) without_meaning: Vec<String>,
    /// The configuration file that was read.
    pub(super) file: Option<PathBuf>,
}

impl Settings {
    pub(super) fn of(flags: &DaemonFlags) -> Result<Self, Failure> {
        let (config, file) = DaemonConfig::find(flags.config.as_deref())?;
        let mut without_meaning = Vec::new();
        if flags.buffer_memory.or(config.total_buffer_size_mb).is_some_and(|megabytes| megabytes != 0) {
            without_meaning.push(
                "--buffer-memory (TotalBufferSizeMB) has no meaning here: documents wait on disk, and --queue-size bounds them".to_owned(),
            );
        }
        if config.no_verify_ssl == Some(true) {
            without_meaning.push(
                "NoVerifySSL has no meaning here: certificates are always verified; name those of an issuer of your own in SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        if config.concurrency.is_some_and(|calls| calls > MOST_CONCURRENCY) {
            without_meaning
                .push(format!("Concurrency: more than {MOST_CONCURRENCY} calls at a time are not made"));
        }
        let (socket, logging) = (config.socket.unwrap_or_default(), config.logging.unwrap_or_default());
        let level = said(&flags.log_level, logging.log_level).unwrap_or_else(|| "prod".to_owned());
        Ok(Self {
            udp_address: address(&flags.bind, socket.udp_address),
            tcp_address: address(&flags.bind_tcp, socket.tcp_address),
            concurrency: config
                .concurrency
                .filter(|calls| *calls > 0)
                .unwrap_or(CONCURRENCY)
                .min(MOST_CONCURRENCY),
            region: said(&flags.region, config.region),
            endpoint: said(&None, config.endpoint),
            role_arn: said(&flags.role_arn, config.role_arn),
            resource_arn: said(&flags.resource_arn, config.resource_arn),
            proxy: said(&flags.proxy_address, config.proxy_address),
            local: flags.local_mode.or(config.local_mode).unwrap_or(false),
            log_level: log_level(&level)?,
            log_file: flags.log_file.clone().or(logging.log_path).filter(|path| !path.as_os_str().is_empty()),
            rotates: logging.log_rotation.unwrap_or(true),
            without_meaning,
            file,
        })
    }

    /// What was said that is for AWS only.
    pub(super) fn only_for_aws(&self) -> Vec<&'static str> {
        [
            ("--region", &self.region),
            ("--role-arn", &self.role_arn),
            ("--resource-arn", &self.resource_arn),
            ("--proxy-address", &self.proxy),
            ("Endpoint", &self.endpoint),
        ]
        .into_iter()
        .filter_map(|(name, said)| said.is_some().then_some(name))
        .collect()
    }
}

/// The flag, or else the file; an empty text says nothing.
fn said(flag: &Option<String>, config: Option<String>) -> Option<String> {
    let flag = flag.clone().filter(|text| !text.is_empty());
    flag.or(config).filter(|text| !text.is_empty())
}

/// Without a host, as in `:2000`, it is every address of the machine, as in Go.
fn address(flag: &Option<String>, config: Option<String>) -> String {
    match said(flag, config) {
        None => ADDRESS.to_owned(),
        Some(port) if port.starts_with(':') => format!("0.0.0.0{port}"),
        Some(address) => address,
    }
}

fn log_level(name: &str) -> Result<log::LevelFilter, Failure> {
    Ok(match name {
        "dev" => log::LevelFilter::Trace,
        "debug" => log::LevelFilter::Debug,
        "info" | "prod" => log::LevelFilter::Info,
        "warn" => log::LevelFilter::Warn,
        "error" => log::LevelFilter::Error,
        _ => {
            let said = format!("{name:?} is no log level; they are dev, debug, info, warn, error and prod");
            return Err(Misuse::of(said));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flags: DaemonFlags, config: &str) -> Settings {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cfg.yaml");
        std::fs::write(&path, format!("Version: 2\n{config}")).unwrap();
        Settings::of(&DaemonFlags { config: Some(path), ..flags }).unwrap()
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let flags = DaemonFlags {
            region: Some("eu-west-1".into()),
            bind: Some("127.0.0.1:2001".into()),
            local_mode: Some(false),
            ..Default::default()
        };
        let file = "Region: us-east-1\nSocket: {TCPAddress: '127.0.0.1:2002'}\nLocalMode: true\nConcurrency: 3\nLogging: {LogLevel: warn}";
        let settings = settings(flags, file);
        assert_eq!((settings.region.as_deref(), settings.local), (Some("eu-west-1"), false));
        assert_eq!((&*settings.udp_address, &*settings.tcp_address), ("127.0.0.1:2001", "127.0.0.1:2002"));
        assert_eq!((settings.concurrency, settings.log_level), (3, log::LevelFilter::Warn));
        assert!(settings.rotates && settings.without_meaning.is_empty());
    }

    #[test]
    fn an_address_without_a_host_is_every_address() {
        let flags = DaemonFlags { bind: Some(":2001".into()), ..Default::default() };
        let settings = settings(flags, "Socket: {TCPAddress: ':2002'}");
        assert_eq!((&*settings.udp_address, &*settings.tcp_address), ("0.0.0.0:2001", "0.0.0.0:2002"));
    }

    #[test]
    fn what_has_no_meaning_here_is_said() {
        let flags = DaemonFlags { buffer_memory: Some(50), ..Default::default() };
        let settings = settings(flags, "NoVerifySSL: true");
        let [memory, certificates] = &*settings.without_meaning else { panic!("{settings:?}") };
        assert!(memory.contains("--queue-size") && certificates.contains("SSL_CERT_FILE"));
    }

    #[test]
    fn a_level_that_is_none_is_named() {
        let flags = DaemonFlags { log_level: Some("loud".into()), ..Default::default() };
        let error = Settings::of(&flags).unwrap_err().to_string();
        assert!(error.contains("\"loud\"") && error.contains("prod"), "{error}");
    }
}
