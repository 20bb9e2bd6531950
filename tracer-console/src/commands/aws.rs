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
    use tracer_console::aws::{AwsAccount, AwsAnswer, AwsError, AwsOptions};

    use super::Aws;
    use crate::commands::endpoint::{CallError, message};

    /// The account, once it was asked.
    pub(crate) type Account = OnceLock<Arc<AwsAccount>>;

    /// What X-Ray has no time for now is asked so often, each time after twice as long.
    const TRIES: u32 = 6;
    const FIRST_PAUSE: Duration = Duration::from_millis(200);

    impl Aws {
        /// Calls an operation by its path, signed.
        pub(crate) fn call(
            &self,
            endpoint: Option<&str>,
            path: &str,
            request: &Value,
        ) -> Result<Value, CallError> {
            let said = |error: AwsError| CallError::Refused(error.to_string());
            let account = self.account(endpoint).map_err(said)?;
            let body = request.to_string();
            let mut pause = FIRST_PAUSE;
            for _ in 1..TRIES {
                let answer = account.post(path, body.as_bytes()).map_err(said)?;
                if !is_busy(&answer) {
                    return outcome(account.endpoint(), &answer);
                }
                std::thread::sleep(pause.mul_f64(0.5 + fastrand::f64()));
                pause *= 2;
            }
            outcome(account.endpoint(), &account.post(path, body.as_bytes()).map_err(said)?)
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

    fn error_type(answer: &AwsAnswer) -> Option<&str> {
        let header = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amzn-errortype"));
        // Some add where the error is documented.
        header.and_then(|(_, value)| value.split(':').next())
    }

    fn is_busy(answer: &AwsAnswer) -> bool {
        answer.status == 429
            || answer.status >= 500
            || error_type(answer).is_some_and(|kind| kind.starts_with("Throttl"))
    }

    fn outcome(endpoint: &str, answer: &AwsAnswer) -> Result<Value, CallError> {
        let said: Option<Value> = serde_json::from_slice(&answer.body).ok();
        match said {
            Some(said) if (200..300).contains(&answer.status) => Ok(said),
            said => {
                let kind = error_type(answer).unwrap_or("no error of X-Ray's");
                let message = said.as_ref().and_then(message).unwrap_or("nothing is said about it");
                let status = answer.status;
                Err(CallError::Refused(format!("{endpoint} answers {status} ({kind}): {message}")))
            }
        }
    }
}
