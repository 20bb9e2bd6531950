//! What can be wrong with an account, and on the way to it.

use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// AWS cannot be asked, or did not answer.
///
/// ```
/// use tracer_console::aws::{AwsAccount, AwsError, AwsOptions};
///
/// let options = AwsOptions {
///     region: Some("eu-west-1".into()),
///     endpoint: Some("nonsense".into()),
///     ..Default::default()
/// };
/// assert!(matches!(AwsAccount::connect(options), Err(AwsError::Endpoint { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AwsError {
    /// No region is known.
    #[error("no AWS region is known: name one with --region, in AWS_REGION or in the AWS profile")]
    NoRegion,
    /// The address asks for TLS, which was not built in.
    #[error(
        "{url} asks for TLS, which this tracer-console was built without: build it with `--features aws,https`, or name an \
         http address with --endpoint"
    )]
    NoTls {
        /// The address.
        url: String,
    },
    /// The address of X-Ray is no address.
    #[error(
        "{url:?} is no address of X-Ray's API ({why}); write one such as https://xray.eu-west-1.amazonaws.com"
    )]
    Endpoint {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address of the proxy is no address.
    #[error("{url:?} is no address of a proxy: {source}; write one such as http://proxy.example:3128")]
    Proxy {
        /// What was given.
        url: String,
        /// What is wrong with it.
        source: Source,
    },
    /// The certificates of `AWS_CA_BUNDLE` cannot be read.
    #[error(
        "AWS_CA_BUNDLE names {path:?}, and the certificates in it cannot be read: {source}; it wants a file of PEM"
    )]
    Certificates {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        source: Source,
    },
    /// Threads or sockets cannot be had.
    #[error("AWS cannot be asked: {0}")]
    Runtime(#[source] std::io::Error),
    /// No credentials were found.
    #[error("no credentials of AWS were found ({0}): set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in")]
    Credentials(String),
    /// The request could not be signed.
    #[error("the request cannot be signed: {0}")]
    Signing(#[source] Source),
    /// The request did not get through.
    #[error("no answer from {url}: {why}")]
    NoAnswer {
        /// The address.
        url: String,
        /// What happened.
        why: String,
    },
    /// X-Ray refuses what it is asked.
    #[error("{url} answers {status} ({code}): {message}")]
    Refused {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// X-Ray's name for what is wrong.
        code: String,
        /// What it says about it.
        message: String,
    },
    /// The answer is not X-Ray's.
    #[error("{url} does not answer as X-Ray does: name another address with --endpoint")]
    Foreign {
        /// The address.
        url: String,
    },
    /// The operation, or a member of its request, is not asked here.
    #[error(
        "AWS X-Ray is not asked for {what} here; GetTraceSummaries, BatchGetTraces, GetTraceGraph, GetServiceGraph and \
         PutTraceSegments are"
    )]
    NoQuestion {
        /// The operation's path, and the member.
        what: String,
    },
    /// The answer took too long.
    #[error("no answer from {url} within {timeout:?}")]
    Timeout {
        /// The address.
        url: String,
        /// How long was waited.
        timeout: Duration,
    },
}

/// An error and what caused it, in a line; and what helps, where that is known.
pub(crate) fn in_a_line(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = causes.map(ToString::to_string).collect();
    said.dedup();
    #[cfg(feature = "https")]
    said.extend(crate::certificates::remedy(error, super::http::certificates_variable()));
    said.join(": ")
}
