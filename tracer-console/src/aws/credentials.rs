//! Credentials, kept as long as they are good.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_xray::config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::Mutex;

use super::error::{AwsError, in_a_line};

/// Credentials that end so soon are fetched anew.
const BEFORE_THE_END: Duration = Duration::from_secs(60);
/// Those that never end are looked for again after so long: their file may have changed.
const LONGEST: Duration = Duration::from_secs(300);
/// Whoever has not told credentials by then tells none. The SDK's own five seconds are few for a process that asks for them elsewhere.
const LOOKING: Duration = Duration::from_secs(10);
/// How the role's session is named in the account's logs.
const SESSION: &str = "tracer-console";

/// Where credentials are looked for, each time anew: a provider of the SDK reads a file once.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) http: SharedHttpClient,
    pub(super) region: Region,
    pub(super) profile: Option<String>,
    pub(super) role_arn: Option<String>,
    /// Those that were given.
    pub(super) given: Option<SharedCredentialsProvider>,
}

impl Source {
    /// The SDK's configuration as it is now.
    pub(super) async fn config(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(self.http.clone());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(given) = &self.given {
            loader = loader.credentials_provider(given.clone());
        }
        loader.region(self.region.clone()).load().await
    }

    async fn find(&self) -> provider::Result {
        let config = self.config().await;
        let provider = match &self.role_arn {
            None => config.credentials_provider(),
            Some(role) => {
                let role =
                    AssumeRoleProvider::builder(role).session_name(SESSION).region(self.region.clone());
                Some(SharedCredentialsProvider::new(role.configure(&config).build().await))
            }
        };
        let provider = provider.ok_or_else(|| CredentialsError::not_loaded("no provider of credentials"))?;
        provider.provide_credentials().await
    }
}

/// The credentials that were fetched last, and until when they are used.
#[derive(Debug, Clone)]
pub(super) struct KeptCredentials {
    source: Arc<Source>,
    /// How long is looked for them.
    longest: Duration,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    found: Option<(Credentials, SystemTime)>,
    /// When nobody told any for so long that it was looked no longer.
    given_up: Option<Instant>,
}

impl KeptCredentials {
    pub(super) fn of(source: Source) -> Self {
        Self { source: Arc::new(source), longest: LOOKING, kept: Arc::default() }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, AwsError> {
        self.find().await.map_err(|error| AwsError::Credentials(in_a_line(&error)))
    }

    async fn find(&self) -> provider::Result {
        let began = Instant::now();
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, _)) = kept.found.as_ref().filter(|(_, until)| *until > now) {
            return Ok(credentials.clone());
        }
        let late = || CredentialsError::provider_timed_out(self.longest);
        if kept.given_up.is_some_and(|given_up| given_up > began) {
            // It was waited for meanwhile.
            return Err(late());
        }
        let Ok(found) = tokio::time::timeout(self.longest, self.source.find()).await else {
            kept.given_up = Some(Instant::now());
            return Err(late());
        };
        let found = found?;
        let end = found.expiry().and_then(|end| end.checked_sub(BEFORE_THE_END));
        kept.found = Some((found.clone(), end.unwrap_or(now + LONGEST)));
        Ok(found)
    }

    /// What the far end does not take is not used again.
    pub(super) async fn forget(&self) {
        self.kept.lock().await.found = None;
    }
}

/// For the SDK.
impl ProvideCredentials for KeptCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.find())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::aws::http;

    /// Tells nothing, for ever, as often as it is told to.
    #[derive(Debug)]
    struct Silent {
        times: usize,
        asked: Arc<AtomicUsize>,
    }

    impl ProvideCredentials for Silent {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let is_silent = self.asked.fetch_add(1, Ordering::SeqCst) < self.times;
            future::ProvideCredentials::new(async move {
                if is_silent {
                    std::future::pending::<()>().await;
                }
                Ok(Credentials::new("KEY", "secret", None, None, "test"))
            })
        }
    }

    fn silent(times: usize) -> (KeptCredentials, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let given = SharedCredentialsProvider::new(Silent { times, asked: Arc::clone(&asked) });
        let http = http::client(&http::connector(None, false).unwrap());
        let region = Region::from_static("eu-west-1");
        let source = Source { http, region, profile: None, role_arn: None, given: Some(given) };
        (KeptCredentials { longest: Duration::from_millis(200), ..KeptCredentials::of(source) }, asked)
    }

    #[tokio::test]
    async fn credentials_that_nobody_tells_are_given_up_and_looked_for_anew() {
        let (credentials, _) = silent(1);
        let error = credentials.get().await.unwrap_err().to_string();
        assert!(error.contains("timed out") && error.contains("AWS_PROFILE"), "{error}");
        assert_eq!(credentials.get().await.unwrap().access_key_id(), "KEY");
    }

    #[tokio::test]
    async fn whoever_waited_for_the_same_waits_no_longer() {
        let (credentials, asked) = silent(usize::MAX);
        let (one, other, third) = tokio::join!(credentials.get(), credentials.get(), credentials.get());
        assert!([one, other, third].iter().all(Result::is_err));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn whoever_goes_away_holds_nobody_up() {
        let (credentials, asked) = silent(1);
        let mut asking = Box::pin(credentials.get());
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::select! {
                biased;
                found = &mut asking => panic!("{found:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(asking);
        assert_eq!(credentials.get().await.unwrap().access_key_id(), "KEY");
    }
}
