//! Where `traced_client!` stands, and what stands around it.

use aws_types::SdkConfig;
use serde_json::json;
use tracer_runtime::testing;
use tracer_runtime::traced_client;
use tracer_tests_aws::{Answer, Service, recorded};

fn service() -> Service {
    Service::answering(Answer::json(200, &json!({"TableNames": [], "QueueUrls": []})))
}

#[no_implicit_prelude]
mod bare {
    use ::aws_sdk_dynamodb;
    use ::aws_types::SdkConfig;
    use ::tracer_runtime::traced_client;

    pub(super) fn plain(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
        traced_client!(aws_sdk_dynamodb, config)
    }

    pub(super) fn set(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
        traced_client!(aws_sdk_dynamodb, config, |mut builder| {
            builder.set_allow_no_auth();
            builder
        })
    }
}

#[tokio::test]
async fn a_module_without_the_prelude_makes_clients() {
    let service = service();
    for client in [bare::plain(&service.config()), bare::set(&service.config())] {
        recorded(async { client.list_tables().send().await.unwrap() }).await;
    }
}

/// Names that the macro may use itself.
fn set(builder: aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder {
    builder
        .endpoint_url("http://localhost:1")
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
}

fn builder(config: &SdkConfig) -> Result<SdkConfig, std::io::Error> {
    Ok(config.clone())
}

#[tokio::test]
async fn names_of_the_programs_own_are_what_they_are() {
    let client = traced_client!(aws_sdk_dynamodb, &service().config(), set);
    let call = recorded(async { client.list_tables().send().await.unwrap_err() }).await;
    assert!(call.is_fault(), "nobody is there: {call}");
}

/// A client by another name of its crate, of a config that may be missing, in a function of any type.
async fn list<B>(config: &SdkConfig, _: B) -> Result<usize, std::io::Error> {
    use aws_sdk_sqs as queues;
    let sqs = traced_client!(queues, &builder(config)?,);
    Ok(sqs.list_queues().send().await.map_or(0, |output| output.queue_urls().len()))
}

#[tokio::test]
async fn a_crate_has_any_name_and_a_config_any_lifetime() {
    let service = service();
    let call = recorded(async { list(&service.config(), "any").await.unwrap() }).await;
    assert_eq!((call.name(), &call.json()["aws"]["queue_count"]), ("SQS", &json!(0)));
}

#[tokio::test]
async fn a_call_can_be_sent_to_another_thread() {
    fn sent<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let service = service();
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let call = sent(async move { client.list_tables().send().await.unwrap() });
    let trace = testing::capture_async(async { tracer_runtime::spawn(call).await.unwrap() }).await;
    assert_eq!(trace.find("DynamoDB").len(), 1, "{trace}");
}
