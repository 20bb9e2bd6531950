//! A target: where documents go, and by which protocol.

use std::sync::Arc;

#[cfg(feature = "aws")]
use super::aws::Account;
use super::error::ForwardError;
use super::far::Far;
use super::otlp::Backend;
use super::plain::Plain;
use super::target_name;
#[cfg(feature = "aws")]
use crate::aws::AwsAccount;

/// Where documents are forwarded to.
///
/// ```
/// use tracer_console::ForwardTarget;
///
/// let console = ForwardTarget::x_ray("http://127.0.0.1:2001")?;
/// let backend = ForwardTarget::otlp("http://127.0.0.1:4318", [("x-team".into(), "shop".into())])?;
/// assert_eq!((console.name(), backend.name()), ("http://127.0.0.1:2001", "otlp+http://127.0.0.1:4318"));
/// # Ok::<(), tracer_console::ForwardError>(())
/// ```
#[must_use]
pub struct ForwardTarget {
    name: String,
    /// The address that it sends to.
    pub(super) url: String,
    pub(super) far: Arc<dyn Far>,
    /// Whether a document may be larger than X-Ray takes.
    pub(super) takes_any_size: bool,
    /// The account, where it is one of AWS.
    #[cfg(feature = "aws")]
    pub(super) account: Option<Arc<Account>>,
}

impl ForwardTarget {
    /// X-Ray's API without signatures: another console, or a stand-in for AWS.
    ///
    /// ```
    /// # use tracer_console::ForwardTarget;
    /// let target = ForwardTarget::x_ray("http://127.0.0.1:2001")?;
    /// # Ok::<(), tracer_console::ForwardError>(())
    /// ```
    ///
    /// # Errors
    /// [`ForwardError`] when the URL is none, or asks for TLS that was not built in.
    pub fn x_ray(url: &str) -> Result<Self, ForwardError> {
        Ok(Self::new(target_name::of_x_ray(url), url, Arc::new(Plain::at(url)?)))
    }

    /// An OpenTelemetry backend, by its OTLP/HTTP endpoint or by what `/v1/traces` belongs to, with headers of one's own. Documents
    /// become spans; those in progress are not sent.
    ///
    /// ```
    /// # use tracer_console::ForwardTarget;
    /// let target = ForwardTarget::otlp("http://127.0.0.1:4318", [])?;
    /// # Ok::<(), tracer_console::ForwardError>(())
    /// ```
    ///
    /// # Errors
    /// [`ForwardError`] when the URL is none, or asks for TLS that was not built in, or a header is none.
    pub fn otlp(
        url: &str,
        headers: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ForwardError> {
        let headers: Vec<_> = headers.into_iter().collect();
        for (name, value) in &headers {
            let is_one = name.parse::<ureq::http::HeaderName>().is_ok()
                && value.parse::<ureq::http::HeaderValue>().is_ok();
            if !is_one {
                // The value may be a secret.
                return Err(ForwardError::Header { given: name.clone() });
            }
        }
        let target = Self::new(target_name::of_otlp(url), url, Arc::new(Backend::at(url, headers)?));
        Ok(Self { takes_any_size: true, ..target })
    }

    /// X-Ray in an account of AWS. `resource_arn` is what the daemon says of itself in its telemetry, and with `asks_ec2` the EC2 instance
    /// is asked for its name for that.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use tracer_console::ForwardTarget;
    /// use tracer_console::aws::{AwsAccount, AwsOptions};
    ///
    /// let account = Arc::new(AwsAccount::connect(AwsOptions::default())?);
    /// let target = ForwardTarget::aws(account, None, false);
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    #[cfg(feature = "aws")]
    pub fn aws(account: Arc<AwsAccount>, resource_arn: Option<String>, asks_ec2: bool) -> Self {
        let url = account.endpoint().to_owned();
        let name = target_name::of_aws(account.name(), account.given_endpoint());
        let account = Arc::new(Account::new(account, resource_arn, asks_ec2));
        let target = Self::new(name, &url, Arc::clone(&account) as Arc<dyn Far>);
        Self { account: Some(account), ..target }
    }

    fn new(name: String, url: &str, far: Arc<dyn Far>) -> Self {
        Self {
            name,
            url: url.to_owned(),
            far,
            takes_any_size: false,
            #[cfg(feature = "aws")]
            account: None,
        }
    }

    /// How it is called in the queue and in counts: the address, which has one name however it is written; or `aws` with the region, the
    /// profile (but for `default`), the role, and the address of X-Ray where one is given.
    ///
    /// ```
    /// # use tracer_console::ForwardTarget;
    /// assert_eq!(ForwardTarget::x_ray("http://127.0.0.1:2001/")?.name(), "http://127.0.0.1:2001");
    /// # Ok::<(), tracer_console::ForwardError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for ForwardTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForwardTarget").field("name", &self.name).finish_non_exhaustive()
    }
}
