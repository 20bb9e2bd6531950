//! Where a request goes: what of it the trace shows, which is nothing that may be secret.

use std::borrow::Cow;

use http::Method;

/// The parts of a request that are recorded. A user, a password, a query and a fragment are not among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    method: &'a Method,
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Target<'a> {
    /// `None` where there is no server to speak of: a URI without a scheme or a host, and CONNECT, which asks a proxy.
    #[cfg(any(feature = "tower", feature = "ureq"))]
    pub(crate) fn of_uri(method: &'a Method, uri: &'a http::Uri) -> Option<Self> {
        let host = uri.host().filter(|host| !host.is_empty() && *method != Method::CONNECT)?;
        Some(Self { method, scheme: uri.scheme_str()?, host, port: uri.port_u16(), path: uri.path() })
    }

    /// The same of a URL.
    #[cfg(feature = "reqwest")]
    pub(crate) fn of_url(method: &'a Method, url: &'a reqwest::Url) -> Option<Self> {
        let host = url.host_str().filter(|host| !host.is_empty() && *method != Method::CONNECT)?;
        Some(Self { method, scheme: url.scheme(), host, port: url.port(), path: url.path() })
    }

    pub(crate) fn method(&self) -> &'a str {
        self.method.as_str()
    }

    /// The host; of an IPv6 address without its brackets, which no name may have.
    pub(crate) fn host(&self) -> &'a str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(self.host)
    }

    /// The host as a name: in lower case, as a node of the service graph is one host however that is written.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        let host = self.host();
        let has_upper_case = host.bytes().any(|byte| byte.is_ascii_uppercase());
        if has_upper_case { Cow::Owned(host.to_ascii_lowercase()) } else { Cow::Borrowed(host) }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    pub(crate) fn url(&self) -> String {
        let Self { scheme, host, port, path, .. } = self;
        match port {
            Some(port) => format!("{scheme}://{host}:{port}{path}"),
            None => [scheme, "://", host, path].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "tower", feature = "ureq"))]
    fn of_uri(uri: &str) -> Option<(String, String)> {
        let uri = uri.parse().unwrap();
        Target::of_uri(&Method::GET, &uri).map(|target| (target.name().into_owned(), target.url()))
    }

    #[cfg(feature = "reqwest")]
    fn of_url(url: &str) -> Option<(String, String)> {
        let url = url.parse().unwrap();
        Target::of_url(&Method::GET, &url).map(|target| (target.name().into_owned(), target.url()))
    }

    fn shown(host: &str, url: &str) -> Option<(String, String)> {
        Some((host.to_owned(), url.to_owned()))
    }

    #[test]
    fn behaviour_137_a_query_a_fragment_a_user_and_a_password_are_left_out() {
        let expected = shown("example.com", "https://example.com:8443/a/b");
        #[cfg(any(feature = "tower", feature = "ureq"))]
        assert_eq!(of_uri("https://ada:secret@example.com:8443/a/b?token=secret"), expected);
        #[cfg(feature = "reqwest")]
        assert_eq!(of_url("https://ada:secret@example.com:8443/a/b?token=secret#secret"), expected);
    }

    #[test]
    fn behaviour_138_a_url_without_a_path_has_the_slash_that_is_sent_and_no_more() {
        #[cfg(any(feature = "tower", feature = "ureq"))]
        assert_eq!(of_uri("http://example.com?a=b"), shown("example.com", "http://example.com/"));
        #[cfg(feature = "reqwest")]
        assert_eq!(of_url("http://example.com"), shown("example.com", "http://example.com/"));
    }

    #[test]
    fn a_host_has_one_name_however_it_is_written() {
        #[cfg(any(feature = "tower", feature = "ureq"))]
        assert_eq!(of_uri("http://Example.COM/A"), shown("example.com", "http://Example.COM/A"));
        #[cfg(feature = "reqwest")]
        assert_eq!(of_url("http://Example.COM/A"), shown("example.com", "http://example.com/A"));
    }

    #[test]
    fn an_ipv6_address_is_named_without_brackets() {
        #[cfg(any(feature = "tower", feature = "ureq"))]
        assert_eq!(of_uri("http://[::1]:80/"), shown("::1", "http://[::1]:80/"));
        #[cfg(feature = "reqwest")]
        assert_eq!(of_url("http://[::1]:81/"), shown("::1", "http://[::1]:81/"));
    }

    #[test]
    fn behaviour_140_what_names_no_server_and_connect_are_left_alone() {
        #[cfg(any(feature = "tower", feature = "ureq"))]
        {
            assert_eq!(of_uri("/orders"), None);
            assert!(Target::of_uri(&Method::CONNECT, &"example.com:443".parse().unwrap()).is_none());
        }
        #[cfg(feature = "reqwest")]
        {
            assert_eq!(of_url("data:text/plain,hello"), None);
            let url = "http://example.com".parse().unwrap();
            assert!(Target::of_url(&Method::CONNECT, &url).is_none());
        }
    }
}
