//! Connections to AWS: over TLS where that is built in, through a proxy where one is named.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use super::error::AwsError;

/// A host that does not take a connection by then is not there.
const CONNECTING: Duration = Duration::from_secs(3);
/// From the request to the first byte of the answer.
const ANSWERING: Duration = Duration::from_secs(10);

/// Connections that are kept and shared.
pub(super) fn connector(proxy: Option<&str>) -> Result<SharedHttpConnector, AwsError> {
    let proxy = match proxy {
        Some(url) => ProxyConfig::all(url)
            .map_err(|source| AwsError::Proxy { url: url.to_owned(), source: source.into() })?,
        None => ProxyConfig::from_env(),
    };
    let settings =
        HttpConnectorSettings::builder().connect_timeout(CONNECTING).read_timeout(ANSWERING).build();
    let builder = Connector::builder().connector_settings(settings).proxy_config(proxy);
    #[cfg(feature = "https")]
    let connector = {
        use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    };
    #[cfg(not(feature = "https"))]
    let connector = builder.build_http();
    Ok(SharedHttpConnector::new(connector))
}

/// The same connections, for the SDK.
pub(super) fn client(connector: &SharedHttpConnector) -> SharedHttpClient {
    let connector = connector.clone();
    http_client_fn(move |_, _| connector.clone())
}
