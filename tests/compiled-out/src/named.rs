//! What only the attributes' arguments name: no build of it warns of anything unused.
#![deny(warnings)]

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::num::ParseIntError;
use std::pin::Pin;

use tracer_runtime::{ErrorFlag, Invocation, Tracer, capture_lambda_handler, capture_method};

fn by_its_type(_: &ParseIntError) -> ErrorFlag {
    ErrorFlag::Error
}

fn whatever<E>(_: &E) -> bool {
    true
}

fn by_its_trait(_: &(dyn Error + 'static)) -> bool {
    true
}

fn of_a_trait(_: &ParseIntError) -> bool {
    true
}

fn length(text: &str) -> usize {
    text.len()
}

/// A header that comes its own way.
#[derive(Debug)]
pub struct Delivery {
    header: String,
}

impl Invocation for Delivery {
    fn trace_header(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some((&*self.header).into())
    }
}

/// The context is in an argument that the body does not read.
#[capture_lambda_handler(context = delivery)]
pub async fn handled(payload: u32, delivery: Delivery) -> u32 {
    payload
}

/// The same, sync, and a part of an argument.
#[capture_lambda_handler(context = delivery.header.as_str())]
#[must_use]
pub fn handled_at_once(payload: u32, delivery: &Delivery) -> u32 {
    payload
}

/// What an annotation calls changes its argument.
#[capture_method(annotate("First" = next()))]
#[must_use]
pub fn counted(mut next: Box<dyn FnMut() -> u32>) -> u32 {
    1
}

/// The same, async, and by a method.
#[capture_method(annotate("First" = numbers.next().unwrap_or_default()))]
pub async fn listed(mut numbers: std::vec::IntoIter<u32>) -> u32 {
    1
}

/// # Errors
/// Where the text is no number.
#[capture_method(err = by_its_type)]
pub fn parse(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

/// # Errors
/// Where the text is no number.
#[capture_method(err = whatever, annotate("Length" = length(text), "Also" = format!("{also}")))]
pub async fn parse_later<T: Display>(text: &str, also: T) -> Result<u32, ParseIntError> {
    Ok(0)
}

/// # Errors
/// Never.
#[capture_method(err = by_its_trait)]
pub fn future() -> impl Future<Output = Result<u32, Infallible>> {
    async { Ok(1) }
}

/// # Errors
/// Where the text is no number.
#[capture_method(err = of_a_trait)]
pub fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<u32, ParseIntError>> + Send + 'a>> {
    Box::pin(async move { text.parse() })
}

/// # Errors
/// Where the text is no number, which its annotation says first.
#[capture_method(annotate("Number" = text.parse::<u32>()?, "Also" = number))]
pub async fn leaves(text: &str, number: u32) -> Result<impl Display, ParseIntError> {
    Ok("done")
}

/// A tracer that is handed in, and arguments in pieces.
#[capture_method(tracer = tracer, annotate("First" = first, "Rest" = rest.len()))]
pub fn pieces((first, _): (u32, u32), [_, rest @ ..]: [u32; 3], tracer: &Tracer) {}

/// An argument of any type that is no one's.
#[capture_method(annotate("Text" = text.as_ref()))]
pub fn any(text: impl AsRef<str>) {}

/// A type with methods.
#[derive(Debug)]
pub struct Order {
    /// What it costs.
    pub price: u32,
}

impl Order {
    fn twice(&self) -> u32 {
        self.price * 2
    }

    fn decide(_: &ParseIntError) -> bool {
        true
    }

    /// # Errors
    /// Where the text is no number.
    #[capture_method(err = Self::decide, annotate("Twice" = self.twice(), "By" = by))]
    pub async fn pay(&self, by: &str) -> Result<u32, ParseIntError> {
        by.len().to_string().parse()
    }

    /// Ends it.
    #[capture_method(annotate("Price" = self.price, "By" = by))]
    pub fn end(self, by: &str) {}
}
