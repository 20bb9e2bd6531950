//! Connections to AWS: over TLS where that is built in, through a proxy where one is named.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
#[cfg(feature = "https")]
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::error::AwsError;

/// A host that does not take a connection by then is not there.
const CONNECTING: Duration = Duration::from_secs(3);
/// From the request to the first byte of the answer.
const ANSWERING: Duration = Duration::from_secs(10);

/// Connections that are kept and shared. Without `needs_tls`, certificates that cannot be read are no reason for none.
pub(super) fn connector(proxy: Option<&str>, needs_tls: bool) -> Result<SharedHttpConnector, AwsError> {
    let wrong = |url: &str, source: Box<dyn std::error::Error + Send + Sync>| AwsError::Proxy {
        url: url.to_owned(),
        source,
    };
    let proxy = match proxy {
        Some(url) => ProxyConfig::all(url).map_err(|source| wrong(url, source.into()))?,
        None => ProxyConfig::from_env(),
    };
    let trusted = Trusted::find(needs_tls)?;
    let (near, far) = (built(ProxyConfig::disabled(), &trusted), built(proxy, &trusted));
    Ok(SharedHttpConnector::new(ByHost { near, far }))
}

#[cfg_attr(not(feature = "https"), expect(unused_variables, reason = "as with the feature"))]
fn built(proxy: ProxyConfig, trusted: &Trusted) -> SharedHttpConnector {
    let settings =
        HttpConnectorSettings::builder().connect_timeout(CONNECTING).read_timeout(ANSWERING).build();
    let builder = Connector::builder().connector_settings(settings).proxy_config(proxy);
    #[cfg(feature = "https")]
    let connector = {
        use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
        let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
        match &trusted.0 {
            Some(trusted) => builder.tls_context(trusted.clone()).build(),
            None => builder.build(),
        }
    };
    #[cfg(not(feature = "https"))]
    let connector = builder.build_http();
    SharedHttpConnector::new(connector)
}

/// The issuers that are trusted instead of the system's.
struct Trusted(#[cfg(feature = "https")] Option<TlsContext>);

impl Trusted {
    #[cfg(feature = "https")]
    fn find(needs_tls: bool) -> Result<Self, AwsError> {
        match bundle() {
            // Only credentials may come over TLS, and need not.
            Err(error) if !needs_tls => {
                log::warn!("{error}; the system's certificates count");
                Ok(Self(None))
            }
            found => found.map(Self),
        }
    }

    #[cfg(not(feature = "https"))]
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
    fn find(_: bool) -> Result<Self, AwsError> {
        Ok(Self())
    }
}

/// The file of certificates that every program of AWS has, where one is named.
#[cfg(feature = "https")]
fn bundle_file() -> Option<std::ffi::OsString> {
    std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty())
}

/// The variable by which issuers are trusted.
#[cfg(feature = "https")]
pub(super) fn certificates_variable() -> &'static str {
    if bundle_file().is_some() { "AWS_CA_BUNDLE" } else { "SSL_CERT_FILE" }
}

/// The certificates of issuers that are trusted instead of the system's, as with the X-Ray daemon.
#[cfg(feature = "https")]
fn bundle() -> Result<Option<TlsContext>, AwsError> {
    use aws_smithy_http_client::tls::TrustStore;
    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    let Some(path) = bundle_file() else { return Ok(None) };
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| AwsError::Certificates {
        path: path.clone().into(),
        source,
    };
    let pem = std::fs::read(&path).map_err(|error| wrong(error.into()))?;
    // Whoever takes them next panics over what is none.
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.into()))?;
        store.add(certificate).map_err(|error| wrong(error.into()))?;
    }
    if store.is_empty() {
        return Err(wrong("there is none".into()));
    }
    let trusted = TrustStore::empty().with_pem_certificate(pem);
    TlsContext::builder().with_trust_store(trusted).build().map(Some).map_err(|error| wrong(error.into()))
}

/// A proxy is for what is beyond this machine: behind it, credentials would be another's.
#[derive(Debug)]
struct ByHost {
    near: SharedHttpConnector,
    far: SharedHttpConnector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: Option<hyper::Uri> = request.uri().parse().ok();
        let is_near = uri.as_ref().and_then(hyper::Uri::host).is_some_and(is_near);
        if is_near { self.near.call(request) } else { self.far.call(request) }
    }
}

/// Whether it is this machine that is named, or what tells a machine of itself.
fn is_near(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.segments()[..2] == [0xfd00, 0xec2],
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// The same connections, for the SDK.
pub(super) fn client(connector: &SharedHttpConnector) -> SharedHttpClient {
    let connector = connector.clone();
    http_client_fn(move |_, _| connector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_machine_of_itself_is_reached_without_a_proxy() {
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "169.254.170.2", "[fd00:ec2::254]"]
        {
            assert!(is_near(host), "{host}");
        }
        for host in ["xray.eu-west-1.amazonaws.com", "10.0.0.1", "[fd00::1]", "localhost.example"] {
            assert!(!is_near(host), "{host}");
        }
    }
}
