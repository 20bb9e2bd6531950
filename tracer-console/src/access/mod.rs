//! Who may ask a console and send to it: by default whoever is on this machine, but for pages of other sites in its browsers.
//!
//! [`host`] keeps names out that lead here from elsewhere, [`origin`] pages of other sites, and [`token`] whoever does not know it.

mod denial;
mod host;
mod origin;
mod token;

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Uri, header};

pub(crate) use denial::Denial;
use token::Token;

/// Who may ask a [`Console`](crate::Console) and send to it.
///
/// By default a console listens on this machine's own addresses only, and is asked by a number or as `localhost`: a name that
/// leads here may be another site's. It listens further once there is a token, or once it is said to be open.
///
/// ```
/// use tracer_console::{Access, Console, ConsoleOptions};
///
/// let access = Access::default().with_token("9f0c6b3a7d21e458")?.allow_host("console.example")?;
/// let console = Console::start(ConsoleOptions { listen: "0.0.0.0:0".into(), access, ..Default::default() })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// In lower case.
    hosts: Vec<String>,
    token: Option<Token>,
    is_open: bool,
    is_open_to_tracers: bool,
}

/// A name or a token cannot be used.
///
/// ```
/// let error = tracer_console::Access::default().with_token("short").unwrap_err();
/// assert!(error.to_string().contains("16"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// What is no name of a host.
    #[error("{name:?} is no name of a host: write it without scheme, port and path, such as console.example")]
    Host {
        /// What was given.
        name: String,
    },
    /// A token that would be guessed, or that no header can hold.
    #[error(
        "a token has {} to {} letters, digits or any of -._~: take for example what `openssl rand -hex 16` prints",
        Token::SHORTEST,
        Token::LONGEST
    )]
    Token,
}

/// What tracers and their agents do, and nobody else needs to.
const OF_TRACERS: [&str; 6] = [
    "/TraceSegments",
    "/TelemetryRecords",
    "/GetSamplingRules",
    "/SamplingTargets",
    "/v1/traces",
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
];

impl Access {
    /// Lets it be asked by another name of this machine.
    ///
    /// ```
    /// let access = tracer_console::Access::default().allow_host("host.docker.internal")?;
    /// # Ok::<(), tracer_console::AccessError>(())
    /// ```
    ///
    /// # Errors
    /// [`AccessError::Host`] for what is no name.
    pub fn allow_host(mut self, name: &str) -> Result<Self, AccessError> {
        let name = host::Name::parse(name).ok_or_else(|| AccessError::Host { name: name.to_owned() })?;
        self.hosts.push(name.into_inner());
        Ok(self)
    }

    /// Answers only those who know the token: as `Authorization: Bearer TOKEN`, or as the access key id with which clients of AWS
    /// sign. Documents over UDP, which can carry none, are taken from this machine only.
    ///
    /// ```
    /// let access = tracer_console::Access::default().with_token("9f0c6b3a7d21e458")?;
    /// # Ok::<(), tracer_console::AccessError>(())
    /// ```
    ///
    /// # Errors
    /// [`AccessError::Token`] for one that is too short, too long, or has characters that a header cannot hold.
    pub fn with_token(self, token: &str) -> Result<Self, AccessError> {
        Ok(Self { token: Some(Token::new(token).ok_or(AccessError::Token)?), ..self })
    }

    /// Lets it listen on every address without a token: whoever reaches it may read and write. Tracers may name it as they like.
    ///
    /// ```
    /// let access = tracer_console::Access::default().open();
    /// ```
    #[must_use]
    pub fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// Takes what tracers send from everywhere and by every name without the token: documents, and questions for sampling rules.
    ///
    /// ```
    /// let access = tracer_console::Access::default().with_token("9f0c6b3a7d21e458")?.open_to_tracers();
    /// # Ok::<(), tracer_console::AccessError>(())
    /// ```
    #[must_use]
    pub fn open_to_tracers(self) -> Self {
        Self { is_open_to_tracers: true, ..self }
    }

    /// Whether it may listen on an address.
    pub(crate) fn permits(&self, address: SocketAddr) -> bool {
        is_of_this_machine(address.ip()) || self.token.is_some() || self.is_open
    }

    /// Whether a datagram may come from there.
    pub(crate) fn takes_from(&self, sender: SocketAddr) -> bool {
        self.token.is_none() || self.is_open_to_tracers || is_of_this_machine(sender.ip())
    }

    /// Whether a request may be answered.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Denial> {
        let knows_token = self.token.as_ref().map(|token| token.is_in(headers));
        let is_let_in = if self.token.is_some() { self.is_open_to_tracers } else { self.is_open };
        let is_free = is_let_in && OF_TRACERS.contains(&uri.path());
        // Who knows the token is no page of another site that leads here; nor are tracers, which may know this machine by a name
        // of their network.
        if knows_token != Some(true) && !(is_free && origin::is_of_program(headers)) {
            self.check_hosts(uri, headers)?;
        }
        if let Some(site) = origin::of_other_site(headers) {
            return Err(Denial::Origin(site));
        }
        if knows_token == Some(false) && !is_free {
            return Err(Denial::Token);
        }
        Ok(())
    }

    /// Each name that the request is sent to: a program that speaks HTTP/1.0 may name none, and HTTP/2 names it in the address.
    fn check_hosts(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Denial> {
        let named = headers.get_all(header::HOST).iter().map(|host| String::from_utf8_lossy(host.as_bytes()));
        let has_none = !headers.contains_key(header::HOST);
        let authority = uri.authority().filter(|_| has_none).map(|authority| authority.as_str().into());
        for host in named.chain(authority) {
            if !host::is_plain(&host) && !self.hosts.iter().any(|name| host::is_named(&host, name)) {
                return Err(Denial::Host(host.into_owned()));
            }
        }
        Ok(())
    }
}

/// IPv4 as IPv6 shows it, too.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "9f0c6b3a7d21e458";

    fn check(access: &Access, path: &str, given: &[(&'static str, &str)]) -> Result<(), Denial> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        access.check(&path.parse().unwrap(), &headers)
    }

    #[test]
    fn a_name_that_nobody_allowed_is_refused_wherever_the_request_says_it() {
        let access = Access::default().allow_host("Console.Example").unwrap();
        for host in [
            "127.0.0.1:2000",
            "localhost",
            "[::1]:2000",
            "10.0.0.7",
            "console.example:2000",
            "CONSOLE.example.",
        ] {
            assert_eq!(check(&access, "/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:2000",
            "xconsole.example",
            "127.0.0.1.evil.example",
            "",
            "a@127.0.0.1",
        ] {
            assert_eq!(check(&access, "/", &[("host", host)]), Err(Denial::Host(host.into())), "{host}");
        }
        let evil = Denial::Host("evil.example".into());
        assert_eq!(check(&access, "http://evil.example/Traces", &[]), Err(evil.clone()));
        // A client that takes the console for its proxy says whom it means, and is no page.
        assert_eq!(check(&access, "http://xray.amazonaws.com/Traces", &[("host", "127.0.0.1")]), Ok(()));
        assert_eq!(check(&access, "/", &[("host", "127.0.0.1"), ("host", "evil.example")]), Err(evil));
        assert_eq!(check(&access, "/", &[]), Ok(()));
    }

    #[test]
    fn a_token_is_given_as_a_bearer_or_as_the_access_key_of_whoever_signs() {
        let access = Access::default().with_token(TOKEN).unwrap();
        let asked = |authorization: &str| {
            check(&access, "/Traces", &[("host", "127.0.0.1:2000"), ("authorization", authorization)])
        };
        let signed = |key: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=00"
            )
        };
        assert_eq!(asked(&format!("Bearer {TOKEN}")), Ok(()));
        assert_eq!(asked(&format!("bearer  {TOKEN}")), Ok(()));
        assert_eq!(asked(&signed(TOKEN)), Ok(()));
        for wrong in
            ["", "Bearer", TOKEN, "Bearer 9f0c6b3a7d21e459", "Basic OmZvbw==", &signed("AKIDEXAMPLE")]
        {
            assert_eq!(asked(wrong), Err(Denial::Token), "{wrong}");
        }
        assert_eq!(check(&access, "/Traces", &[("host", "127.0.0.1")]), Err(Denial::Token));
        // Whoever knows it asks by any name.
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(check(&access, "/", &[("host", "console"), ("authorization", &bearer)]), Ok(()));
    }

    #[test]
    fn with_a_token_tracers_are_let_in_where_that_is_said_and_nobody_else_is() {
        let access = Access::default().with_token(TOKEN).unwrap().open_to_tracers();
        let host = ("host", "10.0.0.7:2000");
        for path in OF_TRACERS {
            assert_eq!(check(&access, path, &[host]), Ok(()), "{path}");
            assert_eq!(check(&access, path, &[("host", "xray-service.default:2000")]), Ok(()), "by any name");
            let page = [("host", "evil.example"), ("origin", "http://evil.example")];
            assert!(check(&access, path, &page).is_err(), "but no page, whose site may lead here");
        }
        for path in ["/", "/Traces", "/TraceSummaries", "/tracer/Documents", "/TraceSegments/", "/Groups"] {
            assert_eq!(check(&access, path, &[host]), Err(Denial::Token), "{path}");
        }
    }

    #[test]
    fn datagrams_cannot_carry_a_token_so_they_come_from_this_machine() {
        let [own, mapped, other] =
            ["127.0.0.1:9", "[::ffff:127.0.0.1]:9", "10.0.0.7:9"].map(|it| it.parse().unwrap());
        let access = Access::default().with_token(TOKEN).unwrap();
        assert!(access.takes_from(own) && access.takes_from(mapped) && !access.takes_from(other));
        assert!(access.open_to_tracers().takes_from(other));
        assert!(Access::default().open().takes_from(other));
    }

    #[test]
    fn it_listens_beyond_this_machine_with_a_token_or_where_it_is_said_to_be_open() {
        let [own, all] = ["[::1]:2000", "0.0.0.0:2000"].map(|it| it.parse().unwrap());
        let closed = Access::default();
        assert!(closed.permits(own) && !closed.permits(all));
        assert!(closed.clone().open().permits(all) && closed.with_token(TOKEN).unwrap().permits(all));
    }

    #[test]
    fn what_is_no_name_and_what_is_no_token_is_refused() {
        for name in ["", "http://a", "a:2000", "a/b", "a b", "*", "[::1]", &"a".repeat(300)] {
            assert!(Access::default().allow_host(name).is_err(), "{name}");
        }
        for token in
            ["", "123456789012345", "1234567890123456/", "1234567890 123456", &"x".repeat(300), "ééééééééé"]
        {
            assert_eq!(Access::default().with_token(token).unwrap_err(), AccessError::Token, "{token}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Access::default().with_token(TOKEN).unwrap()).contains(TOKEN));
    }
}
