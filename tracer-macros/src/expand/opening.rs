//! What opens a subsegment: the constant that describes the function, its owner, its tracer and its source.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::Expansion;
use crate::args::{ContextOf, ErrorRule};
use crate::attribute::Attribute;
use crate::receiver;

impl Expansion<'_> {
    /// Opens the subsegment here and now.
    pub(super) fn scope(&self) -> TokenStream {
        let private = self.private();
        let (callsite, owner, using) = (self.callsite(), self.owner(), self.using());
        let site = Span::mixed_site();
        match self.attribute {
            Attribute::Method => quote_spanned! { site=> #private::Scope::method(#callsite, #owner, #using) },
            Attribute::Handler => {
                let source = self.source();
                quote_spanned! { site=> #private::Scope::handler(#callsite, #owner, #using, #source) }
            }
        }
    }

    /// What is known at compile time, one static for all instances of a generic function.
    pub(super) fn callsite(&self) -> TokenStream {
        let private = self.private();
        let site = Span::mixed_site();
        let kind = match self.attribute {
            Attribute::Handler => quote_spanned! { site=> handler },
            Attribute::Method => quote_spanned! { site=> method },
        };
        let ident = &self.function.signature.ident;
        let function = ident.unraw().to_string();
        let line = self.line();
        let details = self.details();
        quote_spanned! { site=>
            {
                static __CALLSITE: #private::Callsite =
                    #private::Callsite::#kind(#private::module_path!(), #function, #private::file!(), #line) #details;
                &__CALLSITE
            }
        }
    }

    fn line(&self) -> TokenStream {
        let private = self.private();
        let site = Span::mixed_site();
        // Compilers before 1.88 tell a macro no lines.
        match u32::try_from(self.function.signature.ident.span().start().line) {
            Ok(line) if line > 0 => {
                let line = Literal::u32_unsuffixed(line);
                quote_spanned! { site=> #line }
            }
            _ => quote_spanned! { site=> #private::line!() },
        }
    }

    /// The arguments that are constants.
    fn details(&self) -> TokenStream {
        let private = self.private();
        let args = self.args;
        let site = Span::mixed_site();
        let mut details = TokenStream::new();
        if let Some(name) = &args.name {
            details.extend(quote_spanned! { site=> .with_name(#name) });
        }
        if let Some(namespace) = &args.namespace {
            details.extend(quote_spanned! { site=> .with_namespace(#namespace) });
        }
        if let Some(choice) = &args.capture_response {
            details.extend(quote_spanned! { site=> .with_capture_response(#choice) });
        }
        if let Some(choice) = &args.capture_error {
            details.extend(quote_spanned! { site=> .with_capture_error(#choice) });
        }
        if let Some(ErrorRule::Flag(flag)) = &args.err {
            details.extend(quote_spanned! { site=> .with_error_flag(#private::ErrorFlag::#flag) });
        }
        details
    }

    pub(super) fn owner(&self) -> TokenStream {
        let private = self.private();
        let site = Span::mixed_site();
        if self.args.name.is_none() && receiver::knows_self_type(self.function) {
            quote_spanned! { site=> #private::Owner::of::<Self>() }
        } else {
            quote_spanned! { site=> #private::Owner::none() }
        }
    }

    /// The tracer, for a scope that is opened at once.
    fn using(&self) -> TokenStream {
        match &self.args.tracer {
            None => self.global(),
            Some(tracer) => {
                let site = Span::mixed_site().located_at(tracer.span());
                let private = self.private_at(site);
                quote_spanned! { site=> #private::Using::tracer(&(#tracer)) }
            }
        }
    }

    /// The tracer, for a future that takes the function's arguments with it: a clone borrows none of them.
    pub(super) fn kept_using(&self) -> TokenStream {
        match &self.args.tracer {
            None => self.global(),
            Some(tracer) => {
                let site = Span::mixed_site().located_at(tracer.span());
                let (private, krate) = (self.private_at(site), self.krate_at(site));
                quote_spanned! { site=>
                    #private::Using::tracer(&<#krate::Tracer as ::core::clone::Clone>::clone(&(#tracer)))
                }
            }
        }
    }

    fn global(&self) -> TokenStream {
        let private = self.private();
        quote_spanned! { Span::mixed_site()=> #private::Using::global() }
    }

    /// Where a handler's trace header and deadline come from.
    pub(super) fn source(&self) -> TokenStream {
        match &self.args.context {
            None => {
                let site = Span::mixed_site().located_at(self.function.signature.paren_token.span.join());
                let (private, names) = (self.private_at(site), &self.parameters.names);
                quote_spanned! { site=> #private::source!(#(#names),*) }
            }
            Some(ContextOf::Environment) => {
                let private = self.private();
                quote_spanned! { Span::mixed_site()=>
                    <#private::Source<'_> as ::core::convert::From<#private::Environment>>::from(#private::Environment)
                }
            }
            Some(ContextOf::Expression(context)) => {
                let site = Span::mixed_site().located_at(context.span());
                let private = self.private_at(site);
                quote_spanned! { site=> #private::explicit_source(&(#context)) }
            }
        }
    }
}
