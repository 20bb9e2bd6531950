//! `annotate!` and `metadata!`: keys checked at compile time, values evaluated only where they are recorded.

/// Puts annotations on the current subsegment, keys checked at compile time, values evaluated only when recorded.
///
/// A key is a string literal of 1 to 500 ASCII letters, digits and underscores: another one is a compile error,
/// where [`put_annotation`](crate::put_annotation) would mend it.
///
/// ```
/// use tracer_runtime::{annotate, capture_method, testing};
///
/// #[capture_method]
/// fn get_order(id: &str) {
///     annotate!("OrderId" = id, "Retried" = false);
/// }
///
/// let trace = testing::capture(|| get_order("ORD-1"));
/// assert_eq!(trace.subsegment("get_order").annotation("Retried"), false);
/// ```
///
/// ```compile_fail
/// tracer_runtime::annotate!("order-id" = 1);
/// ```
#[macro_export]
macro_rules! annotate {
    ($($key:literal = $value:expr),+ $(,)?) => {
        if $crate::is_sampled() {
            $(
                const { let _ = $crate::__private::checked_annotation_key($key); };
                // A statement each: what a value borrows, or where it returns, is nothing to the others.
                $crate::__private::put_checked_annotation(
                    $crate::__private::concat!("\"", $key, "\":"),
                    $crate::AnnotationValue::annotation(&$value),
                );
            )+
        }
    };
}

/// Puts metadata on the current subsegment, keys checked at compile time, values evaluated only when recorded.
///
/// With a namespace first: `metadata!(in "OrderDetails", "order" = order)`.
///
/// ```
/// use tracer_runtime::{capture_method, metadata, testing};
///
/// #[capture_method]
/// fn get_order() {
///     metadata!("items" = ["A", "B"]);
///     metadata!(in "OrderDetails", "count" = 2);
/// }
///
/// let trace = testing::capture(get_order);
/// assert_eq!(trace.subsegment("get_order").metadata_in("OrderDetails", "count"), 2);
/// ```
///
/// ```compile_fail
/// tracer_runtime::metadata!("AWS.mine" = 1);
/// ```
#[macro_export]
macro_rules! metadata {
    (in $namespace:literal, $($key:literal = $value:expr),+ $(,)?) => {
        if $crate::is_sampled() {
            $($crate::put_metadata_in(
                const { $crate::__private::checked_metadata_key($namespace) },
                const { $crate::__private::checked_metadata_key($key) },
                &$value,
            );)+
        }
    };
    ($($key:literal = $value:expr),+ $(,)?) => {
        if $crate::is_sampled() {
            $($crate::put_metadata(const { $crate::__private::checked_metadata_key($key) }, &$value);)+
        }
    };
}
