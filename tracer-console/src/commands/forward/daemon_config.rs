//! The X-Ray daemon's configuration file: YAML, of version 1 or 2.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::Failure;

/// Where the daemon looks for it.
const PLACES: [&str; 2] = ["/etc/amazon/xray/cfg.yaml", "cfg.yaml"];

/// What the file says. An empty text and a zero say nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub(super) struct DaemonConfig {
    #[serde(rename = "TotalBufferSizeMB")]
    pub(super) total_buffer_size_mb: Option<i64>,
    pub(super) concurrency: Option<usize>,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) socket: Option<Socket>,
    pub(super) logging: Option<Logging>,
    pub(super) local_mode: Option<bool>,
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    #[serde(rename = "NoVerifySSL")]
    pub(super) no_verify_ssl: Option<bool>,
    pub(super) proxy_address: Option<String>,
    version: Option<i64>,
    /// The daemon takes it and goes by its own figures.
    #[serde(rename = "proxyserver")]
    _proxy_server: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Socket {
    #[serde(rename = "UDPAddress")]
    pub(super) udp_address: Option<String>,
    #[serde(rename = "TCPAddress")]
    pub(super) tcp_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub(super) struct Logging {
    pub(super) log_rotation: Option<bool>,
    pub(super) log_level: Option<String>,
    pub(super) log_path: Option<PathBuf>,
}

impl DaemonConfig {
    /// The file that is named, or one where the daemon looks for it; and which that was.
    pub(super) fn find(named: Option<&Path>) -> Result<(Self, Option<PathBuf>), Failure> {
        let path = match named {
            Some(named) => Some(named),
            None => PLACES.into_iter().map(Path::new).find(|place| place.exists()),
        };
        let Some(path) = path else { return Ok((Self::default(), None)) };
        let hint =
            if named.is_none() { "; it is read because it is there: name another with --config" } else { "" };
        let refused = |why: String| format!("the configuration file {}: {why}{hint}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        Ok((Self::read(&text).map_err(refused)?, Some(path.to_owned())))
    }

    fn read(text: &str) -> Result<Self, String> {
        let config: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        match config.version {
            Some(1 | 2) => Ok(config),
            Some(other) => Err(format!("its Version is {other}, and there are 1 and 2")),
            None => Err("it has no Version; write `Version: 2`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        DaemonConfig::read(text).unwrap_err()
    }

    #[test]
    fn all_keys_of_the_daemon_are_read() {
        let config = DaemonConfig::read(
            r#"
            # Buffers.
            TotalBufferSizeMB: 24
            Concurrency: 4
            Endpoint: "http://127.0.0.1:5050"
            Region: 'eu-west-1'
            Socket:
              UDPAddress: "127.0.0.1:2001"
              TCPAddress: 127.0.0.1:2002
            Logging:
              LogRotation: false
              LogLevel: dev
              LogPath: "/var/log/xray.log"
            LocalMode: true
            ResourceARN: ""
            RoleARN: arn:aws:iam::123456789012:role/xray
            NoVerifySSL: false
            ProxyAddress: ~
            Version: 2
            "#,
        );
        let config = config.unwrap();
        assert_eq!((config.total_buffer_size_mb, config.concurrency), (Some(24), Some(4)));
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        let socket = config.socket.unwrap();
        assert_eq!(socket.udp_address.as_deref(), Some("127.0.0.1:2001"));
        assert_eq!(socket.tcp_address.as_deref(), Some("127.0.0.1:2002"));
        let logging = config.logging.unwrap();
        assert_eq!((logging.log_rotation, logging.log_level.as_deref()), (Some(false), Some("dev")));
        assert_eq!(
            (config.local_mode, config.resource_arn.as_deref(), config.proxy_address),
            (Some(true), Some(""), None)
        );
        assert_eq!(config.role_arn.as_deref(), Some("arn:aws:iam::123456789012:role/xray"));
    }

    #[test]
    fn what_is_not_said_is_left_to_the_defaults() {
        let config = DaemonConfig::read("Version: 1\nSocket:\n").unwrap();
        assert!(config.socket.is_none() && config.concurrency.is_none() && config.region.is_none());
    }

    #[test]
    fn unknown_keys_are_named() {
        for (text, key) in [
            ("Version: 2\nMemoryLimit: 16\n", "MemoryLimit"),
            ("Version: 2\nSocket:\n  BufferSizeKB: 128\n", "BufferSizeKB"),
            ("Version: 2\nregion: us-east-1\n", "region"),
        ] {
            assert!(refused(text).contains(&format!("`{key}`")), "{}", refused(text));
        }
    }

    #[test]
    fn the_version_must_be_there_and_known() {
        assert!(refused("Region: us-east-1\n").contains("no Version"));
        assert!(refused("Version: 3\n").contains("Version is 3"));
        assert!(refused("").contains("no Version"), "{}", refused(""));
        assert!(!refused("{[").is_empty());
    }

    #[test]
    fn a_file_that_is_named_and_not_there_is_named() {
        let error = DaemonConfig::find(Some(Path::new("no-such.yaml"))).unwrap_err().to_string();
        assert!(error.contains("no-such.yaml") && !error.contains("because it is there"), "{error}");
    }
}
