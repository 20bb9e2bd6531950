//! Credentials for what is signed here, kept as long as they are good.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::error::AwsError;

/// Credentials that end so soon are fetched anew.
const BEFORE_THE_END: Duration = Duration::from_secs(60);
/// Those that never end are looked for again after so long: their file may have changed.
const LONGEST: Duration = Duration::from_secs(300);

/// The credentials that were fetched last, and until when they are used.
#[derive(Debug)]
pub(super) struct KeptCredentials {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<(Credentials, SystemTime)>>,
}

impl KeptCredentials {
    pub(super) fn of(provider: SharedCredentialsProvider) -> Self {
        Self { provider, kept: Mutex::default() }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, AwsError> {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, _)) = kept.as_ref().filter(|(_, until)| *until > now) {
            return Ok(credentials.clone());
        }
        let fetched = self.provider.provide_credentials().await;
        let fetched = fetched.map_err(|error| AwsError::Credentials(chain(&error)))?;
        let end = fetched.expiry().and_then(|end| end.checked_sub(BEFORE_THE_END));
        *kept = Some((fetched.clone(), end.map_or(now + LONGEST, |end| end.min(now + LONGEST))));
        Ok(fetched)
    }

    /// What the far end does not take is not used again.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

/// An error and what caused it, in a line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = causes.map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}
