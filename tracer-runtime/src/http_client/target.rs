//! Where a request goes: what of it the trace shows, which is nothing that may be secret.

use std::borrow::Cow;

use http::Method;

/// The parts of a request that are recorded. A user, a password, a query and a fragment are not among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    method: &'a Method,
    /// Not known where only a `Host` header says what is asked.
    scheme: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Target<'a> {
    /// `None` where there is no server to speak of: a URI without a scheme or a host, and CONNECT, which asks a proxy.
    #[cfg(any(feature = "tower", feature = "ureq"))]
    pub(crate) fn of_uri(method: &'a Method, uri: &'a http::Uri) -> Option<Self> {
        let host = uri.host().filter(|host| !host.is_empty() && *method != Method::CONNECT)?;
        let scheme = Some(uri.scheme_str()?);
        Some(Self { method, scheme, host, port: uri.port_u16(), path: uri.path() })
    }

    /// A request whose URI may be a path alone: its `Host` header says then where it goes, or the layer's `origin`.
    #[cfg(feature = "tower")]
    pub(crate) fn of_request<A>(
        request: &'a http::Request<A>,
        origin: Option<&'a http::Uri>,
    ) -> Option<Self> {
        let (method, uri) = (request.method(), request.uri());
        if uri.host().is_some() || *method == Method::CONNECT {
            return Self::of_uri(method, uri);
        }
        let of_origin = origin.and_then(|origin| Self::of_uri(method, origin));
        let scheme = of_origin.and_then(|origin| origin.scheme);
        let said = request.headers().get(http::header::HOST).and_then(|host| authority(host.to_str().ok()?));
        match said {
            Some((host, port)) => Some(Self { method, scheme, host, port, path: uri.path() }),
            None => of_origin.map(|origin| Self { path: uri.path(), ..origin }),
        }
    }

    /// The same of a URL.
    #[cfg(feature = "reqwest")]
    pub(crate) fn of_url(method: &'a Method, url: &'a reqwest::Url) -> Option<Self> {
        let host = url.host_str().filter(|host| !host.is_empty() && *method != Method::CONNECT)?;
        Some(Self { method, scheme: Some(url.scheme()), host, port: url.port(), path: url.path() })
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
        let (scheme, slashes) = scheme.map_or(("", ""), |scheme| (scheme, "://"));
        match port {
            Some(port) => format!("{scheme}{slashes}{host}:{port}{path}"),
            None => [scheme, slashes, host, path].concat(),
        }
    }
}

/// The host and the port of a `Host` header.
#[cfg(feature = "tower")]
fn authority(text: &str) -> Option<(&str, Option<u16>)> {
    let after_brackets = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[after_brackets..].find(':') {
        Some(at) => (&text[..after_brackets + at], Some(text[after_brackets + at + 1..].parse().ok()?)),
        None => (text, None),
    };
    let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
    is_host.then_some((host, port))
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

    #[cfg(feature = "tower")]
    #[test]
    fn a_path_alone_goes_where_the_host_header_says_or_the_layer() {
        let origin = "https://inventory.internal:50051".parse().unwrap();
        let shown = |host: Option<&str>, origin: Option<&http::Uri>| {
            let mut request = http::Request::get("/stock?of=1");
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let request = request.body(()).unwrap();
            Target::of_request(&request, origin).map(|target| (target.name().into_owned(), target.url()))
        };
        let of = |host: &str, url: &str| Some((host.to_owned(), url.to_owned()));
        assert_eq!(shown(None, None), None);
        assert_eq!(
            shown(None, Some(&origin)),
            of("inventory.internal", "https://inventory.internal:50051/stock")
        );
        assert_eq!(shown(Some("Orders:81"), None), of("orders", "Orders:81/stock"));
        assert_eq!(shown(Some("orders"), Some(&origin)), of("orders", "https://orders/stock"));
        assert_eq!(shown(Some("[::1]:81"), None), of("::1", "[::1]:81/stock"));
        for wrong in ["", ":1", "a:b", "ada:secret@orders", "a/b"] {
            assert_eq!(shown(Some(wrong), None), None, "{wrong}");
        }
        // A path is no origin.
        assert_eq!(shown(None, Some(&"/".parse().unwrap())), None);
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
