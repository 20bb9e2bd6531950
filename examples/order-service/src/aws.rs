//! The clients of AWS, made once when the function starts, and what they are to call.

use std::env;

use aws_config::{ConfigLoader, SdkConfig};
use thiserror::Error;
use tracer_runtime::traced_client;

/// What the order service talks to.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) orders_table: String,
    pub(crate) receipts_bucket: String,
    pub(crate) fulfillment_queue_url: String,
}

/// Who deploys the function forgot to say where the queue is.
#[derive(Debug, Error)]
#[error("FULFILLMENT_QUEUE_URL is not set: give the function the URL of the queue that takes its orders")]
pub(crate) struct NoQueue;

impl Aws {
    /// As the function's environment says.
    pub(crate) async fn from_env() -> Result<Self, NoQueue> {
        let named = |variable, default: &str| env::var(variable).unwrap_or_else(|_| default.to_owned());
        let queue_url = env::var("FULFILLMENT_QUEUE_URL").map_err(|_| NoQueue)?;
        let config = sdk_config().load().await;
        Ok(Self {
            orders_table: named("ORDERS_TABLE", "orders"),
            receipts_bucket: named("RECEIPTS_BUCKET", "order-receipts"),
            ..Self::new(&config, queue_url)
        })
    }

    /// One line makes a client that traces its calls. An endpoint that is an IP address, as a stand-in's is, gets the bucket's
    /// name in the path by itself.
    pub(crate) fn new(config: &SdkConfig, fulfillment_queue_url: String) -> Self {
        Self {
            dynamodb: traced_client!(aws_sdk_dynamodb, config),
            s3: traced_client!(aws_sdk_s3, config),
            sqs: traced_client!(aws_sdk_sqs, config),
            orders_table: "orders".to_owned(),
            receipts_bucket: "order-receipts".to_owned(),
            fulfillment_queue_url,
        }
    }
}

/// Region, credentials and endpoint come from the environment, as AWS Lambda sets it.
pub(crate) fn sdk_config() -> ConfigLoader {
    let config = aws_config::from_env();
    #[cfg(not(feature = "https"))]
    let config = config.http_client(aws_smithy_http_client::Builder::new().build_http());
    config
}
