//! What is refused although it parses: functions that cannot be traced, and arguments that make no sense on them.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, Result};

use crate::args::{Args, ErrorRule};
use crate::attribute::Attribute;
use crate::function::Function;
use crate::returns::Returns;

/// Refuses what cannot be traced, and says what the function returns.
pub(crate) fn check(attribute: Attribute, args: &Args, function: &Function) -> Result<Returns> {
    check_qualifiers(attribute, function)?;
    check_single(attribute, function)?;
    let returns = Returns::of(&function.signature)?;
    check_handler(attribute, args, function, returns)?;
    let Some(reason) = unseen(function, returns) else {
        return Ok(returns);
    };
    check_response(args, reason)?;
    check_error_rule(args, reason)?;
    Ok(returns)
}

fn check_qualifiers(attribute: Attribute, function: &Function) -> Result<()> {
    if let Some(constness) = &function.signature.constness {
        let message = format!(
            "a `const fn` cannot be traced, as it may run in the compiler: remove `const`, or put #[{}] on the \
             function that calls it",
            attribute.name()
        );
        return Err(Error::new(constness.span, message));
    }
    if let Some(variadic) = &function.signature.variadic {
        let message = format!(
            "a C-variadic function cannot be traced, as its arguments cannot be passed on: put #[{}] on a function \
             that it calls",
            attribute.name()
        );
        return Err(Error::new_spanned(variadic.dots, message));
    }
    Ok(())
}

/// One subsegment for one call.
fn check_single(attribute: Attribute, function: &Function) -> Result<()> {
    let other = function.attributes.iter().find_map(|other| {
        let last = other.path().segments.last()?;
        Some((last, Attribute::named(&last.ident.to_string())?))
    });
    let Some((at, other)) = other else { return Ok(()) };
    let message = if other == attribute {
        format!("#[{}] stands on this function twice: keep one of them", other.name())
    } else {
        "a function is either a handler or a method: keep one of the two attributes".to_owned()
    };
    Err(Error::new_spanned(at, message))
}

fn check_handler(attribute: Attribute, args: &Args, function: &Function, returns: Returns) -> Result<()> {
    if attribute != Attribute::Handler {
        return Ok(());
    }
    if let Returns::Stream(_) = returns {
        let message = "a handler returns its response or a future of it, no stream: put #[capture_method] on this \
                       function, and #[capture_lambda_handler] on the handler that calls it";
        return Err(Error::new_spanned(&function.signature.output, message));
    }
    let takes_arguments = function.signature.inputs.iter().any(|input| matches!(input, FnArg::Typed(_)));
    if !takes_arguments && args.context.is_none() {
        let message = "the trace header comes with the handler's argument, and this takes none: take a \
                       `LambdaEvent<T>`, or write `context = expr` to say where the header is, or `context = env` \
                       for the environment's";
        return Err(Error::new(function.signature.ident.span(), message));
    }
    Ok(())
}

/// Why the tracer sees no return value, where it sees none.
fn unseen(function: &Function, returns: Returns) -> Option<&'static str> {
    match returns {
        Returns::Nothing => Some("this function returns nothing"),
        Returns::Never => Some("this function never returns"),
        Returns::Stream(_) => Some("a stream's items are counted, not recorded"),
        Returns::Closure => Some("a closure that is returned cannot be recorded"),
        // The body stays where it is, and what it returns goes straight to the caller.
        _ if function.is_track_caller() && function.signature.asyncness.is_none() => Some(
            "under #[track_caller] only the time is recorded, so that the caller's location stays what it is",
        ),
        Returns::Value | Returns::Future(_) => None,
    }
}

fn check_response(args: &Args, reason: &str) -> Result<()> {
    match &args.capture_response {
        Some(choice) if choice.value => refuse(choice.span(), "capture_response = true", reason),
        _ => Ok(()),
    }
}

fn check_error_rule(args: &Args, reason: &str) -> Result<()> {
    match &args.err {
        Some(ErrorRule::Flag(flag)) => refuse(flag.span(), "err", reason),
        Some(ErrorRule::Predicate(path)) => refuse(path.span(), "err", reason),
        None => Ok(()),
    }
}

fn refuse(at: Span, argument: &str, reason: &str) -> Result<()> {
    Err(Error::new(at, format!("{reason}: remove `{argument}`")))
}
