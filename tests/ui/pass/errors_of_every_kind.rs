#![deny(warnings)]

use std::error::Error;
use std::fmt::Debug;
use tracer_runtime::capture_method;

struct Silent;

#[capture_method(capture_error = true)]
fn silent() -> Result<(), Silent> {
    Err(Silent)
}

#[capture_method(capture_error = true)]
fn borrowed(text: &str) -> Result<u8, &str> {
    Err(text)
}

#[capture_method]
fn boxed() -> Result<u8, Box<dyn Error>> {
    Err("boxed")?
}

#[capture_method]
fn io() -> std::io::Result<u8> {
    Err(std::io::Error::other("io"))
}

#[capture_method]
fn generic<E>(error: E) -> Result<u8, E> {
    Err(error)
}

#[capture_method]
fn opaque() -> Result<u8, impl Debug> {
    Err("opaque")
}

#[capture_method(capture_error = true)]
fn no_result(a: Option<u8>) -> Option<u8> {
    a?.checked_add(1)
}

#[capture_method]
async fn inferred(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    let number: u8 = text.parse()?;
    if number == 0 {
        return Err("zero".into());
    }
    Ok(number)
}

fn main() {
    drop((silent(), borrowed("a"), boxed(), io(), generic(Silent), opaque(), no_result(None)));
    drop(inferred("1"));
}
