//! Which account is meant, and how it is reached.

use aws_credential_types::provider::SharedCredentialsProvider;

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
    /// Where credentials come from, instead of where every AWS SDK finds them.
    pub credentials: Option<SharedCredentialsProvider>,
    /// An HTTP proxy that connections go through, but for those to this machine and to what tells a machine of itself (169.254.0.0/16 and
    /// fd00:ec2::/32, where credentials of EC2, ECS and EKS are); else those of `HTTPS_PROXY` and `HTTP_PROXY`, but for what `NO_PROXY` names.
    pub proxy: Option<String>,
    /// Whether neither the ECS task nor the EC2 instance is asked for the region.
    pub local: bool,
}
