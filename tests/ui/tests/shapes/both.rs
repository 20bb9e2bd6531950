//! What puts an annotated function beside its bare twin.

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
