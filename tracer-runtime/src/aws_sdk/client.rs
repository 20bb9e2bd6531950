//! `traced_client!`: a client of any service crate of the SDK, traced.

/// Makes a client of the AWS SDK whose operations are traced: `traced_client!(aws_sdk_dynamodb, &config)`.
///
/// The first argument is the service's crate, the second an `SdkConfig`; a function of the service's config builder may follow,
/// to set what is that service's own. What is recorded is told in [`aws_sdk`](crate::aws_sdk).
///
/// ```
/// use tracer_runtime::traced_client;
///
/// # let config = aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
/// let dynamodb: aws_sdk_dynamodb::Client = traced_client!(aws_sdk_dynamodb, &config);
/// let s3: aws_sdk_s3::Client = traced_client!(aws_sdk_s3, &config, |builder| builder.force_path_style(true));
/// ```
#[macro_export]
macro_rules! traced_client {
    ($($sdk:ident)::+, $config:expr $(,)?) => {
        $($sdk::)+Client::from_conf(
            $crate::__traced_builder!(
                $($sdk)::+,
                <$($sdk::)+config::Builder as ::core::convert::From<_>>::from($config)
            )
            .build()
        )
    };
    ($($sdk:ident)::+, $config:expr, $set:expr $(,)?) => {{
        let builder = $crate::aws_sdk::__set(
            <$($sdk::)+config::Builder as ::core::convert::From<_>>::from($config),
            $set,
        );
        // Last, so that what other interceptors ask of the SDK is there to be added to.
        $($sdk::)+Client::from_conf($crate::__traced_builder!($($sdk)::+, builder).build())
    }};
}

/// Sets what is a service's own. It names the builder's type, so that a closure need not.
#[doc(hidden)]
pub fn __set<B>(builder: B, set: impl FnOnce(B) -> B) -> B {
    set(builder)
}

/// A config builder with the interceptor in it.
#[cfg(feature = "enable")]
#[doc(hidden)]
#[macro_export]
macro_rules! __traced_builder {
    ($sdk:path, $builder:expr) => {
        $builder.interceptor($crate::aws_sdk::TracerInterceptor::__of_crate(::core::stringify!($sdk)))
    };
}

/// The config builder as it is: tracing is compiled out.
#[cfg(not(feature = "enable"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __traced_builder {
    ($sdk:path, $builder:expr) => {
        $builder
    };
}
