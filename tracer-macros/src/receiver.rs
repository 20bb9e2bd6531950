//! Questions about `self` and `Self`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Receiver, ReceiverKind, Signature, Token};

use crate::function::{self, Function};

/// Whether `Self` has a meaning in the function, as far as its tokens tell: an attribute cannot see its `impl`.
pub(crate) fn knows_self_type(function: &Function) -> bool {
    function.signature.receiver().is_some()
        || mentions_self_type(function.signature.to_token_stream(), Within::Anything)
        || body_mentions_self_type(function.body.block.stream())
}

/// `self`, where the function takes it by value: what a body leaves of it is dropped at its end.
pub(crate) fn by_value(signature: &Signature) -> Option<Token![self]> {
    let receiver: &Receiver = signature.receiver()?;
    (!matches!(receiver.kind, ReceiverKind::Reference(..))).then_some(receiver.self_token)
}

/// Inside a nested item `Self` may be another type, so such a body does not tell.
fn body_mentions_self_type(body: TokenStream) -> bool {
    let opens_items = ["impl", "fn", "trait"].iter().any(|keyword| function::mentions(body.clone(), keyword));
    !opens_items && mentions_self_type(body, Within::Code)
}

#[derive(Clone, Copy, PartialEq)]
enum Within {
    Anything,
    /// Tokens given to a macro are no code yet: they may be quoted.
    Code,
}

fn mentions_self_type(tokens: TokenStream, within: Within) -> bool {
    let mut follows_bang = false;
    for token in tokens {
        let is_macro_input = follows_bang && within == Within::Code;
        follows_bang = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        let is_found = match token {
            TokenTree::Ident(ident) => ident == "Self",
            TokenTree::Group(group) if is_macro_input && group.delimiter() != Delimiter::None => false,
            TokenTree::Group(group) => mentions_self_type(group.stream(), within),
            _ => false,
        };
        if is_found {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::attribute::Attribute;

    fn knows(item: TokenStream) -> bool {
        Function::parse(Attribute::Method, item).is_ok_and(|function| knows_self_type(&function))
    }

    #[test]
    fn a_receiver_or_the_word_tells_of_a_type() {
        assert!(knows(quote! { fn f(&self) {} }));
        assert!(knows(quote! { fn f() -> Option<Self> {} }));
        assert!(knows(quote! { fn f() { Self::g(1) } }));
        assert!(!knows(quote! { fn f() {} }));
    }

    #[test]
    fn a_nested_item_and_quoted_tokens_do_not() {
        assert!(!knows(quote! { fn f() { impl A { fn g() -> Self { A } } } }));
        assert!(!knows(quote! { fn f() { quote!(Self) } }));
    }
}
