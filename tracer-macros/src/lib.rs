//! The attributes of `tracer-runtime`.

use proc_macro::TokenStream;

use crate::attribute::Attribute;

mod args;
mod attribute;
mod check;
mod expand;
mod function;
mod names;
mod parameter;
mod receiver;
mod returns;
mod spelling;

/// Handler.
#[proc_macro_attribute]
pub fn capture_lambda_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    Attribute::Handler.rewrite(args.into(), item.into()).into()
}

/// Method.
#[proc_macro_attribute]
pub fn capture_method(args: TokenStream, item: TokenStream) -> TokenStream {
    Attribute::Method.rewrite(args.into(), item.into()).into()
}
