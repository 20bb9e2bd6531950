//! The attributes of `tracer-runtime`: `#[capture_lambda_handler]` and `#[capture_method]`.
//!
//! Depend on `tracer-runtime`, which re-exports both; the code that they write calls it. Without the feature `enable`
//! the attributes check their arguments and leave the function what it is.

use proc_macro::TokenStream;

use crate::attribute::Attribute;

mod args;
mod attribute;
mod check;
mod compiled_out;
mod expand;
mod function;
mod names;
mod parameter;
mod receiver;
mod returns;
mod spelling;

/// Traces a Lambda handler: each invocation gets the subsegment `## <function>` below Lambda's own segment.
///
/// The subsegment is annotated with `ColdStart` and `Service` before the body runs. What the handler returns becomes
/// the metadata `<function> response`, an error or a panic marks a fault and is recorded with its chain of sources.
///
/// ```
/// use tracer_runtime::capture_lambda_handler;
/// # struct LambdaEvent<T> { payload: T }
/// # impl<T> tracer_runtime::Invocation for LambdaEvent<T> {
/// #     fn trace_header(&self) -> Option<std::borrow::Cow<'_, str>> { None }
/// # }
///
/// #[capture_lambda_handler]
/// async fn handler(event: LambdaEvent<u32>) -> Result<u32, std::num::ParseIntError> {
///     Ok(event.payload + "1".parse::<u32>()?)
/// }
/// # drop(handler(LambdaEvent { payload: 1 }));
/// ```
///
/// # Arguments
///
/// All of [`macro@capture_method`], and one more:
///
/// * `context = expr`: what carries the trace header and the deadline. Without it the first argument that implements
///   `Invocation` does: a `LambdaEvent`, a `lambda_http::Request` or a `lambda_runtime::Context`. The expression sees
///   the arguments that are plain names. `context = env` takes the header from the environment.
///
/// ```
/// use tracer_runtime::capture_lambda_handler;
///
/// #[capture_lambda_handler(context = header)]
/// async fn replayed(payload: u32, header: String) -> u32 {
///     payload
/// }
///
/// #[capture_lambda_handler(context = env, name = "nightly report", capture_response = false)]
/// fn report() -> Vec<u8> {
///     Vec::new()
/// }
/// # drop(replayed(1, String::new()));
/// # report();
/// ```
///
/// # Errors
///
/// At compile time, at the token in question: what [`macro@capture_method`] refuses, a handler without any argument
/// and without `context`, one of whose arguments none carries the context, and one that returns a stream.
///
/// # Panics
///
/// Never; a panic of the handler is recorded and goes on.
#[proc_macro_attribute]
pub fn capture_lambda_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    Attribute::Handler.rewrite(args.into(), item.into()).into()
}

/// Traces a function: each call gets the subsegment `## <module>::<function>` below the current one.
///
/// The return value becomes the metadata `<name> response` if it can be serialised (in a generic function: if the bounds
/// say so). An error that is returned marks a fault and is recorded, whether it is an `Error`, `Display` or only
/// `Debug`; so is a panic, which goes on. A method is named after its type, `## <module>::<Type>::<method>`. The
/// function itself stays what it is: signature, result, panics, `Send`, and the order in which it drops things.
///
/// It stands on free functions, methods, and trait methods with a body, sync or `async`, above or below `#[async_trait]`.
/// A function that returns `impl Future`, `impl Stream`, their boxed forms or `BoxFuture` and the like is traced from
/// the first poll to the end. Under `#[track_caller]`, and where a closure is returned (`impl Fn…`), only the time and
/// the fault of a panic are recorded.
///
/// ```
/// use tracer_runtime::capture_method;
///
/// #[capture_method]
/// async fn get_order(id: &str) -> Result<u32, std::num::ParseIntError> {
///     id.parse()
/// }
///
/// #[capture_method(capture_response = false)]
/// fn total(prices: &[f64]) -> f64 {
///     prices.iter().sum()
/// }
/// # drop(get_order("1"));
/// # total(&[1.0]);
/// ```
///
/// # Arguments
///
/// * `name = "…"`: the subsegment's name, verbatim: 1 to 200 letters, digits, spaces and `_ . : / % & # = + \ - @`.
/// * `capture_response = false`: the return value is not recorded. `= true`: it is, whatever the environment says, and a
///   type that cannot be serialised is refused.
/// * `capture_error = false`: no text of an error or a panic is recorded, the fault is. `= true`: it is recorded,
///   whatever the environment says.
///
/// ```
/// use tracer_runtime::capture_method;
///
/// #[derive(serde::Serialize)]
/// struct Order { id: u32 }
///
/// #[capture_method(name = "load order", capture_response = true, capture_error = false)]
/// fn load(id: u32) -> Result<Order, String> {
///     Ok(Order { id })
/// }
/// # assert!(load(1).is_ok());
/// ```
///
/// * `namespace = "…"`: the metadata namespace of response and error, in place of the service's name.
/// * `annotate("Key" = expr, …)`: annotations, evaluated from the arguments before the body runs, and only where the call
///   is recorded. A key has 1 to 500 ASCII letters, digits and `_`. In a function that returns a future or a stream the
///   expressions see the arguments that are plain names.
///
/// ```
/// use tracer_runtime::{capture_method, testing};
///
/// struct Order { id: String, prices: Vec<f64> }
///
/// #[capture_method(namespace = "payments", annotate("OrderId" = order.id, "Items" = order.prices.len()))]
/// fn pay(order: &Order) {}
///
/// let trace = testing::capture(|| pay(&Order { id: "ORD-1".to_owned(), prices: vec![] }));
/// assert_eq!(trace.subsegment("pay").annotation("OrderId"), "ORD-1");
/// ```
///
/// * `err = "fault"` (the default), `"error"` or `"ignore"`: how an error that is returned marks the subsegment; or the
///   path of a function that is given a reference to the error and returns an `ErrorFlag`, or a `bool`, of which `true`
///   means a fault and `false` nothing.
///
/// ```
/// use tracer_runtime::{ErrorFlag, capture_method};
///
/// #[derive(Debug)]
/// enum OrderError { NotFound, Busy }
///
/// fn flag(error: &OrderError) -> ErrorFlag {
///     match error {
///         OrderError::NotFound => ErrorFlag::Error,
///         OrderError::Busy => ErrorFlag::Throttle,
///     }
/// }
///
/// #[capture_method(err = flag)]
/// fn get(id: u32) -> Result<u32, OrderError> {
///     match id {
///         0 => Err(OrderError::NotFound),
///         1 => Err(OrderError::Busy),
///         id => Ok(id),
///     }
/// }
/// # assert!(get(0).is_err());
/// ```
///
/// * `tracer = expr`: the tracer to use in place of the process's own.
/// * `crate = path`: where `tracer-runtime` is, if it goes by another name.
///
/// ```
/// use tracer_runtime::{Tracer, capture_method};
/// # extern crate tracer_runtime as my_tracer;
///
/// struct Shop { tracer: Tracer }
///
/// impl Shop {
///     #[capture_method(tracer = self.tracer)]
///     async fn open(&self) {}
///
///     #[capture_method(crate = ::my_tracer)]
///     fn close(&self) {}
/// }
/// # let shop = Shop { tracer: Tracer::builder().enabled(false).build() };
/// # drop(shop.open());
/// # shop.close();
/// ```
///
/// # Errors
///
/// At compile time, at the token in question and with what to write instead: a `const fn` or C-variadic function, an
/// item that is no function, a function without a body, unknown, repeated or contradictory arguments, illegal names and
/// keys, and bounds beside `Future` or `Stream` that a traced one does not keep.
///
/// # Panics
///
/// Never; a panic of the function is recorded and goes on.
#[proc_macro_attribute]
pub fn capture_method(args: TokenStream, item: TokenStream) -> TokenStream {
    Attribute::Method.rewrite(args.into(), item.into()).into()
}
