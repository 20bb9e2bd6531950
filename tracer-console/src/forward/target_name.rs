//! How a target is called in the queue: the same far end has one name, however its address is written.

use ureq::http::Uri;
use ureq::http::uri::PathAndQuery;

const AWS: &str = "aws";
/// As the queue's file has marked names of which more is told now.
const EARLIER_AWS: &str = "earlier aws";
const ENDPOINT: &str = " endpoint=";
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

/// The name of an account of AWS, by what tells it from others, and the address of X-Ray where one is given: a stand-in is not AWS.
#[cfg(feature = "aws")]
pub(super) fn of_aws(account: &str, endpoint: Option<&str>) -> String {
    let endpoint = endpoint.map(|url| format!("{ENDPOINT}{}", address(url))).unwrap_or_default();
    format!("{AWS} {account}{endpoint}")
}

/// Whether an earlier version of this program had this name for what is called `name` now: addresses were names as they were written, and
/// names of accounts of AWS told less.
pub(super) fn was(earlier: &str, name: &str) -> bool {
    if let Some(earlier) = earlier.strip_prefix(EARLIER_AWS) {
        let account = name.strip_prefix(AWS).and_then(|account| account.strip_prefix(' '));
        return account
            .is_some_and(|account| Account::named(earlier.trim_start()).may_be(&Account::named(account)));
    }
    let now = match earlier.strip_prefix(OTLP) {
        Some(url) => of_otlp(url),
        None => of_x_ray(earlier),
    };
    earlier != name && now == name
}

/// What the name of an account of AWS tells, but for its address.
struct Account<'a> {
    region: &'a str,
    profile: &'a str,
    role: &'a str,
}

impl<'a> Account<'a> {
    fn named(name: &'a str) -> Self {
        let before = |name: &'a str, what| name.split_once(what).unwrap_or((name, ""));
        let (name, _) = before(name, ENDPOINT);
        let (name, role) = before(name, " role=");
        let (region, profile) = before(name, " profile=");
        Self { region, profile, role }
    }

    /// At first names told nothing, and then no profile of AWS_PROFILE's and no address.
    fn may_be(&self, now: &Self) -> bool {
        let is_profile = match self.profile {
            "" => true,
            "default" => now.profile.is_empty(),
            profile => profile == now.profile,
        };
        self.region.is_empty() || (is_profile && (self.region, self.role) == (now.region, now.role))
    }
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
    #[cfg(feature = "aws")]
    fn an_account_at_an_address_of_its_own_is_another_target() {
        assert_eq!(of_aws("eu-west-1", None), "aws eu-west-1");
        for url in ["http://Stand-In:80/", "http://stand-in"] {
            assert_eq!(of_aws("eu-west-1", Some(url)), "aws eu-west-1 endpoint=http://stand-in", "{url}");
        }
    }

    #[test]
    fn names_of_earlier_versions_are_known() {
        for (earlier, name) in [
            ("earlier aws", "aws eu-west-1 role=arn:aws:iam::123456789012:role/xray"),
            ("earlier aws eu-west-1", "aws eu-west-1"),
            ("earlier aws eu-west-1", "aws eu-west-1 profile=a endpoint=http://127.0.0.1:4566"),
            ("earlier aws eu-west-1 profile=default", "aws eu-west-1"),
            ("earlier aws eu-west-1 profile=a role=r", "aws eu-west-1 profile=a role=r endpoint=http://b"),
            ("http://Console:2001/", "http://console:2001"),
            ("otlp+http://collector:4318/v1/traces", "otlp+http://collector:4318"),
        ] {
            assert!(was(earlier, name), "{earlier}");
        }
        for (earlier, name) in [
            ("earlier aws", "awsome"),
            ("earlier aws eu-west-1", "aws us-east-1"),
            ("earlier aws eu-west-1 profile=a", "aws eu-west-1 profile=b"),
            ("earlier aws eu-west-1 profile=a", "aws eu-west-1"),
            ("earlier aws eu-west-1 profile=default", "aws eu-west-1 profile=a"),
            ("earlier aws eu-west-1 role=r", "aws eu-west-1"),
            ("aws eu-west-1", "aws eu-west-1 profile=a"),
            ("aws eu-west-1", "aws eu-west-1 endpoint=http://127.0.0.1:4566"),
            ("http://console:2001", "http://console:2001"),
            ("http://console:2001/", "otlp+http://console:2001"),
            ("otlp+http://console:2001/", "http://console:2001"),
        ] {
            assert!(!was(earlier, name), "{earlier}");
        }
    }
}
