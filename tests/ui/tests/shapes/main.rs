//! Every shape of function, annotated and bare, run side by side under the strictest lints.

#![deny(
    warnings,
    missing_docs,
    unused,
    unreachable_code,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::pedantic
)]
// Each shape is written as a user may write it, not in the shortest way.
#![allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::unnecessary_wraps, clippy::unused_async)]

/// The same functions twice: `bare`, and `traced` with the attribute.
macro_rules! both {
    ($($function:item)*) => {
        mod bare {
            #[allow(unused_imports)]
            use super::*;
            $($function)*
        }
        mod traced {
            #[allow(unused_imports)]
            use super::*;
            $(#[tracer_runtime::capture_method] $function)*
        }
    };
}

mod annotations;
mod drop_order;
mod executor;
mod functions;
mod futures;
mod handlers;
mod hygiene;
mod methods;
mod panics;
mod sizes;
