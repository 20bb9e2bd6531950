//! DynamoDB.

use std::sync::Arc;

use bytes::Bytes;
use hyper::HeaderMap;
use rustack_dynamodb_core::config::DynamoDBConfig;
use rustack_dynamodb_core::handler::RustackDynamoDBHandler;
use rustack_dynamodb_core::provider::RustackDynamoDB;
use rustack_dynamodb_http::dispatch::dispatch_operation;
use rustack_dynamodb_http::response::error_to_response;
use rustack_dynamodb_http::router::resolve_operation;

use crate::call::Service;
use crate::reply::{self, Reply};
use crate::upstream::Upstream;

/// The tables: here, or those of another server.
#[derive(Debug)]
pub(crate) enum DynamoDb {
    Here(RustackDynamoDBHandler),
    There(Upstream),
}

impl DynamoDb {
    pub(crate) fn new(region: &str) -> Self {
        let config = DynamoDBConfig { default_region: region.to_owned(), ..DynamoDBConfig::default() };
        Self::Here(RustackDynamoDBHandler::new(Arc::new(RustackDynamoDB::new(config))))
    }

    /// Answers the operation that the headers name.
    pub(crate) async fn answer(&self, headers: &HeaderMap, body: Bytes) -> Reply {
        let tables = match self {
            Self::Here(tables) => tables,
            Self::There(upstream) => {
                let answer = upstream.answer_json(Service::DynamoDb, headers, body).await;
                return reply::whole(answer);
            }
        };
        let answered = match resolve_operation(headers) {
            Ok(operation) => dispatch_operation(tables, operation, body).await,
            Err(unknown) => Err(unknown),
        };
        reply::of(answered.unwrap_or_else(|error| error_to_response(&error, "")))
    }
}
