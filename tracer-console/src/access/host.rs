//! The names of a host: a page of another site may lead its own name here and so read what programs here are answered.

use std::net::IpAddr;

/// A name of DNS, in lower case.
pub(super) struct Name(String);

impl Name {
    /// `None` for what is no name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        (!name.is_empty() && name.len() <= 253 && name.chars().all(is_name)).then_some(Self(name))
    }

    pub(super) fn into_inner(self) -> String {
        self.0
    }
}

/// Whether a host, with or without a port, is given by its number or as this machine.
pub(super) fn is_plain(host: &str) -> bool {
    let name = without_port(host);
    is_named(host, "localhost") || name.parse::<IpAddr>().is_ok()
}

/// Whether a host, with or without a port, has the name, which is in lower case.
pub(super) fn is_named(host: &str, name: &str) -> bool {
    let given = without_port(host);
    given.strip_suffix('.').unwrap_or(given).eq_ignore_ascii_case(name)
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}
