//! Connection strings that are URLs.

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{ConnectString, Server, encoded};
use crate::sql::database::DatabaseError;

/// Parses `scheme://rest`.
pub(super) fn parse(scheme: &str, rest: &str) -> Result<ConnectString, DatabaseError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if tail.contains('@') {
        // Of a password with one of these three in it, or of no password: nobody can say.
        return Err(DatabaseError::Ambiguous);
    }
    let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    // No crate for URLs takes a list of hosts, each with a port.
    let host = hosts.split(',').next().unwrap_or_default();
    let url = Url::parse(&format!("{scheme}://{host}{tail}")).map_err(|_| DatabaseError::Malformed)?;

    let mut server = Server {
        scheme: url.scheme().to_owned(),
        host: url.host().as_ref().map(host_text),
        port: url.port().map(|port| port.to_string()),
        database: Some(decoded(url.path().trim_start_matches('/'))),
        is_plain: !credentials.contains('@'),
        ..Server::default()
    };
    server.credentials(credentials);
    let pairs = url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    for (key, value) in pairs {
        server.parameter(&decoded(key), value, decoded(value));
    }
    server.known()
}

impl Server {
    fn credentials(&mut self, text: &str) {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let user = decoded(user);
        // Some encode the whole of it.
        let (user, more) = user.split_once(':').unwrap_or((&user, ""));
        self.user = Some(user.to_owned());
        self.secrets.extend([password.to_owned(), decoded(password), more.to_owned()]);
    }
}

fn host_text(host: &Host<&str>) -> String {
    match host {
        Host::Domain(name) => decoded(name),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A URL that has these parts and no others.
pub(super) fn of_parts(
    scheme: &str,
    host: Option<&str>,
    port: Option<&str>,
    database: Option<&str>,
) -> String {
    let mut url = format!("{scheme}://");
    match host {
        Some(host) if host.contains(':') => url.extend(["[", host, "]"]),
        Some(host) => url.push_str(&encoded(host)),
        None => {}
    }
    if let (Some(_), Some(port)) = (host, port) {
        url.extend([":", port]);
    }
    if let Some(database) = database {
        url.extend(["/", &encoded(database)]);
    }
    url
}
