//! The parameters: what the signature calls them, and the statements that bind them inside the traced body.
//!
//! Each is moved into the body, in order, as the language itself does for an `async fn`. So all are dropped when and
//! in the order in which the bare function drops them, and rustc reports an unused one at the user's own token.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Pat, PatIdent, PatType, Token};

use crate::receiver;

pub(crate) struct Parameters {
    /// The parameters of the new signature.
    pub(crate) inputs: Punctuated<FnArg, Token![,]>,
    /// The statements that bind them inside the body.
    pub(crate) rebinding: TokenStream,
    /// The names of the typed ones, as the signature calls them; not of those that a `cfg` may remove.
    pub(crate) names: Vec<Ident>,
}

impl Parameters {
    /// `outside` is what the attribute's expressions say before the body runs: an argument that is used there is used.
    pub(crate) fn of(signature: &syn::Signature, outside: &TokenStream) -> Self {
        let mut parameters = Self {
            inputs: signature.inputs.clone(),
            rebinding: capture_of_self(signature),
            names: Vec::new(),
        };
        let mut may_be_removed: Vec<Ident> = Vec::new();
        for (index, input) in parameters.inputs.iter_mut().enumerate() {
            let FnArg::Typed(input) = input else { continue };
            let (name, statements) = rebind(index, input);
            parameters.rebinding.extend(statements);
            if mentions(outside.clone(), &name) {
                parameters.rebinding.extend(quote_spanned! { Span::mixed_site()=> let _ = &#name; });
            }
            let is_conditional = input.attrs.iter().any(is_cfg);
            if is_conditional { &mut may_be_removed } else { &mut parameters.names }.push(name);
        }
        if parameters.names.is_empty() {
            parameters.names = may_be_removed;
        }
        parameters
    }
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Ident(ident) => ident == *name,
        _ => false,
    })
}

/// Takes the whole of a `self` by value, of which the body may mention one field only.
fn capture_of_self(signature: &syn::Signature) -> TokenStream {
    let site = Span::mixed_site();
    receiver::by_value(signature)
        .map_or_else(TokenStream::new, |this| quote_spanned! { site=> let _ = &#this; })
}

/// Gives the parameter a name in the signature if it has none, and returns that with the statements for the body.
fn rebind(index: usize, input: &mut PatType) -> (Ident, TokenStream) {
    let site = Span::mixed_site();
    let attributes: Vec<Attribute> =
        input.attrs.iter().filter(|attribute| is_cfg(attribute) || is_lint(attribute)).cloned().collect();
    // What is expected happens at the binding, and a second expectation would be in vain.
    input.attrs.retain(|attribute| !attribute.path().is_ident("expect"));
    if let Some(named) = plainly_named(&mut input.pat) {
        let (mutability, name) = (named.mutability.take(), named.ident.clone());
        let statement = quote_spanned! { site=> #(#attributes)* let #mutability #name = #name; };
        return (name, statement);
    }
    let name = format_ident!("__arg{index}", span = site);
    let fresh = Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None,
        mutability: None,
        ident: name.clone(),
        subpat: None,
    });
    let pattern = std::mem::replace(&mut *input.pat, fresh);
    let statements = match pattern {
        Pat::Wild(_) => quote_spanned! { site=> #(#attributes)* let #name = #name; },
        Pat::Ident(PatIdent { by_ref: None, subpat: None, .. }) => {
            // In a tuple, or clippy takes `let _unused = argument` for a statement without effect.
            quote_spanned! { site=> #(#attributes)* let (#pattern,) = (#name,); }
        }
        pattern => quote_spanned! { site=>
            #(#attributes)* let #name = #name;
            #(#attributes)* let #pattern = #name;
        },
    };
    (name, statements)
}

/// A parameter that is one name. Not `_name`: to use it, as rebinding does, would go against its underscore.
fn plainly_named(pattern: &mut Pat) -> Option<&mut PatIdent> {
    match pattern {
        Pat::Ident(named) if named.by_ref.is_none() && named.subpat.is_none() => {
            (!named.ident.to_string().starts_with('_')).then_some(named)
        }
        _ => None,
    }
}

fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}

fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attribute.path().is_ident(level))
}
