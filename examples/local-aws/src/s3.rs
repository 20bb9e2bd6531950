//! S3: buckets and objects.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::service::Service as _;
use hyper::{Method, Request, Response, StatusCode};
use rustack_s3_core::storage::StagedUpload;
use rustack_s3_core::{RustackS3, S3Config};
use rustack_s3_http::{
    FromS3Request, IntoS3Response, RoutingContext, S3Handler, S3HttpConfig, S3HttpService, S3ResponseBody,
    S3Router,
};
use rustack_s3_model::S3Operation;
use rustack_s3_model::error::S3Error;
use rustack_s3_model::input::CreateBucketInput;

use crate::call::Service;
use crate::reply::{self, Reply};
use crate::upstream::Upstream;

type Answered = Result<Response<S3ResponseBody>, S3Error>;

#[derive(Debug, Clone)]
pub(crate) struct S3 {
    buckets: Buckets,
    service: S3HttpService<Buckets>,
    router: S3Router,
    /// Another server, whose buckets are meant.
    upstream: Option<Upstream>,
}

impl S3 {
    pub(crate) fn new(region: &str, upstream: Option<Upstream>) -> Self {
        let config = S3Config { default_region: region.to_owned(), ..S3Config::default() };
        let buckets = Buckets(RustackS3::new(config));
        let config =
            S3HttpConfig { virtual_hosting: false, region: region.to_owned(), ..S3HttpConfig::default() };
        let router = S3Router::new(config.domain.clone(), config.virtual_hosting);
        Self { service: S3HttpService::new(buckets.clone(), config), buckets, router, upstream }
    }

    /// The operation and `bucket/key` of a request; empty where they cannot be told.
    pub(crate) fn read<B>(&self, request: &Request<B>) -> (String, String) {
        let Ok(route) = self.router.resolve(request) else {
            return Default::default();
        };
        let names: Vec<String> = [route.bucket, route.key].into_iter().flatten().collect();
        (route.operation.as_str().to_owned(), names.join("/"))
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Reply {
        if let Some(upstream) = &self.upstream {
            return pass_on(upstream, request).await;
        }
        let Ok(answer) = self.service.call(request).await;
        reply::of(answer)
    }

    pub(crate) async fn create_bucket(&self, name: &str) -> Result<(), S3Error> {
        if let Some(upstream) = &self.upstream {
            return create_there(upstream, name).await;
        }
        let input = CreateBucketInput { bucket: name.to_owned(), ..CreateBucketInput::default() };
        self.buckets.0.handle_create_bucket(input).await.map(|_| ())
    }
}

async fn pass_on(upstream: &Upstream, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return reply::error(Service::S3, 400, "IncompleteBody", "the body broke off");
    };
    reply::whole(upstream.answer(Service::S3, Request::from_parts(head, body.to_bytes())).await)
}

async fn create_there(upstream: &Upstream, name: &str) -> Result<(), S3Error> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::PUT;
    *request.uri_mut() = format!("/{name}").parse().map_err(|_| S3Error::invalid_bucket_name(name))?;
    let answer = upstream.answer(Service::S3, request).await;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(S3Error::internal_error(String::from_utf8_lossy(answer.body()).into_owned()))
}

/// The buckets and what is in them.
#[derive(Debug, Clone)]
struct Buckets(RustackS3);

impl S3Handler for Buckets {
    fn handle_staged_upload(
        &self,
        parts: Parts,
        upload: Arc<StagedUpload>,
        route: RoutingContext,
    ) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
        let s3 = self.0.clone();
        Box::pin(async move {
            match route.operation {
                S3Operation::PutObject => {
                    let input = input(&parts, Bytes::new(), &route)?;
                    s3.handle_put_object_staged(input, upload).await?.into_s3_response()
                }
                other => Err(S3Error::not_implemented(other.as_str())),
            }
        })
    }

    fn handle_operation(
        &self,
        operation: S3Operation,
        parts: Parts,
        body: Bytes,
        route: RoutingContext,
    ) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
        let s3 = self.0.clone();
        Box::pin(async move {
            match operation {
                S3Operation::CreateBucket => {
                    s3.handle_create_bucket(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::HeadBucket => {
                    s3.handle_head_bucket(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::ListBuckets => {
                    s3.handle_list_buckets(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::DeleteBucket => {
                    s3.handle_delete_bucket(input(&parts, body, &route)?).await?;
                    Ok(no_content())
                }
                S3Operation::GetObject => {
                    s3.handle_get_object(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::HeadObject => {
                    s3.handle_head_object(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::CopyObject => {
                    s3.handle_copy_object(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::DeleteObject => {
                    s3.handle_delete_object(input(&parts, body, &route)?).await?.into_s3_response()
                }
                S3Operation::ListObjectsV2 => {
                    s3.handle_list_objects_v2(input(&parts, body, &route)?).await?.into_s3_response()
                }
                other => Err(S3Error::not_implemented(other.as_str())),
            }
        })
    }
}

fn input<I: FromS3Request>(parts: &Parts, body: Bytes, route: &RoutingContext) -> Result<I, S3Error> {
    I::from_s3_request(parts, route.bucket.as_deref(), route.key.as_deref(), &route.query_params, body)
}

fn no_content() -> Response<S3ResponseBody> {
    let mut answer = Response::new(S3ResponseBody::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}
