//! HTTP clients: each request is a subsegment, and carries the trace header to the server.
//!
//! # reqwest (feature `reqwest`)
//!
//! [`TracerMiddleware`] is one of [`reqwest-middleware`](https://docs.rs/reqwest-middleware):
//!
//! ```
//! # #[cfg(all(feature = "enable", feature = "reqwest"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use reqwest_middleware::ClientBuilder;
//! use tracer_runtime::http_client::TracerMiddleware;
//! use tracer_runtime::testing;
//!
//! let client = ClientBuilder::new(reqwest::Client::new()).with(TracerMiddleware::new()).build();
//!
//! // Nobody listens there.
//! let trace = testing::capture_async(client.get("http://127.0.0.1:1/orders?id=7").send()).await;
//! let request = trace.subsegment("127.0.0.1");
//! assert_eq!(request.json()["http"]["request"]["url"], "http://127.0.0.1:1/orders");
//! assert!(request.is_fault());
//! # }
//! # #[cfg(not(all(feature = "enable", feature = "reqwest")))]
//! # fn main() {}
//! ```
//!
//! Inside of retries, as with `.with(RetryTransientMiddleware::…).with(TracerMiddleware::new())` of `reqwest-retry`, each
//! attempt is a subsegment; outside of them, the other way round, all attempts are one, with the last answer. Put it last
//! to see what is sent. The error of a body that breaks off says the same as without the middleware; its chain of sources
//! has two of reqwest's own links more.
//!
//! # hyper, and any other tower client (feature `tower`)
//!
//! [`TracerLayer`] goes around a service of [`http::Request`], such as the client of `hyper-util`:
//!
//! ```
//! # #[cfg(all(feature = "enable", feature = "tower"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use http::Request;
//! use http_body_util::Empty;
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tracer_runtime::http_client::TracerLayer;
//! use tracer_runtime::testing;
//!
//! let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
//! let client = ServiceBuilder::new().layer(TracerLayer::new()).service(client);
//!
//! let request = Request::get("http://127.0.0.1:1/orders").body(Empty::new()).unwrap();
//! let trace = testing::capture_async(client.oneshot(request)).await;
//! assert!(trace.subsegment("127.0.0.1").is_fault());
//! # }
//! # #[cfg(not(all(feature = "enable", feature = "tower")))]
//! # fn main() {}
//! ```
//!
//! What is outside of the layer, it does not see: a layer that follows redirects or retries makes several requests, and so
//! several subsegments; one that gives up after a time drops the request, which is then cancelled. One that hands requests to a task
//! of its own, as tower's `Buffer` does, belongs inside: in that task nothing is current.
//!
//! Where the layers inside make the error a boxed one, say [`TracerLayer::printed_errors`]. Without it the compiler says that the trait
//! bounds of a method such as `oneshot` were not satisfied, `TracerService<…>: Service<_>` among them.
//!
//! The requests of a gRPC client such as tonic's are a path alone, and its channel adds the server below the layer: say it
//! by [`TracerLayer::origin`].
//!
//! # ureq (feature `ureq`)
//!
//! [`TracerMiddleware`] is one of ureq's, too:
//!
//! ```
//! # #[cfg(all(feature = "enable", feature = "ureq"))]
//! # fn main() {
//! use tracer_runtime::http_client::TracerMiddleware;
//! use tracer_runtime::testing;
//!
//! let config = ureq::Agent::config_builder().middleware(TracerMiddleware::new()).build();
//! let agent = ureq::Agent::new_with_config(config);
//!
//! let trace = testing::capture(|| agent.get("http://127.0.0.1:1/orders").call());
//! assert!(trace.subsegment("127.0.0.1").is_fault());
//! # }
//! # #[cfg(not(all(feature = "enable", feature = "ureq")))]
//! # fn main() {}
//! ```
//!
//! # What is recorded
//!
//! The subsegment has the name of the host, in lower case, and the namespace `remote`; the method; the URL without its user,
//! password, query and fragment, which may be secret; the status; and the length of the body. The status marks it: 429 throttle
//! and error, other 4xx error, 5xx fault. A request without an answer is a fault with the error, from which URLs lose what may be secret,
//! too. (An error that your function returns is recorded by that function as it prints: reqwest's has the URL whole
//! unless you take it out by `without_url`.) A request whose future is dropped is cancelled.
//!
//! Redirects that the client follows itself are part of the request: its URL is the first, its status the last.
//!
//! The subsegment ends with the body of the answer, so the time of the download is in it; a body without a
//! `Content-Length` is counted as it is read, and what the client unpacks is counted unpacked. A body that breaks off is a fault; one
//! that is dropped earlier is no failure. ureq's ends where the head of the answer has come, and has the length that the
//! head tells: ureq lets no middleware stand before a body without losing its length and character set.
//!
//! # The trace header
//!
//! `X-Amzn-Trace-Id` names this subsegment as the parent of what the server records. It replaces one that the request
//! has, as X-Ray's SDKs do. In a trace that is not recorded the header is passed on as it came; outside of a trace, and
//! where tracing is off, there is none and nothing is done. Where a client follows redirects, each request has the same.
//!
//! # What is not traced
//!
//! `ignore_endpoint(host, paths)` leaves requests alone: neither recorded, nor given a header. In both a `*` stands for any
//! characters, also none and also slashes, and `?` for one; upper and lower case are the same in hosts only. The path is without the query,
//! and no paths means all.
//!
//! ```
//! # #[cfg(any(feature = "reqwest", feature = "ureq"))] {
//! use tracer_runtime::http_client::TracerMiddleware;
//!
//! let middleware =
//!     TracerMiddleware::new().ignore_endpoint("*.internal", &[]).ignore_endpoint("example.com", &["/health", "/v?/ping"]);
//! # }
//! ```
//!
//! Also left alone are CONNECT, and URIs without a host where neither a `Host` header nor [`TracerLayer::origin`] says it.
//! `POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS=false` leaves all alone.

mod call;
mod ignored;
#[cfg(any(feature = "reqwest", feature = "ureq"))]
mod middleware;
#[cfg(any(feature = "reqwest", feature = "tower"))]
mod receiving;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(any(feature = "reqwest", feature = "tower"))]
mod sending;
mod target;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "ureq")]
mod ureq;

#[cfg(any(feature = "reqwest", feature = "ureq"))]
pub use self::middleware::TracerMiddleware;
#[cfg(feature = "tower")]
pub use self::tower::{Describe, Printed, ResponseFuture, TracedBody, TracerLayer, TracerService, Typed};
