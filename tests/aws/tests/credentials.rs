//! Credentials that are fetched while a call waits for them: with a client that is traced itself.

use std::future::pending;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};
use aws_sdk_dynamodb::Client;
use serde_json::json;
use tokio::sync::watch;
use tracer_runtime::testing::{self, RecordedSubsegment};
use tracer_runtime::{InSubsegment, traced_client};
use tracer_tests_aws::{Answer, Clients, Service, recorded};

/// Asks who it is before it says so.
#[derive(Debug)]
struct Asking(aws_sdk_sts::Client);

impl ProvideCredentials for Asking {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.get_caller_identity().send().await.map_err(CredentialsError::provider_error)?;
            Ok(Credentials::new("local", "local", None, None, "tests"))
        })
    }
}

/// Says when it is asked, and nothing else ever.
#[derive(Debug)]
struct Silent(watch::Sender<bool>);

impl ProvideCredentials for Silent {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.send_replace(true);
            pending().await
        })
    }
}

fn client(service: &Service, credentials: impl ProvideCredentials + 'static) -> Client {
    let config = service.config().into_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    traced_client!(aws_sdk_dynamodb, &config)
}

#[tokio::test]
async fn a_call_for_credentials_is_a_call_of_its_own_beside_the_one_that_waits() {
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>";
    let service = Service::start(move |call, _| match call.json().is_object() {
        true => Answer::json(200, &json!({"TableNames": []})),
        false => Answer::xml(200, identity),
    });
    let dynamodb = client(&service, Asking(Clients::traced(&service.config()).sts));
    let calls = async { dynamodb.list_tables().send().await.unwrap() }.in_subsegment("function");
    let trace = testing::capture_async(calls).await;
    let calls = trace.subsegment("function").subsegments();
    let names: Vec<_> = calls.iter().map(RecordedSubsegment::name).collect();
    assert_eq!(names, ["DynamoDB", "STS"], "{trace}");
    assert!(
        calls.iter().all(|call| !call.is_cancelled() && !call.is_fault() && call.subsegments().is_empty())
    );
    let parents: Vec<_> =
        service.calls().iter().map(|call| json!(call.trace_header().parent().unwrap().to_string())).collect();
    assert_eq!(parents, [calls[1].json()["id"].clone(), calls[0].json()["id"].clone()]);
    assert_eq!(calls[0].json()["aws"]["retries"], 0);
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_for_credentials_is_cancelled() {
    let service = Service::answering(Answer::never());
    let (asked, mut is_asked) = watch::channel(false);
    let dynamodb = client(&service, Silent(asked));
    let call = recorded(async {
        tokio::select! {
            _ = dynamodb.list_tables().send() => panic!("there are no credentials"),
            asked = is_asked.wait_for(|is_asked| *is_asked) => drop(asked.unwrap()),
        }
    })
    .await;
    assert!(call.is_cancelled() && !call.is_fault() && !call.is_error(), "{call}");
    assert!(service.calls().is_empty());
}
