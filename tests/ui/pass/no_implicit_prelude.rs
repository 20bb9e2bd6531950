#![no_implicit_prelude]
#![deny(warnings)]

use ::tracer_runtime::{capture_lambda_handler, capture_method};

#[capture_method(name = "load", annotate("A" = a), err = "error", capture_response = true)]
fn sync(a: u8) -> ::std::result::Result<u8, ::std::string::String> {
    ::std::result::Result::Ok(a)
}

#[capture_method(annotate("A" = a))]
async fn asynchronous((a, _): (u8, u8)) -> u8 {
    a
}

#[capture_method(annotate("A" = a))]
fn future(a: u8) -> impl ::std::future::Future<Output = u8> {
    async move { a }
}

#[capture_lambda_handler(context = env)]
async fn handler(a: u8) -> u8 {
    a
}

#[capture_lambda_handler(context = header)]
fn named(header: &str) -> usize {
    header.len()
}

fn main() {
    ::std::mem::drop((sync(1), asynchronous((1, 2)), future(1), handler(1), named("")));
}
