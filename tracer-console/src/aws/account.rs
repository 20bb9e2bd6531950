//! The account: connected once, asked by the SDK's client or by requests of one's own.

use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_sdk_xray::Client;
use aws_sdk_xray::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_xray::config::retry::RetryConfig;
use aws_sdk_xray::config::timeout::TimeoutConfig;
use aws_sdk_xray::config::{Builder, IdentityCache, Region};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::credentials::{KeptCredentials, Source};
use super::error::{AwsError, in_a_line};
use super::options::AwsOptions;
use super::{http, region};

/// An operation that has not been answered by then has failed.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(15);

/// X-Ray in an account of AWS.
///
/// ```no_run
/// use tracer_console::aws::{AwsAccount, AwsOptions};
///
/// let account = AwsAccount::connect(AwsOptions::default())?;
/// println!("asking {} in {}", account.endpoint(), account.region());
/// # Ok::<(), tracer_console::aws::AwsError>(())
/// ```
#[derive(Debug)]
pub struct AwsAccount {
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
    client: Client,
    /// The same, which tries again.
    patient_client: Client,
    pub(super) connector: SharedHttpConnector,
    pub(super) credentials: KeptCredentials,
    pub(super) endpoint: String,
    region: String,
    name: String,
    /// That which was given.
    given_endpoint: Option<String>,
}

impl AwsAccount {
    /// Finds the region and where credentials come from. Nothing is asked of X-Ray yet, and credentials are looked for when they
    /// are needed first. Not to be called, nor [`block_on`](Self::block_on), within an asynchronous runtime.
    ///
    /// ```no_run
    /// # use tracer_console::aws::{AwsAccount, AwsOptions};
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`AwsError`] when no region is known, or an address is none or asks for TLS that was not built in.
    #[expect(clippy::needless_pass_by_value, reason = "options are made for it")]
    pub fn connect(options: AwsOptions) -> Result<Self, AwsError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tracer-aws")
            .enable_all()
            .build()
            .map_err(AwsError::Runtime)?;
        let is_plain = options.endpoint.as_deref().is_some_and(is_plain);
        let connector = http::connector(options.proxy.as_deref(), !is_plain)?;
        let found = runtime.block_on(find(&options, &connector))?;
        let Found { client, patient_client, credentials, endpoint, region } = found;
        let name = name(&options, std::env::var("AWS_PROFILE").ok().as_deref(), &region);
        let given_endpoint = options.endpoint.as_deref().filter(|url| !url.is_empty()).map(str::to_owned);
        Ok(Self {
            runtime: Some(runtime),
            client,
            patient_client,
            connector,
            credentials,
            endpoint,
            region,
            name,
            given_endpoint,
        })
    }

    /// The SDK's client. It tries everything once.
    ///
    /// ```no_run
    /// # use tracer_console::aws::{AwsAccount, AwsOptions};
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// let groups = account.block_on(account.client().get_groups().send());
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The SDK's client that tries again by the SDK's rules: AWS_RETRY_MODE, AWS_MAX_ATTEMPTS and the profile have their say.
    pub(super) fn patient_client(&self) -> &Client {
        &self.patient_client
    }

    /// Where X-Ray's API is answered.
    ///
    /// ```no_run
    /// # use tracer_console::aws::{AwsAccount, AwsOptions};
    /// let options = AwsOptions { region: Some("eu-west-1".into()), ..Default::default() };
    /// assert_eq!(AwsAccount::connect(options)?.endpoint(), "https://xray.eu-west-1.amazonaws.com");
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The region.
    ///
    /// ```no_run
    /// # use tracer_console::aws::{AwsAccount, AwsOptions};
    /// println!("{}", AwsAccount::connect(AwsOptions::default())?.region());
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What tells it from other accounts: the region, and the profile and the role where there are.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address that was given in place of X-Ray's own.
    pub(crate) fn given_endpoint(&self) -> Option<&str> {
        self.given_endpoint.as_deref()
    }

    /// Has credentials looked for anew: those there are were not taken.
    pub(crate) fn forget_credentials(&self) {
        self.block_on(self.credentials.forget());
    }

    /// What an instance of EC2 says of itself.
    pub(crate) fn instance_metadata(&self) -> aws_config::imds::Client {
        let config = ProviderConfig::default().with_http_client(http::client(&self.connector));
        aws_config::imds::Client::builder().configure(&config).build()
    }

    /// Has something done on the account's own threads, where its connections are; it ends where nobody waits for it any more, as a
    /// set of tasks aborts them when it is dropped.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinSet<T> {
        let mut tasks = JoinSet::new();
        if let Some(runtime) = &self.runtime {
            tasks.spawn_on(future, runtime.handle());
        }
        tasks
    }

    /// Waits for what the client is asked.
    ///
    /// ```no_run
    /// # use tracer_console::aws::{AwsAccount, AwsOptions};
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// let groups = account.block_on(account.client().get_groups().send());
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    ///
    /// # Panics
    /// Within an asynchronous runtime, as tokio's `block_on` does.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match &self.runtime {
            Some(runtime) => runtime.block_on(future),
            // Only while it is being dropped, when nobody can ask.
            None => pollster::block_on(future),
        }
    }
}

impl Drop for AwsAccount {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops it may be within a runtime.
            runtime.shutdown_background();
        }
    }
}

struct Found {
    client: Client,
    patient_client: Client,
    credentials: KeptCredentials,
    endpoint: String,
    region: String,
}

async fn find(options: &AwsOptions, connector: &SharedHttpConnector) -> Result<Found, AwsError> {
    let http = http::client(connector);
    let providers = ProviderConfig::default().with_http_client(http.clone());
    let region = region::find(options, &providers).await.ok_or(AwsError::NoRegion)?;
    let (profile, role_arn) = (options.profile.clone(), options.role_arn.clone());
    let given = options.credentials.clone();
    let source = Source { http, region: region.clone(), profile, role_arn, given };
    let config = source.config().await;
    let endpoint = endpoint(options, &region, config.use_fips(), config.use_dual_stack()).await?;
    let credentials = KeptCredentials::of(source);
    let client = Builder::from(&config)
        .endpoint_url(&endpoint)
        .credentials_provider(credentials.clone())
        // They are kept here, and forgotten once they are not taken.
        .identity_cache(IdentityCache::no_cache());
    let each = TimeoutConfig::builder().operation_attempt_timeout(LONGEST_CALL).build();
    let patient = client.clone().timeout_config(each);
    let once = TimeoutConfig::builder().operation_timeout(LONGEST_CALL).build();
    let client = client.retry_config(RetryConfig::disabled()).timeout_config(once);
    let (client, patient_client) = (Client::from_conf(client.build()), Client::from_conf(patient.build()));
    Ok(Found { client, patient_client, credentials, endpoint, region: region.to_string() })
}

/// The profile is that which is meant, whoever names it; the one that is meant where nobody does has no name.
fn name(options: &AwsOptions, of_environment: Option<&str>, region: &str) -> String {
    let is_given = |text: &&str| !text.is_empty();
    let profile = options.profile.as_deref().filter(is_given);
    let profile = profile.or(of_environment.filter(is_given)).filter(|name| *name != "default");
    let role = options.role_arn.as_deref().filter(is_given);
    let mut name = region.to_owned();
    for (what, text) in [("profile", profile), ("role", role)] {
        if let Some(text) = text {
            name.push_str(&format!(" {what}={text}"));
        }
    }
    name
}

/// Whether an address is one without TLS.
fn is_plain(url: &str) -> bool {
    url.parse().is_ok_and(|url: hyper::Uri| url.scheme_str() == Some("http"))
}

/// The address that was given, or X-Ray's own in the region.
async fn endpoint(
    options: &AwsOptions,
    region: &Region,
    fips: Option<bool>,
    dual_stack: Option<bool>,
) -> Result<String, AwsError> {
    let url = match options.endpoint.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let unknown = |why: String| AwsError::Endpoint { url: region.to_string(), why };
            let params = Params::builder()
                .region(region.as_ref())
                .set_use_fips(fips)
                .set_use_dual_stack(dual_stack)
                .build()
                .map_err(|error| unknown(in_a_line(&error)))?;
            let found = DefaultResolver::new().resolve_endpoint(&params).await;
            found.map_err(|error| unknown(in_a_line(&*error)))?.url().to_owned()
        }
    };
    let no_address = |why: &str| AwsError::Endpoint { url: url.clone(), why: why.to_owned() };
    let parsed: hyper::Uri = url.parse().map_err(|_| no_address("it is no URL"))?;
    match parsed.scheme_str() {
        _ if parsed.authority().is_none() => Err(no_address("it names no host")),
        Some("http") => Ok(url),
        Some("https") if cfg!(feature = "https") => Ok(url),
        Some("https") => Err(AwsError::NoTls { url }),
        _ => Err(no_address("it begins neither with http:// nor with https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_name_wherever_its_profile_is_named() {
        let named = |profile: Option<&str>, of_environment: Option<&str>| {
            let options = AwsOptions { profile: profile.map(str::to_owned), ..AwsOptions::default() };
            name(&options, of_environment, "eu-west-1")
        };
        for (profile, of_environment) in
            [(Some("a"), None), (None, Some("a")), (Some("a"), Some("b")), (Some(""), Some("a"))]
        {
            assert_eq!(
                named(profile, of_environment),
                "eu-west-1 profile=a",
                "{profile:?} {of_environment:?}"
            );
        }
        for (profile, of_environment) in
            [(None, None), (None, Some("")), (None, Some("default")), (Some("default"), Some("a"))]
        {
            assert_eq!(named(profile, of_environment), "eu-west-1", "{profile:?} {of_environment:?}");
        }
    }
}
