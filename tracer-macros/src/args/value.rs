//! The values of single arguments, each refused in words of its own.

use syn::parse::ParseStream;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitBool, LitStr, Path, Result, Token};

use super::{ContextOf, ErrorRule};
use crate::spelling;

const FLAGS: &[&str] = &["fault", "error", "ignore"];

/// What follows `keyword =`.
fn parse_value<T>(
    keyword: &Ident,
    input: ParseStream<'_>,
    form: &str,
    parse: fn(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    let is_given = input.peek(Token![=]);
    if is_given {
        input.parse::<Token![=]>()?;
    }
    if !is_given || input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(
            keyword.span(),
            format!("`{keyword}` needs a value: write `{keyword} = {form}`"),
        ));
    }
    parse(input)
}

/// Any expression; `form` is shown where it is missing.
pub(super) fn parse_expression(keyword: &Ident, input: ParseStream<'_>, form: &str) -> Result<Expr> {
    parse_value(keyword, input, form, |input| Ok(ungrouped(input.parse()?)))
}

/// A value that came through a `macro_rules!` fragment is wrapped in an invisible group.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        value => value,
    }
}

pub(super) fn parse_string(keyword: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let form = "\"…\"";
    match parse_expression(keyword, input, form)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.suffix().is_empty() => Ok(text),
        other => {
            let message = format!("`{keyword}` takes a string literal: write `{keyword} = {form}`");
            Err(Error::new_spanned(other, message))
        }
    }
}

pub(super) fn parse_bool(keyword: &Ident, input: ParseStream<'_>) -> Result<LitBool> {
    match parse_expression(keyword, input, "false")? {
        Expr::Lit(ExprLit { lit: Lit::Bool(choice), .. }) => Ok(choice),
        other => {
            Err(Error::new_spanned(other, format!("`{keyword}` takes `true` or `false`, without quotes")))
        }
    }
}

pub(super) fn parse_error_rule(keyword: &Ident, input: ParseStream<'_>) -> Result<ErrorRule> {
    match parse_expression(keyword, input, "\"error\"")? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => parse_flag(&text).map(ErrorRule::Flag),
        Expr::Path(path) if path.qself.is_none() => Ok(ErrorRule::Predicate(path.path)),
        other => {
            let message = "`err` takes \"fault\", \"error\", \"ignore\", or the path of a function that is given a \
                           reference to the error and returns an `ErrorFlag` or a `bool`";
            Err(Error::new_spanned(other, message))
        }
    }
}

/// The variant of `ErrorFlag` that a word stands for.
fn parse_flag(text: &LitStr) -> Result<Ident> {
    let variant = match text.value().as_str() {
        "fault" => "Fault",
        "error" => "Error",
        "ignore" => "Ignore",
        word => {
            let guess = spelling::closest(word, FLAGS)
                .map_or_else(String::new, |flag| format!(", did you mean {flag:?}?"));
            let message = format!(
                "unknown rule {word:?}{guess}\nwrite \"fault\" for an error of ours, \"error\" for one of the caller's, \
                 \"ignore\" for none, or the path of a function, without quotes"
            );
            return Err(Error::new(text.span(), message));
        }
    };
    Ok(Ident::new(variant, text.span()))
}

pub(super) fn parse_context(keyword: &Ident, input: ParseStream<'_>) -> Result<ContextOf> {
    let value = parse_expression(keyword, input, "env")?;
    let is_environment = matches!(&value, Expr::Path(path) if path.path.is_ident("env"));
    Ok(if is_environment { ContextOf::Environment } else { ContextOf::Expression(Box::new(value)) })
}

pub(super) fn parse_crate(keyword: &Ident, input: ParseStream<'_>) -> Result<Path> {
    parse_value(keyword, input, "my_tracer", |input| {
        if let Ok(text) = input.fork().parse::<LitStr>() {
            let message = format!("`crate` takes a path, without quotes: write `crate = {}`", text.value());
            return Err(Error::new(text.span(), message));
        }
        Path::parse_mod_style(input)
    })
}

const KEY_IS_A_STRING: &str = "an annotation's key is a string literal: write `\"OrderId\" = value`";

/// The key of an annotation.
pub(super) fn parse_key(input: ParseStream<'_>) -> Result<LitStr> {
    if let Ok(word) = input.fork().parse::<Ident>() {
        let message = format!("an annotation's key is a string: write `\"{word}\" = value`");
        return Err(Error::new(word.span(), message));
    }
    match input.parse() {
        Ok(Lit::Str(key)) => Ok(key),
        Ok(other) => Err(Error::new(other.span(), KEY_IS_A_STRING)),
        Err(error) => Err(Error::new(error.span(), KEY_IS_A_STRING)),
    }
}

/// The comma between two arguments.
pub(super) fn parse_comma(input: ParseStream<'_>) -> Result<()> {
    if !input.peek(Token![,]) {
        return Err(input.error("arguments are separated by commas"));
    }
    input.parse::<Token![,]>().map(drop)
}
