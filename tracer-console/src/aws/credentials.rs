//! Credentials, kept as long as they are good.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

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
    kept: Arc<Mutex<Option<(Credentials, SystemTime)>>>,
}

impl KeptCredentials {
    pub(super) fn of(source: Source) -> Self {
        Self { source: Arc::new(source), kept: Arc::default() }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, AwsError> {
        self.find().await.map_err(|error| AwsError::Credentials(in_a_line(&error)))
    }

    async fn find(&self) -> provider::Result {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, _)) = kept.as_ref().filter(|(_, until)| *until > now) {
            return Ok(credentials.clone());
        }
        let found = self.source.find().await?;
        let end = found.expiry().and_then(|end| end.checked_sub(BEFORE_THE_END));
        *kept = Some((found.clone(), end.unwrap_or(now + LONGEST)));
        Ok(found)
    }

    /// What the far end does not take is not used again.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
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
