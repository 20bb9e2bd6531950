//! `forward`: documents go on to where they belong, whatever the far end does and whenever the forwarder is killed.

#[cfg(feature = "aws")]
mod accounts;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod credentials;
mod documents;
mod failing;
mod far_end;
mod forwarding;
#[path = "../python/interpreter.rs"]
#[cfg(feature = "aws")]
mod interpreter;
#[cfg(unix)]
mod kills;
mod limits;
#[cfg(feature = "aws")]
mod moto;
mod otlp_end;
mod process;
mod process_tests;
#[cfg(feature = "aws")]
mod proxies;
#[cfg(feature = "aws")]
mod proxy_end;
#[cfg(feature = "aws")]
mod questions;
mod sends;
#[cfg(feature = "aws")]
mod signatures;
#[cfg(feature = "aws")]
mod slow_aws;
mod spans;
#[cfg(feature = "aws")]
mod telemetry;
#[cfg(all(feature = "aws", feature = "https"))]
mod tls;
mod wait;
mod x_ray_end;
