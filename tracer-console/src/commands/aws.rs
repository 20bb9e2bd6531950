//! AWS X-Ray itself as what is asked: `--aws`.

use std::time::Duration;

#[cfg(feature = "aws")]
pub(crate) use self::asked::Account;

#[derive(Debug, Clone, clap::Args)]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "read to be refused"))]
pub(crate) struct Aws {
    /// Ask AWS X-Ray itself, with the credentials and the region of the environment; needs the feature `aws`
    #[arg(long)]
    aws: bool,
    /// A profile of AWS's configuration files [default: AWS_PROFILE, or `default`]
    #[arg(long, value_name = "NAME", requires = "aws")]
    profile: Option<String>,
    /// The region that is asked [default: AWS_REGION, or that of the profile]
    #[arg(long, value_name = "REGION", requires = "aws")]
    region: Option<String>,
    #[cfg(feature = "aws")]
    #[arg(skip)]
    account: Account,
}

impl Aws {
    /// AWS answers for no longer a stretch of time at once (fact sheet 7.3).
    pub(crate) const LONGEST_WINDOW: Duration = Duration::from_secs(6 * 3600);

    /// AWS forgets what is older.
    pub(crate) const KEPT: Duration = Duration::from_secs(30 * 86_400);

    pub(crate) fn is_meant(&self) -> bool {
        self.aws
    }
}

#[cfg(not(feature = "aws"))]
impl Aws {
    #[allow(clippy::unused_self, reason = "as with the feature")]
    pub(crate) fn call(
        &self,
        _: Option<&str>,
        _: &str,
        _: &serde_json::Value,
        _: Option<Duration>,
    ) -> Result<serde_json::Value, super::endpoint::CallError> {
        let said = "--aws asks AWS X-Ray itself, and this tracer-console was built without the feature `aws`: \
                    build it with `--features aws,https`";
        Err(super::endpoint::CallError::Refused(said.to_owned()))
    }
}

#[cfg(feature = "aws")]
mod asked {
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;

    use serde_json::Value;
    use tracer_console::aws::{AwsAccount, AwsError, AwsOptions};

    use super::Aws;
    use crate::commands::endpoint::CallError;

    /// The account, once it was asked.
    pub(crate) type Account = OnceLock<Arc<AwsAccount>>;

    impl Aws {
        /// Calls an operation by its path, and waits no longer than so long, where that is said.
        pub(crate) fn call(
            &self,
            endpoint: Option<&str>,
            path: &str,
            request: &Value,
            longest: Option<Duration>,
        ) -> Result<Value, CallError> {
            let answer = self.account(endpoint).and_then(|account| match longest {
                Some(longest) => account.ask_within(path, request, longest),
                None => account.ask(path, request),
            });
            answer.map_err(|error| match error {
                AwsError::Timeout { url, .. } => CallError::Late { endpoint: url },
                error => CallError::Refused(error.to_string()),
            })
        }

        fn account(&self, endpoint: Option<&str>) -> Result<Arc<AwsAccount>, AwsError> {
            if let Some(account) = self.account.get() {
                return Ok(Arc::clone(account));
            }
            let account = AwsAccount::connect(AwsOptions {
                region: self.region.clone(),
                profile: self.profile.clone(),
                endpoint: endpoint.map(str::to_owned),
                ..AwsOptions::default()
            })?;
            Ok(Arc::clone(self.account.get_or_init(|| Arc::new(account))))
        }
    }
}
