//! The annotated function: attributes, visibility and signature are parsed, its body stays as the user's tokens.
//!
//! A body that does not parse or type-check is then rustc's to report, at the user's own token.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute as OuterAttribute, Error, Result, Signature, Token, Visibility};

use crate::attribute::Attribute;

pub(crate) struct Function {
    pub(crate) attributes: Vec<OuterAttribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// What stands between the function's braces.
pub(crate) struct Body {
    /// `#![…]` at the top: they stay at the top of the new body.
    pub(crate) inner_attributes: TokenStream,
    /// The rest, in the user's own braces: their edition decides when temporaries are dropped.
    pub(crate) block: Group,
}

impl Function {
    pub(crate) fn parse(attribute: Attribute, item: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| Self::parse_item(attribute, input);
        parser.parse2(item)
    }

    fn parse_item(attribute: Attribute, input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(OuterAttribute::parse_outer)?;
        let visibility = input.parse()?;
        refuse_other_items(attribute, input)?;
        let signature = input.parse()?;
        if input.peek(Token![;]) {
            let semicolon = input.parse::<Token![;]>()?;
            let message = format!(
                "this function has no body to trace: put #[{}] on its default body, or on the method in each `impl`",
                attribute.name()
            );
            return Err(Error::new(semicolon.span, message));
        }
        let body = Body::parse(input.parse()?, &signature)?;
        Ok(Self { attributes, visibility, signature, body })
    }

    /// Whether the caller's location is part of what the function does: a closure around its body would hide it.
    /// One that only a `cfg_attr` may add counts too.
    pub(crate) fn is_track_caller(&self) -> bool {
        self.attributes.iter().any(|attribute| mentions(attribute.to_token_stream(), "track_caller"))
    }
}

impl Body {
    fn parse(tokens: TokenStream, signature: &Signature) -> Result<Self> {
        let mut tokens = tokens.into_iter();
        match tokens.next() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Ok(Self::split(&group)),
            // A `$body:block` of a `macro_rules!` comes in an invisible group.
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
                Self::parse(group.stream(), signature)
            }
            _ => Err(Error::new(signature.ident.span(), "this function has no body to trace")),
        }
    }

    /// Takes the inner attributes off the top.
    fn split(braces: &Group) -> Self {
        let mut rest = braces.stream();
        let mut inner_attributes = TokenStream::new();
        while let Some((attribute, after)) = split_inner_attribute(&rest) {
            inner_attributes.extend(attribute);
            rest = after;
        }
        let mut block = Group::new(Delimiter::Brace, rest);
        block.set_span(braces.span());
        Self { inner_attributes, block }
    }
}

/// `#![…]`, and what follows it.
fn split_inner_attribute(tokens: &TokenStream) -> Option<(Vec<TokenTree>, TokenStream)> {
    let mut tokens = tokens.clone().into_iter();
    let attribute: Vec<TokenTree> = tokens.by_ref().take(3).collect();
    let [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(group)] = attribute.as_slice()
    else {
        return None;
    };
    let is_attribute =
        hash.as_char() == '#' && bang.as_char() == '!' && group.delimiter() == Delimiter::Bracket;
    is_attribute.then_some((attribute, tokens.collect()))
}

/// Whether an identifier occurs anywhere in `tokens`.
pub(crate) fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// An item that is no function is refused at its keyword, with the place where the attribute belongs.
fn refuse_other_items(attribute: Attribute, input: ParseStream<'_>) -> Result<()> {
    let mut keyword: Option<Ident> = None;
    for token in input.fork().parse::<TokenStream>()? {
        match token {
            TokenTree::Ident(word) if word == "fn" => return Ok(()),
            // What may stand before `fn` may also begin another item.
            TokenTree::Ident(word)
                if ["const", "async", "unsafe", "safe", "extern", "default"].iter().any(|q| word == q) =>
            {
                keyword.get_or_insert(word);
            }
            TokenTree::Ident(word) => {
                let is_item = place_of_attribute(&word.to_string()).is_some();
                keyword = Some(if is_item { word } else { keyword.unwrap_or(word) });
                break;
            }
            TokenTree::Literal(_) => {}
            TokenTree::Punct(punct) if punct.spacing() == Spacing::Alone && punct.as_char() == '#' => {}
            _ => break,
        }
    }
    let Some(keyword) = keyword else {
        return Err(input.error(format_args!("#[{}] belongs on a function with a body", attribute.name())));
    };
    let (what, place) =
        place_of_attribute(&keyword.to_string()).unwrap_or(("this", "on a function with a body"));
    let message = format!("#[{}] traces functions, and {what} is none: put it {place}", attribute.name());
    Err(Error::new(keyword.span(), message))
}

/// What an item's keyword makes of it, and where in or near it the attribute belongs.
fn place_of_attribute(keyword: &str) -> Option<(&'static str, &'static str)> {
    Some(match keyword {
        "impl" => ("an `impl` block", "on each method inside that is to be traced"),
        "trait" => ("a trait", "on the methods inside that have a default body, or on those of its `impl`s"),
        "struct" | "enum" | "union" => ("a type", "on each method inside its `impl`"),
        "mod" => ("a module", "on each function inside that is to be traced"),
        "extern" => ("an `extern` block", "on the function that calls into it"),
        "use" => ("an import", "where the function is written"),
        "macro_rules" | "macro" => ("a macro", "on the functions that the macro writes"),
        "const" | "static" | "type" => ("this item", "on a function with a body"),
        _ => return None,
    })
}
