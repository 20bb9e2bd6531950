//! How much larger a traced future is than the bare one.

use lambda_runtime::{Context, Error, LambdaEvent};
use tracer_runtime::capture_lambda_handler;

use crate::executor::pause;

/// What a level may add beside its arguments, which the traced body keeps once more.
const ADDED: usize = 64;

pub(crate) struct Orders {
    count: u8,
}

mod bare_handler {
    use super::*;
    pub(super) async fn handler(event: LambdaEvent<u8>) -> Result<u8, Error> {
        pause().await;
        Ok(event.payload)
    }
}

mod traced_handler {
    use super::*;
    #[capture_lambda_handler]
    pub(super) async fn handler(event: LambdaEvent<u8>) -> Result<u8, Error> {
        pause().await;
        Ok(event.payload)
    }
}

both! {
    pub(super) async fn no_arguments() -> u8 { pause().await; 1 }
    pub(super) async fn borrowed(text: &str) -> usize { pause().await; text.len() }
    pub(super) async fn by_value(text: String) -> usize { pause().await; text.len() }
    pub(super) async fn two_by_value(text: String, number: u64) -> u64 { pause().await; number + text.len() as u64 }
    pub(super) async fn fails(number: u8) -> Result<u8, std::num::ParseIntError> { pause().await; Ok(number) }
    pub(super) async fn below(text: &str) -> usize { borrowed(text).await }
    pub(super) fn opaque(number: u8) -> impl Future<Output = u8> { async move { pause().await; number } }
}

impl Orders {
    async fn bare_method(&self) -> u8 {
        pause().await;
        self.count
    }

    #[tracer_runtime::capture_method]
    async fn traced_method(&self) -> u8 {
        pause().await;
        self.count
    }
}

/// What is over the bound, if anything.
fn too_large<B, T>(kind: &str, bare: &B, traced: &T, arguments: usize) -> Option<String> {
    let (bare, traced) = (size_of_val(bare), size_of_val(traced));
    let added = traced - bare;
    println!("{kind}: {bare} bare, {traced} traced, {added} added, of these {arguments} may be arguments");
    (added > ADDED + arguments).then(|| format!("{kind}: {added}"))
}

#[test]
fn a_level_adds_64_bytes_at_most_beside_its_arguments() {
    let orders = Orders { count: 1 };
    let words = size_of::<&str>();
    let text = || String::from("a");
    let grown = [
        too_large("no arguments", &bare::no_arguments(), &traced::no_arguments(), 0),
        too_large("&self", &orders.bare_method(), &orders.traced_method(), size_of::<&Orders>()),
        too_large("&str", &bare::borrowed("a"), &traced::borrowed("a"), words),
        too_large("String", &bare::by_value(text()), &traced::by_value(text()), size_of::<String>()),
        too_large(
            "String, u64",
            &bare::two_by_value(text(), 1),
            &traced::two_by_value(text(), 1),
            size_of::<(String, u64)>(),
        ),
        too_large("u8 to Result", &bare::fails(1), &traced::fails(1), 8),
        too_large("&str, two levels", &bare::below("a"), &traced::below("a"), ADDED + 2 * words),
        too_large("impl Future", &bare::opaque(1), &traced::opaque(1), 0),
    ];
    let grown: Vec<String> = grown.into_iter().flatten().collect();
    assert!(grown.is_empty(), "{grown:?}");
}

#[test]
fn a_handler_adds_64_bytes_at_most_beside_its_event() {
    let event = || LambdaEvent::new(1, Context::default());
    let (bare, traced) = (bare_handler::handler(event()), traced_handler::handler(event()));
    assert_eq!(too_large("handler", &bare, &traced, size_of::<LambdaEvent<u8>>()), None);
}
