//! `forward`: documents go on to where they belong, whatever the far end does and whenever the forwarder is killed.

#[cfg(feature = "aws")]
mod aws;
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
mod sends;
#[cfg(feature = "aws")]
mod signatures;
mod spans;
mod wait;
mod x_ray_end;
