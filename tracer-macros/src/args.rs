//! The grammar of the attributes' arguments: `name = "…"`, `annotate("key" = expr)` and so on.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitBool, LitStr, Path, Result, Token, parenthesized, token};

use crate::attribute::Attribute;
use crate::{names, spelling};

mod value;

const OF_ANY: &[&str] =
    &["name", "capture_response", "capture_error", "namespace", "annotate", "err", "tracer", "crate"];
const OF_HANDLER: &[&str] = &[
    "name",
    "capture_response",
    "capture_error",
    "namespace",
    "annotate",
    "err",
    "context",
    "tracer",
    "crate",
];

/// What stands between the attribute's parentheses, each with its own tokens to point at.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) name: Option<LitStr>,
    pub(crate) capture_response: Option<LitBool>,
    pub(crate) capture_error: Option<LitBool>,
    pub(crate) namespace: Option<LitStr>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) err: Option<ErrorRule>,
    pub(crate) context: Option<ContextOf>,
    pub(crate) tracer: Option<Expr>,
    pub(crate) krate: Option<Path>,
}

/// `"key" = expr` inside of `annotate(…)`.
pub(crate) struct Annotation {
    pub(crate) key: LitStr,
    pub(crate) value: Expr,
}

/// `err = …`: how an error marks the subsegment.
pub(crate) enum ErrorRule {
    /// Always the same, by the name of an `ErrorFlag`.
    Flag(Ident),
    /// As a function says.
    Predicate(Path),
}

/// `context = …`: where a handler's trace header comes from.
pub(crate) enum ContextOf {
    Environment,
    Expression(Box<Expr>),
}

impl Args {
    /// The expressions that are evaluated outside of the body.
    pub(crate) fn outside(&self) -> TokenStream {
        let tracer = &self.tracer;
        let context = match &self.context {
            Some(ContextOf::Expression(context)) => Some(context),
            Some(ContextOf::Environment) | None => None,
        };
        quote::quote! { #context #tracer }
    }

    /// `tracer-runtime`, in a path whose errors are shown at one place.
    pub(crate) fn krate_at(&self, site: Span) -> TokenStream {
        match &self.krate {
            Some(krate) => quote::quote! { #krate },
            None => quote::quote_spanned! { site=> ::tracer_runtime },
        }
    }

    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| Self::parse_all(attribute, input);
        parser.parse2(tokens)
    }

    fn parse_all(attribute: Attribute, input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            let keyword = parse_keyword(input)?;
            let word = keyword.to_string();
            refuse_unknown(attribute, &keyword)?;
            if seen.contains(&word) {
                return Err(Error::new(keyword.span(), duplicate(&word)));
            }
            args.parse_one(&keyword, input)?;
            seen.push(word);
            if !input.is_empty() {
                value::parse_comma(input)?;
            }
        }
        Ok(args)
    }

    fn parse_one(&mut self, keyword: &Ident, input: ParseStream<'_>) -> Result<()> {
        match keyword.to_string().as_str() {
            "name" => self.name = Some(parse_checked(keyword, input, names::check_name)?),
            "namespace" => self.namespace = Some(parse_checked(keyword, input, names::check_namespace)?),
            "capture_response" => self.capture_response = Some(value::parse_bool(keyword, input)?),
            "capture_error" => self.capture_error = Some(value::parse_bool(keyword, input)?),
            "annotate" => self.annotations = parse_annotations(keyword, input)?,
            "err" => self.err = Some(value::parse_error_rule(keyword, input)?),
            "context" => self.context = Some(value::parse_context(keyword, input)?),
            "tracer" => self.tracer = Some(value::parse_expression(keyword, input, "self.tracer")?),
            _ => self.krate = Some(value::parse_crate(keyword, input)?),
        }
        Ok(())
    }
}

fn parse_checked(
    keyword: &Ident,
    input: ParseStream<'_>,
    check: fn(&LitStr) -> Result<()>,
) -> Result<LitStr> {
    let text = value::parse_string(keyword, input)?;
    check(&text)?;
    Ok(text)
}

/// The word that an argument begins with; `crate` is one too.
fn parse_keyword(input: ParseStream<'_>) -> Result<Ident> {
    if input.peek(Ident::peek_any) {
        return input.call(Ident::parse_any);
    }
    let text: Result<LitStr> = input.fork().parse();
    Err(match text {
        Ok(text) => {
            let message = format!("a value needs its argument's name: write `name = {:?}`", text.value());
            Error::new(text.span(), message)
        }
        Err(_) => input.error("an argument begins with its name, as in `name = \"…\"`"),
    })
}

fn refuse_unknown(attribute: Attribute, keyword: &Ident) -> Result<()> {
    let known = match attribute {
        Attribute::Handler => OF_HANDLER,
        Attribute::Method => OF_ANY,
    };
    let word = keyword.to_string();
    if known.contains(&word.as_str()) {
        return Ok(());
    }
    if word == "context" {
        let message = "`context` belongs to #[capture_lambda_handler]: a method's subsegment goes below the current \
                       one, wherever that came from; remove it";
        return Err(Error::new(keyword.span(), message));
    }
    let guess = spelling::did_you_mean(&word, known);
    let message = format!("unknown argument `{word}`{guess}\nknown are `{}`", known.join("`, `"));
    Err(Error::new(keyword.span(), message))
}

fn duplicate(word: &str) -> String {
    match word {
        "annotate" => {
            "`annotate` is given twice: write all keys in one `annotate(\"A\" = a, \"B\" = b)`".to_owned()
        }
        _ => format!("`{word}` is given twice: keep one of them"),
    }
}

fn parse_annotations(keyword: &Ident, input: ParseStream<'_>) -> Result<Vec<Annotation>> {
    const FORM: &str = "write `annotate(\"OrderId\" = order_id)`";
    if !input.peek(token::Paren) {
        let message = format!("`annotate` takes keys and values in parentheses: {FORM}");
        return Err(Error::new(keyword.span(), message));
    }
    let content;
    parenthesized!(content in input);
    let pairs = Punctuated::<Annotation, Token![,]>::parse_terminated_with(&content, parse_annotation)?;
    if pairs.is_empty() {
        return Err(Error::new(
            keyword.span(),
            format!("`annotate()` annotates nothing: {FORM}, or remove it"),
        ));
    }
    refuse_duplicate_key(&pairs)?;
    Ok(pairs.into_iter().collect())
}

fn refuse_duplicate_key(pairs: &Punctuated<Annotation, Token![,]>) -> Result<()> {
    let mut keys: Vec<String> = Vec::new();
    for pair in pairs {
        let key = pair.key.value();
        if keys.contains(&key) {
            let message =
                format!("the annotation {key:?} is given twice: the second value would replace the first");
            return Err(Error::new(pair.key.span(), message));
        }
        keys.push(key);
    }
    Ok(())
}

fn parse_annotation(input: ParseStream<'_>) -> Result<Annotation> {
    let key = value::parse_key(input)?;
    names::check_key(&key)?;
    let is_given = input.peek(Token![=]);
    if is_given {
        input.parse::<Token![=]>()?;
    }
    if !is_given || input.is_empty() || input.peek(Token![,]) {
        let message = format!("the annotation {:?} needs a value: write `{0:?} = value`", key.value());
        return Err(Error::new(key.span(), message));
    }
    Ok(Annotation { key, value: input.parse()? })
}

#[cfg(test)]
mod tests;
