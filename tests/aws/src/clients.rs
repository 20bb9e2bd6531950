//! The SDK's clients, as a user makes them, and the same untraced.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use tracer_runtime::traced_client;

/// A client of each service.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the client of its name")]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub s3: aws_sdk_s3::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sns: aws_sdk_sns::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub eventbridge: aws_sdk_eventbridge::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub kinesis: aws_sdk_kinesis::Client,
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Each with one line.
    #[must_use]
    pub fn traced(config: &SdkConfig) -> Self {
        Self {
            dynamodb: traced_client!(aws_sdk_dynamodb, config),
            s3: traced_client!(aws_sdk_s3, config, |builder| builder.force_path_style(true)),
            sqs: traced_client!(aws_sdk_sqs, config),
            sns: traced_client!(aws_sdk_sns, config),
            lambda: traced_client!(aws_sdk_lambda, config),
            eventbridge: traced_client!(aws_sdk_eventbridge, config),
            sfn: traced_client!(aws_sdk_sfn, config),
            kinesis: traced_client!(aws_sdk_kinesis, config),
            secretsmanager: traced_client!(aws_sdk_secretsmanager, config),
            ssm: traced_client!(aws_sdk_ssm, config),
            sts: traced_client!(aws_sdk_sts, config),
        }
    }

    /// As the SDK makes them.
    #[must_use]
    pub fn untraced(config: &SdkConfig) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sqs: aws_sdk_sqs::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            eventbridge: aws_sdk_eventbridge::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            kinesis: aws_sdk_kinesis::Client::new(config),
            secretsmanager: aws_sdk_secretsmanager::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }
}

/// What makes a client speak plain HTTP with `endpoint`, and retry without a pause.
#[must_use]
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .build()
}
