//! The function where tracing is compiled out: what only the attribute's arguments name would be unused there, so closures
//! that nobody calls name it too. They are in front of the body, borrow nothing and leave no machine code.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, PatIdent, PatType, Path};

use crate::args::{Args, ContextOf, ErrorRule};
use crate::function::{Function, mentions};
use crate::{receiver, returns};

/// The item, untouched where the arguments name nothing.
pub(crate) fn naming(item: TokenStream, args: &Args, function: &Function) -> TokenStream {
    let arguments = Named { args, function };
    let named = arguments.statements();
    if named.is_empty() {
        return item;
    }
    let (inner_attributes, block) = (&function.body.inner_attributes, &function.body.block);
    let statements = block.stream();
    let mut braces = Group::new(Delimiter::Brace, quote! { #inner_attributes #named #statements });
    braces.set_span(block.span());
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    // The body stands last.
    tokens.pop();
    tokens.push(TokenTree::Group(braces));
    // What only an argument changes is not changed here.
    let allowed = arguments.name_what_is_mutable().then(|| quote! { #[allow(unused_mut)] });
    allowed.into_iter().flatten().chain(tokens).collect()
}

struct Named<'a> {
    args: &'a Args,
    function: &'a Function,
}

impl Named<'_> {
    fn statements(&self) -> TokenStream {
        let Args { annotations, context, tracer, err, .. } = self.args;
        let krate = self.args.krate_at(Span::mixed_site());
        let mut statements = TokenStream::new();
        for annotation in annotations {
            let (key, value) = (&annotation.key, &annotation.value);
            let site = Span::mixed_site().located_at(value.span());
            let put = quote_spanned! { site=> #krate::put_annotation(#key, &(#value)); };
            statements.extend(self.expression(value, &put));
        }
        if let Some(ContextOf::Expression(context)) = context {
            let look = quote_spanned! { Span::mixed_site()=> let _ = &(#context); };
            statements.extend(self.expression(context, &look));
        }
        if let Some(tracer) = tracer {
            let look = quote_spanned! { Span::mixed_site()=> let _: &#krate::Tracer = &(#tracer); };
            statements.extend(self.expression(tracer, &look));
        }
        if let Some(ErrorRule::Predicate(path)) = err {
            statements.extend(self.predicate(path));
        }
        statements
    }

    fn name_what_is_mutable(&self) -> bool {
        let Args { annotations, context, tracer, .. } = self.args;
        let context = match context {
            Some(ContextOf::Expression(context)) => Some(&**context),
            _ => None,
        };
        let values = annotations.iter().map(|annotation| &annotation.value);
        let expressions = values.chain(context).chain(tracer);
        expressions
            .flat_map(|expression| self.parameters(&expression.to_token_stream()))
            .any(|parameter| parameter.is_mutable)
    }

    /// The parameters that an expression names.
    fn parameters(&self, expression: &TokenStream) -> Vec<Parameter<'_>> {
        let named = self.function.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => {
                Some(Parameter::of(parameter)).filter(|one| one.is_named_in(expression))
            }
            FnArg::Receiver(_) => None,
        });
        named.collect()
    }

    /// The parameters that an expression names, and the expression itself.
    fn expression(&self, expression: &Expr, used: &TokenStream) -> TokenStream {
        let tokens = expression.to_token_stream();
        let parameters = self.parameters(&tokens);
        let names: TokenStream = parameters.iter().map(|parameter| parameter.named_in(&tokens)).collect();
        let takes_self =
            receiver::by_value(&self.function.signature).is_some() && mentions(tokens.clone(), "self");
        if takes_self || leaves_its_closure(&tokens) || !parameters.iter().all(Parameter::can_be_of_a_closure)
        {
            return names;
        }
        let inputs = parameters.iter().map(Parameter::of_a_closure);
        let bindings = parameters.iter().flat_map(|parameter| &parameter.bindings);
        quote_spanned! { Span::mixed_site()=>
            #names
            #[allow(unused_mut)]
            let _ = |#(#inputs),*| { let _ = (#(&#bindings,)*); #used };
        }
    }

    /// The function that decides what an error is, given the error of the function that it stands on.
    fn predicate(&self, path: &Path) -> TokenStream {
        let Some(output) = returns::written_output(&self.function.signature) else {
            return TokenStream::new();
        };
        let site = Span::mixed_site();
        quote_spanned! { site=>
            let _ = |__ret: &#output| {
                if let ::core::result::Result::Err(__error) = __ret {
                    let _ = #path(__error);
                }
            };
        }
    }
}

/// Whether the expression means something else in a closure.
fn leaves_its_closure(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => leaves_its_closure(&group.stream()),
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Ident(ident) => {
            ["await", "return", "break", "continue", "yield"].iter().any(|word| ident == word)
        }
        TokenTree::Literal(_) => false,
    })
}

/// One parameter, and the names that it binds.
struct Parameter<'a> {
    written: &'a PatType,
    bindings: Vec<Ident>,
    /// Whether any is `mut`.
    is_mutable: bool,
}

impl<'a> Parameter<'a> {
    fn of(written: &'a PatType) -> Self {
        #[derive(Default)]
        struct Bindings(Vec<Ident>, bool);
        impl<'ast> Visit<'ast> for Bindings {
            fn visit_pat_ident(&mut self, binding: &'ast PatIdent) {
                self.0.push(binding.ident.clone());
                self.1 |= binding.mutability.is_some();
                visit::visit_pat_ident(self, binding);
            }
        }
        let mut bindings = Bindings::default();
        bindings.visit_pat(&written.pat);
        let Bindings(bindings, is_mutable) = bindings;
        Self { written, bindings, is_mutable }
    }

    fn is_named_in(&self, tokens: &TokenStream) -> bool {
        self.bindings.iter().any(|binding| is_named(tokens.clone(), binding))
    }

    /// Uses what is named there, and neither moves nor borrows it.
    fn named_in(&self, tokens: &TokenStream) -> TokenStream {
        let conditions = self.written.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let conditions: Vec<_> = conditions.collect();
        let named = self
            .bindings
            .iter()
            .filter(|binding| !binding.to_string().starts_with('_') && is_named(tokens.clone(), binding));
        named.map(|name| quote_spanned! { Span::mixed_site()=> #(#conditions)* let _ = #name; }).collect()
    }

    /// An `impl Trait` cannot be, and what a `cfg` removes is better left out.
    fn can_be_of_a_closure(&self) -> bool {
        !returns::hides_any(&self.written.ty) && self.written.attrs.is_empty()
    }

    fn of_a_closure(&self) -> TokenStream {
        let PatType { pat: pattern, ty, .. } = self.written;
        quote! { #pattern: #ty }
    }
}

/// Whether a name occurs, in the text of a format string too.
fn is_named(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => is_named(group.stream(), name),
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            [format!("{{{name}}}"), format!("{{{name}:")].iter().any(|place| text.contains(place))
        }
        TokenTree::Punct(_) => false,
    })
}
