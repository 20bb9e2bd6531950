//! The X-Ray daemon's flags, in both of their forms.

use std::path::PathBuf;

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Options of the X-Ray daemon")]
pub(super) struct DaemonFlags {
    /// The ARN of what this runs on, for the telemetry
    #[arg(short = 'a', long, value_name = "ARN")]
    pub(super) resource_arn: Option<String>,
    /// Ask neither the ECS task nor the EC2 instance for the region and for names
    #[arg(short = 'o', long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    pub(super) local_mode: Option<bool>,
    /// Has no meaning here: documents wait on disk, and --queue-size bounds them
    #[arg(short = 'm', long, value_name = "MB")]
    pub(super) buffer_memory: Option<i64>,
    /// The region of AWS X-Ray
    #[arg(short = 'n', long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// The address for documents over UDP; beyond this machine, as with the daemon, whoever reaches it sends [default: 127.0.0.1:2000]
    #[arg(short = 'b', long, value_name = "ADDRESS")]
    pub(super) bind: Option<String>,
    /// The address for what is asked over TCP; beyond this machine, as with the daemon, whoever reaches it asks [default: 127.0.0.1:2000]
    #[arg(short = 't', long, value_name = "ADDRESS")]
    pub(super) bind_tcp: Option<String>,
    /// A role of AWS to assume
    #[arg(short = 'r', long, value_name = "ARN")]
    pub(super) role_arn: Option<String>,
    /// The daemon's configuration file [default: /etc/amazon/xray/cfg.yaml or cfg.yaml, if they are there]
    #[arg(short = 'c', long, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    /// Write what is said into a file, which begins anew every 50 MB
    #[arg(short = 'f', long, value_name = "PATH")]
    pub(super) log_file: Option<PathBuf>,
    /// What is said: dev, debug, info, warn, error, prod [default: prod, which is info]
    #[arg(short = 'l', long, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
    /// An HTTP proxy on the way to AWS [default: HTTPS_PROXY]
    #[arg(short = 'p', long, value_name = "URL")]
    pub(super) proxy_address: Option<String>,
    /// Print the version
    #[arg(short = 'v', long)]
    pub(super) version: bool,
}

impl DaemonFlags {
    /// The names of those that the daemon also takes behind a single dash.
    pub(super) const LONG: [&str; 12] = [
        "resource-arn",
        "local-mode",
        "buffer-memory",
        "region",
        "bind",
        "bind-tcp",
        "role-arn",
        "config",
        "log-file",
        "log-level",
        "proxy-address",
        "version",
    ];

    /// The letters of those that it also takes behind two.
    pub(super) const SHORT: [&str; 12] = ["a", "o", "m", "n", "b", "t", "r", "c", "f", "l", "p", "v"];
}

/// As Go's flags read it.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}
