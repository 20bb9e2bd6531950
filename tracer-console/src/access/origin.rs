//! Who asks: a program, or a page in a browser. Browsers name the site of a page that sends a request, programs do not.

use axum::http::{HeaderMap, header};

/// The site of a page that asks and is not our own; `None` where a program asks, or a page that this address served. The host is
/// one that was checked.
pub(super) fn of_other_site(headers: &HeaderMap) -> Option<String> {
    let text =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        // Browsers leave the origin out of what only reads.
        let site = text("sec-fetch-site")?;
        return (!matches!(site.as_str(), "same-origin" | "none")).then_some(site);
    };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    // Whatever encrypts in front of the console says https.
    let is_ours = ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(&*host));
    (!is_ours).then_some(origin)
}

/// Whether no browser sends the request: whatever a page posts has an origin.
pub(super) fn is_of_program(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::ORIGIN) && !headers.contains_key("sec-fetch-site")
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
        assert_eq!(site(&[("host", "127.0.0.1:2000")]), None);
        assert_eq!(site(&[("host", "127.0.0.1:2000"), ("sec-fetch-site", "none")]), None);
        for host in
            ["127.0.0.1:2000", "localhost:2000", "[::1]:2000", "192.168.0.7:2000", "127.0.0.1", "console"]
        {
            let own = format!("http://{host}");
            assert_eq!(site(&[("host", host), ("origin", &own), ("sec-fetch-site", "same-origin")]), None);
        }
        assert_eq!(site(&[("host", "console.example"), ("origin", "https://console.example")]), None);
    }

    #[test]
    fn pages_of_other_sites_may_not() {
        let here = ("host", "127.0.0.1:2000");
        for origin in ["https://evil.example", "http://127.0.0.1:3000", "http://localhost:2000", "null", ""] {
            assert_eq!(site(&[here, ("origin", origin)]).as_deref(), Some(origin));
        }
        assert!(site(&[here, ("sec-fetch-site", "cross-site")]).is_some());
        assert!(site(&[here, ("sec-fetch-site", "same-site")]).is_some());
    }
}
