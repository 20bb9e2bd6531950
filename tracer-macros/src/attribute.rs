//! The two attributes: what they are called, and the way from an annotated item to the code that replaces it.

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::function::Function;
use crate::{check, compiled_out, expand};

/// Which of the two attributes stands on the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Handler,
    Method,
}

impl Attribute {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Handler => "capture_lambda_handler",
            Self::Method => "capture_method",
        }
    }

    /// The attribute of this name, if it is one of the two.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Handler, Self::Method].into_iter().find(|attribute| attribute.name() == name)
    }

    /// What the item becomes. A refused item stays as it is, so that whoever calls it sees no error of its own.
    pub(crate) fn rewrite(self, args: TokenStream, item: TokenStream) -> TokenStream {
        self.rewrite_if(cfg!(feature = "enable"), args, item)
    }

    fn rewrite_if(self, is_enabled: bool, args: TokenStream, item: TokenStream) -> TokenStream {
        match self.trace(is_enabled, args, item.clone()) {
            Ok(rewritten) => rewritten,
            Err(refusal) => {
                let mut refused = item;
                refused.extend(refusal.into_compile_error());
                refused
            }
        }
    }

    /// The item with its subsegment, or why it gets none.
    fn trace(self, is_enabled: bool, args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
        let function = Function::parse(self, item.clone())?;
        let args = Args::parse(self, args)?;
        let returns = check::check(self, &args, &function)?;
        Ok(if is_enabled {
            expand::expand(self, &args, &function, &returns)
        } else {
            compiled_out::naming(item, &args, &function)
        })
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_refused_item_is_kept_beside_the_one_error() {
        let item = quote! { const fn load() -> u8 { 1 } };
        let rewritten = Attribute::Method.rewrite(TokenStream::new(), item.clone()).to_string();
        assert!(rewritten.starts_with(&item.to_string()), "{rewritten}");
        assert_eq!(rewritten.matches("compile_error").count(), 1, "{rewritten}");
    }

    #[test]
    fn compiled_out_the_function_is_untouched_and_the_arguments_are_checked() {
        let item = quote! { async fn load((a, _): (u8, u8)) -> u8 { a } };
        let rewrite = |args| Attribute::Method.rewrite_if(false, args, item.clone()).to_string();
        assert_eq!(rewrite(quote! { name = "load" }), item.to_string());
        assert!(rewrite(quote! { nmae = "load" }).contains("did you mean"));
    }

    #[test]
    fn the_body_need_not_parse() {
        let item = quote! { fn load() -> u8 { let = 1 } };
        let rewritten = Attribute::Method.rewrite_if(true, TokenStream::new(), item).to_string();
        assert!(rewritten.contains("let = 1") && !rewritten.contains("compile_error"), "{rewritten}");
    }
}
