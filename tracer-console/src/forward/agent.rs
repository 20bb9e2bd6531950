//! Plain HTTP and, where TLS is built in, HTTPS to far ends that want no signature.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::Uri;

use super::error::ForwardError;
use super::far::{Failure, FailureKind};

/// A host that does not take a connection by then is not there.
const CONNECTING: Duration = Duration::from_secs(3);
/// From the first byte of the request to the last of the answer.
const ANSWERING: Duration = Duration::from_secs(15);
/// An answer has no more bytes that are read.
const LONGEST_ANSWER: u64 = 16 << 20;

/// Sends requests to one address.
#[derive(Debug)]
pub(super) struct Agent {
    agent: ureq::Agent,
    url: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ureq::http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The wait that it asks for, in seconds as most servers write it, or until a date.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        httpdate::parse_http_date(text).ok()?.duration_since(std::time::SystemTime::now()).ok()
    }
}

impl Agent {
    /// For this address.
    pub(super) fn of(url: String) -> Result<Self, ForwardError> {
        let wrong = |why: &str| ForwardError::Address { url: url.clone(), why: why.to_owned() };
        let parsed: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        match parsed.scheme_str() {
            _ if parsed.host().is_none_or(str::is_empty) => return Err(wrong("it names no host")),
            Some("http") => {}
            Some("https") if cfg!(feature = "https") => {}
            Some("https") => return Err(ForwardError::NoTls { url }),
            _ => return Err(wrong("it begins neither with http:// nor with https://")),
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECTING))
            .timeout_global(Some(ANSWERING));
        // Its proxy is for what is beyond this machine, as HTTP_PROXY is for Go's programs, the X-Ray daemon among them.
        let config = if is_here(&parsed) { config.proxy(None) } else { config };
        #[cfg(feature = "https")]
        let config = config.tls_config(tls());
        Ok(Self { agent: config.build().new_agent(), url })
    }

    /// The address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Posts, and reads the answer.
    pub(super) fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Failure> {
        let mut request = self.agent.post(&self.url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(body).map_err(|error| self.failure(&error))?;
        let limited = response.body_mut().with_config().limit(LONGEST_ANSWER);
        let body = limited.read_to_vec().map_err(|error| self.failure(&error))?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }

    fn failure(&self, error: &ureq::Error) -> Failure {
        let kind = match error {
            ureq::Error::Timeout(_) => FailureKind::Timeout,
            ureq::Error::HostNotFound => FailureKind::UnknownHost,
            ureq::Error::ConnectionFailed => FailureKind::ConnectionRefused,
            ureq::Error::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => FailureKind::ConnectionRefused,
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::Timeout,
                _ => FailureKind::Other,
            },
            _ => FailureKind::Other,
        };
        let why = format!("no answer from {}: {error}", self.url);
        #[cfg(feature = "https")]
        let why = match crate::certificates::remedy(cause(error), "SSL_CERT_FILE") {
            Some(remedy) => format!("{why}: {remedy}"),
            None => why,
        };
        Failure::new(kind, why)
    }
}

/// Whether it is this machine that is named.
fn is_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || number.is_ok_and(|ip| ip.is_loopback())
}

/// The error within, which the outer one does not tell as its source.
#[cfg(feature = "https")]
fn cause(error: &ureq::Error) -> &(dyn std::error::Error + 'static) {
    match error {
        ureq::Error::Io(error) => error,
        ureq::Error::Rustls(error) => error,
        error => error,
    }
}

/// The system's certificates, or those of SSL_CERT_FILE, as for AWS.
#[cfg(feature = "https")]
fn tls() -> ureq::tls::TlsConfig {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let found = rustls_native_certs::load_native_certs().certs;
    let roots = found.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_named() {
        for (url, why) in [
            ("", "no URL"),
            ("127.0.0.1:4318", "http://"),
            ("ftp://127.0.0.1", "http://"),
            ("http://", "no URL"),
            ("/v1/traces", "no host"),
        ] {
            let error = Agent::of(url.to_owned()).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(&format!("{url:?}")), "{error}");
        }
    }

    #[test]
    #[cfg(not(feature = "https"))]
    fn without_tls_an_https_address_is_refused_by_the_name_of_the_feature() {
        let error = Agent::of("https://otlp.example".into()).unwrap_err().to_string();
        assert!(error.contains("--features https"), "{error}");
    }

    #[test]
    fn what_is_on_this_machine_is_reached_without_a_proxy() {
        for (url, here) in [
            ("http://127.0.0.1:2001", true),
            ("http://localhost", true),
            ("http://LOCALHOST:4318/v1/traces", true),
            ("http://[::1]:2001", true),
            ("http://192.0.2.1:2001", false),
            ("http://localhost.example:2001", false),
        ] {
            assert_eq!(is_here(&url.parse().unwrap()), here, "{url}");
        }
    }

    #[test]
    fn nobody_there_is_a_failure_by_its_kind() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let agent = Agent::of(format!("http://{nobody}")).unwrap();
        assert_eq!(agent.post(&[], b"").unwrap_err().kind, FailureKind::ConnectionRefused);
    }
}
