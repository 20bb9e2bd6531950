//! Which account is meant, and how it is reached.

/// How an [`AwsAccount`](crate::aws::AwsAccount) is found; what is `None` is found as every AWS SDK finds it.
///
/// ```
/// let options = tracer_console::aws::AwsOptions { region: Some("eu-west-1".into()), ..Default::default() };
/// ```
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// The region; else that of `AWS_REGION`, of the profile, of the ECS task or of the EC2 instance.
    pub region: Option<String>,
    /// The profile of the shared configuration files; else that of `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// Where X-Ray's API is answered; else X-Ray's own address in the region. `AWS_ENDPOINT_URL` is not asked: it may well
    /// lead to a console on this machine.
    pub endpoint: Option<String>,
    /// A role to assume with the credentials that are found.
    pub role_arn: Option<String>,
    /// An HTTP proxy that connections go through; else that of `HTTPS_PROXY`.
    pub proxy: Option<String>,
    /// Whether neither the ECS task nor the EC2 instance is asked for the region.
    pub local: bool,
}
