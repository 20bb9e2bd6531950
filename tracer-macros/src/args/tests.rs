use quote::quote;

use super::*;

fn method(tokens: TokenStream) -> Args {
    Args::parse(Attribute::Method, tokens).unwrap_or_else(|error| panic!("refused: {error}"))
}

fn refusal(tokens: TokenStream) -> String {
    Args::parse(Attribute::Method, tokens).err().expect("the arguments are wrong").to_string()
}

#[test]
fn no_argument_is_needed() {
    let args = method(quote! {});
    assert!(args.name.is_none() && args.annotations.is_empty() && args.krate.is_none());
}

#[test]
fn every_argument_is_understood() {
    let args = method(quote! {
        name = "load", capture_response = false, capture_error = true, namespace = "orders",
        annotate("OrderId" = order.id, "Total" = total(a, b),), err = "ignore", tracer = self.tracer, crate = crate::tracer,
    });
    assert_eq!(args.name.map(|name| name.value()).as_deref(), Some("load"));
    assert_eq!(args.capture_response.map(|choice| choice.value), Some(false));
    assert_eq!(args.capture_error.map(|choice| choice.value), Some(true));
    assert_eq!(args.namespace.map(|namespace| namespace.value()).as_deref(), Some("orders"));
    assert_eq!(args.annotations.len(), 2);
    assert!(matches!(args.err, Some(ErrorRule::Flag(flag)) if flag == "Ignore"));
    assert!(args.tracer.is_some() && args.krate.is_some());
}

#[test]
fn an_error_rule_may_be_the_path_of_a_function() {
    let args = method(quote! { err = crate::errors::is_ours });
    assert!(matches!(args.err, Some(ErrorRule::Predicate(_))));
}

#[test]
fn a_handler_may_say_where_its_context_is() {
    let of = |tokens| Args::parse(Attribute::Handler, tokens).ok().and_then(|args| args.context);
    assert!(matches!(of(quote! { context = env }), Some(ContextOf::Environment)));
    assert!(matches!(of(quote! { context = event.context }), Some(ContextOf::Expression(_))));
}

#[test]
fn a_method_has_no_context() {
    assert!(refusal(quote! { context = env }).contains("capture_lambda_handler"));
}

#[test]
fn an_unknown_argument_gets_a_suggestion_and_the_list() {
    let message = refusal(quote! { nmae = "x" });
    assert!(message.contains("did you mean `name`?") && message.contains("`annotate`"), "{message}");
    assert!(!refusal(quote! { skip_all }).contains("did you mean"));
}

#[test]
fn arguments_come_once() {
    assert!(refusal(quote! { name = "a", name = "b" }).contains("twice"));
    assert!(refusal(quote! { annotate("A" = 1), annotate("B" = 2) }).contains("one `annotate"));
    assert!(refusal(quote! { annotate("A" = 1, "A" = 2) }).contains("\"A\""));
}

#[test]
fn values_have_their_types() {
    assert!(refusal(quote! { name = 5 }).contains("string literal"));
    assert!(refusal(quote! { name }).contains("name = "));
    assert!(refusal(quote! { name = }).contains("needs a value"));
    assert!(refusal(quote! { capture_error = "yes" }).contains("without quotes"));
    assert!(refusal(quote! { crate = "tracer" }).contains("crate = tracer"));
    assert!(refusal(quote! { err = |_| true }).contains("path of a function"));
    assert!(refusal(quote! { err = "falt" }).contains(r#"did you mean "fault"?"#));
}

#[test]
fn annotations_stand_in_parentheses() {
    assert!(refusal(quote! { annotate = "A" }).contains("in parentheses"));
    assert!(refusal(quote! { annotate() }).contains("nothing"));
    assert!(refusal(quote! { annotate(OrderId = 1) }).contains("\"OrderId\""));
    assert!(refusal(quote! { annotate("OrderId") }).contains("needs a value"));
    assert!(refusal(quote! { annotate("OrderId" =) }).contains("needs a value"));
    assert!(refusal(quote! { annotate(5 = 1) }).contains("string literal"));
}

#[test]
fn arguments_are_separated_by_commas() {
    assert!(refusal(quote! { name = "a" namespace = "b" }).contains("commas"));
    assert!(refusal(quote! { "load" }).contains(r#"name = "load""#));
}
