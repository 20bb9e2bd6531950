//! The endpoints whose requests are left alone.

use std::sync::Arc;

use wildmatch::WildMatch;

use super::target::Target;

/// Hosts and paths by their patterns; a request that fits one is neither recorded nor given a header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored {
    endpoints: Arc<Vec<Endpoint>>,
}

#[derive(Debug, Clone)]
struct Endpoint {
    host: WildMatch,
    /// None means every path.
    paths: Vec<WildMatch>,
}

impl Ignored {
    pub(crate) fn and(mut self, host: &str, paths: &[&str]) -> Self {
        let host = WildMatch::new_case_insensitive(host);
        let paths = paths.iter().map(|path| WildMatch::new(path)).collect();
        Arc::make_mut(&mut self.endpoints).push(Endpoint { host, paths });
        self
    }

    pub(crate) fn has(&self, target: &Target<'_>) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.is(target.host(), target.path()))
    }
}

impl Endpoint {
    fn is(&self, host: &str, path: &str) -> bool {
        let is_path = || self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(path));
        self.host.matches(host) && is_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ignored(ignored: &Ignored, host: &str, path: &str) -> bool {
        ignored.endpoints.iter().any(|endpoint| endpoint.is(host, path))
    }

    #[test]
    fn a_host_without_paths_is_ignored_whole() {
        let ignored = Ignored::default().and("*.internal", &[]);
        assert!(is_ignored(&ignored, "metrics.internal", "/"));
        assert!(is_ignored(&ignored, "Metrics.INTERNAL", "/any/path"));
        assert!(!is_ignored(&ignored, "internal", "/"));
        assert!(!is_ignored(&ignored, "metrics.internal.example.com", "/"));
    }

    #[test]
    fn with_paths_only_these_are_ignored_and_a_star_goes_over_slashes() {
        let ignored = Ignored::default().and("api.example.com", &["/health", "/v?/metrics/*"]);
        assert!(is_ignored(&ignored, "api.example.com", "/health"));
        assert!(is_ignored(&ignored, "api.example.com", "/v1/metrics/a/b"));
        assert!(!is_ignored(&ignored, "api.example.com", "/healthy"));
        assert!(!is_ignored(&ignored, "api.example.com", "/HEALTH"));
        assert!(!is_ignored(&ignored, "www.example.com", "/health"));
    }

    #[test]
    fn one_rule_of_several_is_enough_and_none_ignores_nothing() {
        let ignored = Ignored::default().and("a", &["/x"]).and("*", &["/y"]);
        assert!(is_ignored(&ignored, "a", "/x") && is_ignored(&ignored, "b", "/y"));
        assert!(!is_ignored(&ignored, "b", "/x"));
        assert!(!is_ignored(&Ignored::default(), "a", "/x"));
    }
}
