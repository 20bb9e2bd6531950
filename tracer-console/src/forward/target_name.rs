//! How a target is called in the queue: the same far end has one name, however its address is written.

use ureq::http::Uri;
use ureq::http::uri::PathAndQuery;

const AWS: &str = "aws";
const OTLP: &str = "otlp+";
/// What belongs to an OTLP endpoint, whether or not it is said.
const TRACES: &str = "/v1/traces";

/// The name of an X-Ray without signatures.
pub(super) fn of_x_ray(url: &str) -> String {
    address(url)
}

/// The name of an OpenTelemetry backend.
pub(super) fn of_otlp(url: &str) -> String {
    let address = address(url);
    format!("{OTLP}{}", address.strip_suffix(TRACES).unwrap_or(&address))
}

/// The name of an account of AWS, by what tells it from others.
#[cfg(feature = "aws")]
pub(super) fn of_aws(account: &str) -> String {
    format!("{AWS} {account}")
}

/// Whether an earlier version of this program had this name for what is called `name` now: addresses were names as they were written, and
/// every account of AWS was called the same.
pub(super) fn was(earlier: &str, name: &str) -> bool {
    let now = match earlier.strip_prefix(OTLP) {
        _ if earlier == AWS => return name.strip_prefix(AWS).is_some_and(|account| account.starts_with(' ')),
        Some(url) => of_otlp(url),
        None => of_x_ray(earlier),
    };
    earlier != name && now == name
}

/// An address in small letters where these do not matter, without its scheme's own port and without a slash at the end.
fn address(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Ok(uri) = url.parse::<Uri>() else { return url.to_owned() };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return url.to_owned() };
    let scheme = scheme.to_ascii_lowercase();
    let user = authority.as_str().rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or_default();
    let host = authority.host().to_ascii_lowercase();
    let port = authority.port_u16().filter(|port| (&*scheme, *port) != ("http", 80));
    let port = port.filter(|port| (&*scheme, *port) != ("https", 443));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default().trim_end_matches('/');
    format!("{scheme}://{user}{host}{port}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_name_however_it_is_written() {
        for (url, name) in [
            ("http://127.0.0.1:2001", "http://127.0.0.1:2001"),
            ("http://127.0.0.1:2001/", "http://127.0.0.1:2001"),
            ("HTTP://XRAY.Example:80//", "http://xray.example"),
            ("https://xray.example:443/a/B/", "https://xray.example/a/B"),
            ("https://xray.example:80", "https://xray.example:80"),
            ("http://Me:Secret@[::1]:2001/", "http://Me:Secret@[::1]:2001"),
        ] {
            assert_eq!(of_x_ray(url), name, "{url}");
        }
        for url in ["http://collector:4318", "http://collector:4318/", "http://Collector:4318/v1/traces/"] {
            assert_eq!(of_otlp(url), "otlp+http://collector:4318", "{url}");
        }
    }

    #[test]
    fn names_of_earlier_versions_are_known() {
        for (earlier, name) in [
            ("aws", "aws eu-west-1 role=arn:aws:iam::123456789012:role/xray"),
            ("http://Console:2001/", "http://console:2001"),
            ("otlp+http://collector:4318/v1/traces", "otlp+http://collector:4318"),
        ] {
            assert!(was(earlier, name), "{earlier}");
        }
        for (earlier, name) in [
            ("aws", "awsome"),
            ("aws eu-west-1", "aws us-east-1"),
            ("http://console:2001", "http://console:2001"),
            ("http://console:2001/", "otlp+http://console:2001"),
            ("otlp+http://console:2001/", "http://console:2001"),
        ] {
            assert!(!was(earlier, name), "{earlier}");
        }
    }
}
