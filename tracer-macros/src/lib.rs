//! The attributes of `tracer-runtime`.
use proc_macro::TokenStream;
#[proc_macro_attribute]
pub fn capture_method(_: TokenStream, item: TokenStream) -> TokenStream { item }
#[proc_macro_attribute]
pub fn capture_lambda_handler(_: TokenStream, item: TokenStream) -> TokenStream { item }
