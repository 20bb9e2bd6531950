//! Who asks: a program, or a page in a browser. Browsers name the site of a page that sends a request, programs do not.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// The site of a page that asks and is not our own; `None` where a program asks, or a page that this address served.
pub(super) fn of_other_site(headers: &HeaderMap) -> Option<String> {
    let text =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        // Browsers leave the origin out of what only reads.
        let site = text("sec-fetch-site")?;
        return (!matches!(site.as_str(), "same-origin" | "none")).then_some(site);
    };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    // A name, other than a number, may be another site's that leads here for this very purpose.
    let is_ours = origin.strip_prefix("http://") == Some(&*host) && is_plain(&host);
    (!is_ours).then_some(origin)
}

/// Whether a host is given by its number, or as this machine.
fn is_plain(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(headers: &[(&'static str, &str)]) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        of_other_site(&headers.collect())
    }

    #[test]
    fn programs_and_our_own_pages_may_ask() {
        assert_eq!(site(&[("host", "console:2000")]), None);
        assert_eq!(site(&[("host", "127.0.0.1:2000"), ("sec-fetch-site", "none")]), None);
        for host in ["127.0.0.1:2000", "localhost:2000", "[::1]:2000", "192.168.0.7:2000", "127.0.0.1"] {
            let own = format!("http://{host}");
            assert_eq!(site(&[("host", host), ("origin", &own), ("sec-fetch-site", "same-origin")]), None);
        }
    }

    #[test]
    fn pages_of_other_sites_may_not_whatever_their_name_leads_to() {
        let here = ("host", "127.0.0.1:2000");
        for origin in ["https://evil.example", "http://127.0.0.1:3000", "http://localhost:2000", "null", ""] {
            assert_eq!(site(&[here, ("origin", origin)]).as_deref(), Some(origin));
        }
        let rebound = "http://evil.example:2000";
        assert_eq!(site(&[("host", "evil.example:2000"), ("origin", rebound)]).as_deref(), Some(rebound));
        assert_eq!(site(&[here, ("sec-fetch-site", "cross-site")]).as_deref(), Some("cross-site"));
    }
}
