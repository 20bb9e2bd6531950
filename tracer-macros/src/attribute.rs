//! The two attributes: what they are called, and the way from an annotated item to the code that replaces it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::function::Function;
use crate::{check, expand};

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
        [Self::Handler, Self::Method]
            .into_iter()
            .find(|attribute| attribute.name() == name)
    }

    /// What the item becomes. A refused item stays as it is, so that whoever calls it sees no error of its own.
    pub(crate) fn rewrite(self, args: TokenStream, item: TokenStream) -> TokenStream {
        match self.trace(args, item.clone()) {
            Ok(traced) if cfg!(feature = "enable") => traced,
            Ok(_) => item,
            Err(refusal) => {
                let refusal = refusal.into_compile_error();
                quote! { #item #refusal }
            }
        }
    }

    /// The item with its subsegment, or why it gets none.
    fn trace(self, args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
        let function = Function::parse(self, item)?;
        let args = Args::parse(self, args)?;
        let returns = check::check(self, &args, &function)?;
        Ok(expand::expand(self, &args, &function, &returns))
    }
}
