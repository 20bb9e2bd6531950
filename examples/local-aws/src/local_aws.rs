//! The services as a whole: started, set up, asked what was called, stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::call::{Call, Calls, Service};
use crate::dynamodb::DynamoDb;
use crate::fault::{Fault, Faults};
use crate::front::Front;
use crate::s3::S3;
use crate::server::serve;
use crate::sqs::Sqs;
use crate::upstream::Upstream;

/// The services could not start, or refused what they were asked to set up.
///
/// ```
/// let aws = local_aws::LocalAws::start()?;
/// let refused = aws.dynamodb("PutItem", &serde_json::json!({"TableName": "absent", "Item": {}})).unwrap_err();
/// assert!(refused.to_string().starts_with("DynamoDB refused PutItem: ResourceNotFoundException"));
/// # Ok::<(), local_aws::LocalAwsError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalAwsError {
    /// The address could not be had, or the threads could not be started.
    #[error("cannot serve on {address}: {source}; port 0 takes a free one")]
    Start {
        /// The address as given.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// That is no address of a server.
    #[error(
        "{endpoint:?} is no endpoint that can be reached: give plain HTTP with a port, as http://127.0.0.1:4566"
    )]
    Endpoint {
        /// As given.
        endpoint: String,
    },
    /// The service answered with an error.
    #[error("{service} refused {operation}: {code}: {message}")]
    Refused {
        /// Which service.
        service: Service,
        /// What it was asked.
        operation: String,
        /// The error's code.
        code: String,
        /// What the service said.
        message: String,
    },
}

/// DynamoDB, S3 and SQS behind one address; dropped, they stop and what they held is gone.
///
/// ```
/// let aws = local_aws::LocalAws::start()?;
/// assert!(aws.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok::<(), local_aws::LocalAwsError>(())
/// ```
#[derive(Debug)]
pub struct LocalAws {
    address: SocketAddr,
    front: Arc<Front>,
    server: JoinHandle<()>,
    handle: Handle,
    runtime: Option<Runtime>,
}

impl LocalAws {
    /// The region of everything here.
    ///
    /// ```
    /// assert_eq!(local_aws::LocalAws::REGION, "us-east-1");
    /// ```
    pub const REGION: &str = "us-east-1";

    /// The account that everything here belongs to.
    ///
    /// ```
    /// assert_eq!(local_aws::LocalAws::ACCOUNT, "123456789012");
    /// ```
    pub const ACCOUNT: &str = "123456789012";

    /// Starts on a free port of the loopback address, on threads of its own.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Start`] when the operating system gives no port or no thread.
    pub fn start() -> Result<Self, LocalAwsError> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Starts on an address; whoever reaches it can do everything.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::listen(([127, 0, 0, 1], 0).into())?;
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Start`] when the address cannot be had.
    pub fn listen(address: SocketAddr) -> Result<Self, LocalAwsError> {
        Self::try_listen(address, None).map_err(|source| LocalAwsError::Start { address, source })
    }

    /// Starts in front of another server of AWS, such as moto or ministack: that one answers, and what it has no notion of is
    /// here: faults, the list of calls, request ids, and the trace header of a message.
    ///
    /// ```
    /// # use local_aws::LocalAws;
    /// let server = LocalAws::start()?;
    /// let front = LocalAws::in_front_of(&server.endpoint())?;
    /// front.create_bucket("receipts")?;
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Endpoint`] when it is none of plain HTTP, else as [`start`](Self::start). That nobody is there shows with
    /// the first call.
    pub fn in_front_of(endpoint: &str) -> Result<Self, LocalAwsError> {
        let upstream = Upstream::of_endpoint(endpoint)
            .ok_or_else(|| LocalAwsError::Endpoint { endpoint: endpoint.to_owned() })?;
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self::try_listen(address, Some(upstream)).map_err(|source| LocalAwsError::Start { address, source })
    }

    fn try_listen(address: SocketAddr, upstream: Option<Upstream>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("local-aws")
            .enable_all()
            .build()?;
        let within = runtime.enter();
        let (dynamodb, sqs) = match upstream.clone() {
            Some(upstream) => (DynamoDb::There(upstream.clone()), Sqs::there(upstream)),
            None => {
                let sqs = Sqs::new(Self::REGION, Self::ACCOUNT, address.ip().to_string(), address.port());
                (DynamoDb::new(Self::REGION), sqs)
            }
        };
        let front = Arc::new(Front {
            dynamodb,
            s3: S3::new(Self::REGION, upstream),
            sqs,
            faults: Faults::default(),
            calls: Calls::default(),
        });
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = tokio::spawn(serve(listener, Arc::clone(&front)));
        drop(within);
        Ok(Self { address, front, server, handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// What an AWS SDK or the CLI takes as endpoint URL.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// println!("aws --endpoint-url {} s3 ls", aws.endpoint());
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The variables by which an AWS SDK in another process finds everything here, with credentials that say nothing.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// let mut child = std::process::Command::new("orders");
    /// child.envs(aws.variables());
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", Self::REGION.into()),
            ("AWS_DEFAULT_REGION", Self::REGION.into()),
            ("AWS_ACCESS_KEY_ID", "local".into()),
            ("AWS_SECRET_ACCESS_KEY", "local".into()),
        ]
    }

    /// Asks DynamoDB from within the process, with JSON as on the wire: no call is counted and no fault meets it.
    ///
    /// ```
    /// # use serde_json::json;
    /// let aws = local_aws::LocalAws::start()?;
    /// aws.dynamodb("CreateTable", &json!({
    ///     "TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
    ///     "AttributeDefinitions": [{"AttributeName": "order_id", "AttributeType": "S"}],
    ///     "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
    /// }))?;
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Refused`] with what DynamoDB says.
    pub fn dynamodb(&self, operation: &str, input: &Value) -> Result<Value, LocalAwsError> {
        self.json(Service::DynamoDb, "DynamoDB_20120810", operation, input)
    }

    /// Asks SQS from within the process, with JSON as on the wire: no call is counted and no fault meets it.
    ///
    /// ```
    /// # use serde_json::json;
    /// let aws = local_aws::LocalAws::start()?;
    /// let created = aws.sqs("CreateQueue", &json!({"QueueName": "fulfillment"}))?;
    /// assert!(created["QueueUrl"].as_str().is_some_and(|url| url.ends_with("/fulfillment")));
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Refused`] with what SQS says.
    pub fn sqs(&self, operation: &str, input: &Value) -> Result<Value, LocalAwsError> {
        self.json(Service::Sqs, "AmazonSQS", operation, input)
    }

    /// Creates a bucket from within the process.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// aws.create_bucket("receipts")?;
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`LocalAwsError::Refused`] with what S3 says.
    pub fn create_bucket(&self, name: &str) -> Result<(), LocalAwsError> {
        let (s3, bucket) = (self.front.s3.clone(), name.to_owned());
        let refused = |code: &str, message: String| LocalAwsError::Refused {
            service: Service::S3,
            operation: "CreateBucket".into(),
            code: code.to_owned(),
            message,
        };
        match self.block_on(async move { s3.create_bucket(&bucket).await }) {
            Some(created) => created.map_err(|error| refused(error.code.as_str(), error.message)),
            None => Err(refused("InternalError", String::new())),
        }
    }

    /// From now on the fault is in force, behind those that are.
    ///
    /// ```
    /// # use local_aws::{Fault, LocalAws, Service};
    /// let aws = LocalAws::start()?;
    /// aws.inject(Fault::fail(Service::S3, "PutObject", 503).key("ORD-NO-RECEIPT"));
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    pub fn inject(&self, fault: Fault) {
        self.front.faults.add(fault);
    }

    /// From now on no fault is in force.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// aws.clear_faults();
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    pub fn clear_faults(&self) {
        self.front.faults.clear();
    }

    /// The latest 10,000 calls that came over the wire and were answered, the oldest first.
    ///
    /// ```
    /// let aws = local_aws::LocalAws::start()?;
    /// for call in aws.calls() {
    ///     println!("{} {} {}", call.service, call.operation, call.status);
    /// }
    /// # Ok::<(), local_aws::LocalAwsError>(())
    /// ```
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.front.calls.all()
    }

    fn json(
        &self,
        service: Service,
        target: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, LocalAwsError> {
        let mut headers = HeaderMap::new();
        // What cannot stand in a header is no operation either, and is refused as such.
        if let Ok(target) = HeaderValue::from_str(&format!("{target}.{operation}")) {
            headers.insert("x-amz-target", target);
        }
        let (front, body) = (Arc::clone(&self.front), Bytes::from(input.to_string()));
        let answered = self.block_on(async move {
            let reply = front.json(service, &headers, body).await;
            let is_done = reply.status().is_success();
            let body = reply.into_body().collect().await.map(http_body_util::Collected::to_bytes);
            (is_done, body.unwrap_or_default())
        });
        let (is_done, body) = answered.unwrap_or_default();
        let output: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!({}));
        if is_done {
            return Ok(output);
        }
        let text = |key: &str| output[key].as_str().unwrap_or_default().to_owned();
        Err(LocalAwsError::Refused {
            service,
            operation: operation.to_owned(),
            code: text("__type").rsplit('#').next().unwrap_or_default().to_owned(),
            message: text("message"),
        })
    }

    /// Runs on the services' own threads, so that the caller may be within another runtime; `None` when it panicked.
    fn block_on<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.handle.spawn(async move {
            let _ = sender.send(work.await);
        });
        pollster::block_on(receiver).ok()
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(runtime) = self.runtime.take() {
            // Not waiting: a drop of the runtime itself would panic within another runtime.
            runtime.shutdown_background();
        }
    }
}
