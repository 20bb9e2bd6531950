//! An account of AWS in this process, at an address of one's own.

use aws_credential_types::Credentials;
use tracer_console::aws::{AwsAccount, AwsOptions, SharedCredentialsProvider};

use crate::signatures::{KEY, SECRET, TOKEN};

pub(crate) fn account(endpoint: &str) -> AwsAccount {
    let credentials = Credentials::new(KEY, SECRET, Some(TOKEN.into()), None, "test");
    let options = AwsOptions {
        region: Some("eu-west-1".into()),
        endpoint: Some(endpoint.to_owned()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        local: true,
        ..AwsOptions::default()
    };
    AwsAccount::connect(options).unwrap()
}
