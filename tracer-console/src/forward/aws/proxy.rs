//! The daemon's other side: what is asked over TCP is signed and asked of AWS, and its answer given back.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::account::Account;
use crate::api::{Answered, Answering, Asked, Upstream};
use crate::aws::AwsAccount;

/// Asks AWS.
pub(in crate::forward) struct Proxy(Arc<AwsAccount>);

impl Proxy {
    pub(in crate::forward) fn of(account: &Account) -> Self {
        Self(Arc::clone(&account.account))
    }
}

impl Upstream for Proxy {
    fn answer(&self, asked: Asked) -> Answering {
        let account = Arc::clone(&self.0);
        let mut asking = self.0.spawn(async move { answered(&account, asked).await });
        Box::pin(async move {
            match asking.join_next().await {
                Some(answered) => {
                    answered.unwrap_or_else(|failed| Answered::bad_gateway(&failed.to_string()))
                }
                None => Answered::bad_gateway("it is being ended"),
            }
        })
    }
}

async fn answered(account: &AwsAccount, asked: Asked) -> Answered {
    let path = asked.uri.path_and_query().map_or("/", |path| path.as_str());
    if !path.starts_with('/') {
        return Answered::bad_gateway("what is asked for begins with a slash");
    }
    log::debug!("aws: asked for {} {}", asked.method, path.escape_debug());
    let answer = match account.call(asked.method.clone(), path, &asked.headers, asked.body).await {
        Ok(answer) => answer,
        Err(error) => {
            log::warn!("aws: {} {}: {error}", asked.method, path.escape_debug());
            return Answered::bad_gateway(&error.to_string());
        }
    };
    let header = |(name, value): (String, String)| {
        let name = name.parse::<HeaderName>().ok().filter(|name| !is_of_the_connection(name))?;
        Some((name, value.parse::<HeaderValue>().ok()?))
    };
    let headers: HeaderMap = answer.headers.into_iter().filter_map(header).collect();
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    Answered { status, headers, body: answer.body }
}

/// Headers that are about the connection to AWS, and not the one here.
fn is_of_the_connection(name: &HeaderName) -> bool {
    [
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "upgrade",
        "trailer",
        "proxy-connection",
    ]
    .contains(&name.as_str())
}
