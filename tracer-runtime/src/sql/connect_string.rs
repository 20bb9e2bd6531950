//! What a connection string says of its database, and what of it is secret.
//!
//! Clients disagree on where a password ends that is not percent-encoded: at the first `@`, the last, or before a `/`. So whatever
//! could be part of one is shown nowhere, and a string that leaves it open is refused.

mod conninfo;
mod url;

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::database::DatabaseError;

/// What may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) database_type: Option<Cow<'static, str>>,
    pub(crate) version: Option<Cow<'static, str>>,
    pub(crate) url: Option<String>,
    pub(crate) user: Option<String>,
}

/// What a connection string says.
#[cfg_attr(not(feature = "diesel"), allow(dead_code))]
pub(crate) struct ConnectString {
    pub(crate) facts: Facts,
    /// What must be shown nowhere, as it stands there and decoded.
    secrets: Vec<String>,
    /// Whether every client finds the same password in it.
    is_plain: bool,
}

impl ConnectString {
    /// Whether a client's text about this string may be shown: it may quote from the string.
    #[cfg(feature = "diesel")]
    pub(crate) fn may_show(&self, text: &str) -> bool {
        self.is_plain && !self.secrets.iter().any(|secret| text.contains(secret))
    }
}

/// Whether a text that should be a name is rather a connection string, or a part of one with a password in it.
pub(super) fn is_like_one(name: &str) -> bool {
    let has_credentials = || name.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'));
    name.contains("://") || name.contains('=') || has_credentials()
}

pub(crate) fn parse(text: &str) -> Result<ConnectString, DatabaseError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DatabaseError::Empty);
    }
    if let Some(file) = sqlite_file(text) {
        return Ok(of_file(file));
    }
    // Of `key=value` pairs one may have a URL as its value.
    if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        return url::parse(scheme, rest);
    }
    if text.contains('=') {
        return conninfo::parse(text);
    }
    if text.contains('@') {
        return Err(DatabaseError::Ambiguous);
    }
    if text.contains("://") {
        // Such as `jdbc:postgresql://db`.
        return Err(DatabaseError::Malformed);
    }
    Ok(of_file(text))
}

fn is_scheme(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The path in SQLite's own kinds of URL, without their parameters: one of these is a key.
fn sqlite_file(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("sqlite:").or_else(|| text.strip_prefix("file:"))?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    Some(&rest[..end])
}

fn of_file(path: &str) -> ConnectString {
    let facts = Facts { name: name(path), database_type: Some(Cow::Borrowed("SQLite")), ..Facts::default() };
    ConnectString { facts, secrets: Vec::new(), is_plain: true }
}

/// The parts of a database server's connection string.
#[derive(Default)]
struct Server {
    scheme: String,
    host: Option<String>,
    port: Option<String>,
    database: Option<String>,
    user: Option<String>,
    secrets: Vec<String>,
    is_plain: bool,
}

/// Parameters that say nothing of what is shown, and are no secret.
const OTHER_PARAMETERS: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "gssencmode",
    "keepalives",
    "load_balance_hosts",
    "options",
    "sslcert",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "ssl_ca",
    "ssl_cert",
    "ssl_mode",
    "target_session_attrs",
    "unix_socket",
];

impl Server {
    /// Takes a parameter, whose name is the same in URLs and in `key=value` pairs: as it is written, and decoded.
    fn parameter(&mut self, key: &str, written: &str, value: String) {
        match key {
            "host" => self.host = Some(value),
            "hostaddr" if self.host.is_none() => self.host = Some(value),
            "port" => self.port = Some(value),
            "dbname" => self.database = Some(value),
            "user" => self.user = Some(value),
            _ if key.contains("pass") || key.contains("key") => {
                self.secrets.extend([written.to_owned(), value]);
            }
            // A client that does not know it either quotes it, and it may be a piece of a password with spaces in it.
            _ => self.is_plain &= OTHER_PARAMETERS.contains(&key),
        }
    }

    fn known(self) -> Result<ConnectString, DatabaseError> {
        // A connection string as a part of this one.
        let holds_another = |text: &Option<String>, marks: &[&str]| {
            text.as_ref().is_some_and(|text| marks.iter().any(|mark| text.contains(mark)))
        };
        if holds_another(&self.database, &["://", "="])
            || holds_another(&self.host, &["@", "="])
            || holds_another(&self.user, &["://", "="])
        {
            return Err(DatabaseError::Ambiguous);
        }
        let database_type = match self.scheme.as_str() {
            "postgres" | "postgresql" => Some("PostgreSQL"),
            "mysql" => Some("MySQL"),
            "mariadb" => Some("MariaDB"),
            _ => None,
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let first = |list: String| list.split(',').next().unwrap_or_default().to_owned();
        let host = filled(self.host.map(first));
        let port = filled(self.port.map(first)).filter(|port| port.parse::<u16>().is_ok());
        let user = filled(self.user);
        // PostgreSQL's database is called as the user unless it is named.
        let is_postgres = database_type == Some("PostgreSQL");
        let database = filled(self.database).or_else(|| user.clone().filter(|_| is_postgres));
        let url = url::of_parts(&self.scheme, host.as_deref(), port.as_deref(), database.as_deref());
        // No host, and the directory of a socket, mean this machine.
        let host = host.filter(|host| !host.starts_with('/')).unwrap_or_else(|| "localhost".to_owned());
        let name = match &database {
            Some(database) => name(&format!("{database}@{host}")),
            None => name(&host),
        };
        let database_type = database_type.map(Cow::Borrowed);
        let secrets = self.secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        let facts = Facts { name, database_type, version: None, url: Some(url), user };
        Ok(ConnectString { facts, secrets, is_plain: self.is_plain })
    }
}

/// What a configuration of PostgreSQL says that is no text.
#[cfg(feature = "tokio-postgres")]
pub(super) fn of_postgres(
    host: Option<String>,
    port: Option<String>,
    database: Option<&str>,
    user: Option<&str>,
) -> Facts {
    let (database, user) = (database.map(str::to_owned), user.map(str::to_owned));
    let scheme = "postgresql".to_owned();
    Server { scheme, host, port, database, user, ..Server::default() }
        .known()
        .map_or_else(|_| Facts::default(), |known| known.facts)
}

/// A text as part of a name: without the characters that X-Ray removes with a warning.
fn name(text: &str) -> String {
    let is_legal = |c: char| {
        if c.is_ascii() { c.is_ascii_alphanumeric() || r" _.:/%&#=+\-@".contains(c) } else { !c.is_control() }
    };
    text.chars().filter(|c| is_legal(*c)).collect()
}

/// What has a meaning of its own between the parts of a URL.
const IN_A_PART: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'<').add(b'>').add(b'?').add(b'@');

fn encoded(part: &str) -> Cow<'_, str> {
    utf8_percent_encode(part, IN_A_PART).into()
}

#[cfg(all(test, feature = "enable"))]
mod tests;
