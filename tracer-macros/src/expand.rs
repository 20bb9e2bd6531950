//! The code that takes the function's place: the same signature, and a body that opens and closes a subsegment.
//!
//! Generated names have mixed-site hygiene and generated paths are absolute, so nothing in the user's scope is seen
//! by mistake. What was written by the user keeps its own span.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::args::{Args, ErrorRule};
use crate::attribute::Attribute;
use crate::function::Function;
use crate::parameter::Parameters;
use crate::returns::{self, Form, Returns};

mod annotations;
mod opening;

/// Everything that the parts of the expansion ask about.
struct Expansion<'a> {
    attribute: Attribute,
    args: &'a Args,
    function: &'a Function,
    returns: Returns,
    parameters: Parameters,
}

pub(crate) fn expand(
    attribute: Attribute,
    args: &Args,
    function: &Function,
    returns: &Returns,
) -> TokenStream {
    let parameters = Parameters::of(&function.signature, &args.outside());
    Expansion { attribute, args, function, returns: *returns, parameters }.function()
}

impl Expansion<'_> {
    fn function(&self) -> TokenStream {
        let Function { attributes, visibility, signature, body } = self.function;
        let mut signature = signature.clone();
        let is_guarded = self.is_guarded();
        if !is_guarded {
            signature.inputs = self.parameters.inputs.clone();
        }
        let statements = match self.returns {
            _ if signature.asyncness.is_some() => self.async_body(),
            _ if is_guarded => self.guarded_body(),
            Returns::Future(form) => self.future_body(form),
            Returns::Stream(form) => self.stream_body(form),
            _ => self.sync_body(),
        };
        let inner_attributes = &body.inner_attributes;
        let braces = quote_spanned! { Span::mixed_site()=> { #inner_attributes #statements } };
        quote! { #(#attributes)* #visibility #signature #braces }
    }

    /// Whether the body must stay the function's own, with no closure around it.
    fn is_guarded(&self) -> bool {
        let is_sync = self.function.signature.asyncness.is_none();
        is_sync && (self.function.is_track_caller() || self.returns == Returns::Closure)
    }

    fn guarded_body(&self) -> TokenStream {
        let scope = self.scope();
        let annotate = self.annotate();
        let body = self.written_body();
        quote_spanned! { Span::mixed_site()=>
            let __guard = #scope;
            #annotate
            #body
        }
    }

    fn sync_body(&self) -> TokenStream {
        let scope = self.scope();
        let body = self.closure(&self.annotate());
        let site = Span::mixed_site();
        if self.returns == Returns::Never {
            return quote_spanned! { site=> let __scope = #scope; __scope.call(#body) };
        }
        let outcome = self.outcome();
        quote_spanned! { site=>
            let mut __scope = #scope;
            let __ret = __scope.call(#body);
            #outcome
        }
    }

    fn async_body(&self) -> TokenStream {
        let private = self.private();
        let rebinding = &self.parameters.rebinding;
        let (pin, annotate) = (self.pin(), self.annotate());
        let body = self.written_body();
        let probe = self.probe();
        let site = Span::mixed_site();
        let future = quote_spanned! { site=> async move { #pin #rebinding #annotate #body } };
        let traced = if self.attribute == Attribute::Handler {
            let scope = self.scope();
            quote_spanned! { site=>
                // What borrows the arguments is kept out of this future, which would keep room for them.
                let (__scope, __future) = #private::once(move || {
                    let __scope = #scope;
                    (__scope, #future)
                });
                #private::Traced::opened(__scope, __future, #probe).await
            }
        } else {
            let (callsite, owner, using) = (self.callsite(), self.owner(), self.kept_using());
            quote_spanned! { site=> #private::Traced::new(#callsite, #owner, #using, #future, #probe).await }
        };
        match self.returns {
            Returns::Never => quote_spanned! { site=> match { #traced } {} },
            _ => traced,
        }
    }

    fn future_body(&self, form: Form) -> TokenStream {
        let private = self.private();
        let (callsite, owner, using) = (self.callsite(), self.owner(), self.kept_using());
        let (annotations, annotated) = self.kept_annotations();
        let (future, probe) = (self.made(), self.probe());
        let site = Span::mixed_site();
        let traced = if self.attribute == Attribute::Handler {
            // Owned, as the future takes the arguments that it was read from.
            let source = self.source();
            quote_spanned! { site=>
                #private::Traced::handler(
                    #callsite, #owner, #using, #private::Source::kept(#source, #using), #future, #probe,
                )
            }
        } else {
            quote_spanned! { site=> #private::Traced::new(#callsite, #owner, #using, #future, #probe) }
        };
        let traced = self.formed(form, &quote_spanned! { site=> #traced #annotated });
        quote_spanned! { site=> #annotations #traced }
    }

    fn stream_body(&self, form: Form) -> TokenStream {
        let private = self.private();
        let (callsite, owner, using) = (self.callsite(), self.owner(), self.kept_using());
        let (annotations, annotated) = self.kept_annotations();
        let stream = self.made();
        let site = Span::mixed_site();
        let traced = quote_spanned! { site=>
            #private::TracedStream::new(#callsite, #owner, #using, #stream) #annotated
        };
        let traced = self.formed(form, &traced);
        quote_spanned! { site=> #annotations #traced }
    }

    fn formed(&self, form: Form, traced: &TokenStream) -> TokenStream {
        let private = self.private();
        match form {
            Form::Opaque => traced.clone(),
            Form::Boxed => quote_spanned! { Span::mixed_site()=> #private::boxed(#traced) },
        }
    }

    /// The future or stream that the body makes, made at once.
    fn made(&self) -> TokenStream {
        let private = self.private();
        let closure = self.closure(&TokenStream::new());
        quote_spanned! { Span::mixed_site()=> #private::once(#closure) }
    }

    /// The body as a closure that owns the arguments.
    ///
    /// Its braces are of this crate's edition, 2024: what the body's last expression borrows is dropped before the
    /// arguments, in the user's edition too, as it is in the bare function.
    fn closure(&self, annotate: &TokenStream) -> TokenStream {
        let site = Span::mixed_site();
        let ty = returns::inferred(&self.function.signature.output)
            .map_or_else(|| quote_spanned! { site=> () }, |ty| quote! { #ty });
        let (rebinding, body) = (&self.parameters.rebinding, self.written_body());
        quote_spanned! { site=> move || -> #ty { #rebinding #annotate #body } }
    }

    /// The user's own block: its braces keep the user's edition, which decides when temporaries are dropped.
    fn written_body(&self) -> TokenTree {
        let written = &self.function.body.block;
        // A statement in front, or rustc calls the braces unnecessary.
        let mut statements = quote_spanned! { Span::mixed_site()=> (); };
        statements.extend(written.stream());
        let mut block = Group::new(Delimiter::Brace, statements);
        block.set_span(written.span());
        TokenTree::Group(block)
    }

    /// Never runs, and tells the type of the `async` block before the first `return` or `?` in it is seen.
    fn pin(&self) -> TokenStream {
        let private = self.private();
        let site = Span::mixed_site();
        let ty = match self.returns {
            Returns::Nothing => quote_spanned! { site=> () },
            Returns::Never => return TokenStream::new(),
            _ => match returns::inferred(&self.function.signature.output) {
                None | Some(syn::Type::Infer(_)) => return TokenStream::new(),
                Some(ty) => quote! { #ty },
            },
        };
        quote_spanned! { site=>
            if let #private::Option::Some(__pin) = #private::Option::None::<#ty> {
                return __pin;
            }
        }
    }

    /// What looks at the output of a future.
    fn probe(&self) -> TokenStream {
        let (outcome, ty) = (self.outcome(), self.probed());
        // Clippy says nothing of an async function whose error is large, as those of the AWS SDK are: nor of this closure.
        quote_spanned! { Span::mixed_site()=>
            #[allow(clippy::result_large_err)] |__ret #ty, mut __scope| #outcome
        }
    }

    /// `: T` of `impl Future<Output = T>`: what the body leaves open is known from there.
    fn probed(&self) -> TokenStream {
        let site = Span::mixed_site();
        if self.returns == Returns::Never {
            // The type `!` cannot be written here.
            return quote_spanned! { site=> : ::core::convert::Infallible };
        }
        let output = returns::output_of_future(&self.function.signature);
        output.map_or_else(TokenStream::new, |ty| quote_spanned! { site=> : #ty })
    }

    /// Records the outcome and closes the scope. Its errors belong to whoever asked for the response.
    fn outcome(&self) -> TokenStream {
        let at = match (&self.args.capture_response, &self.args.err) {
            (Some(choice), _) if choice.value => choice.span(),
            (_, Some(ErrorRule::Predicate(path))) => path.span(),
            _ => self.function.signature.output.span(),
        };
        let site = Span::mixed_site().located_at(at);
        let private = self.private_at(site);
        let response = match &self.args.capture_response {
            None => quote_spanned! { site=> detect },
            Some(choice) if choice.value => quote_spanned! { site=> required },
            Some(_) => quote_spanned! { site=> skip },
        };
        let predicate = match &self.args.err {
            Some(ErrorRule::Predicate(path)) => quote! { #path },
            _ => quote_spanned! { site=> none },
        };
        // The type of a hidden stream may become the traced one's.
        let opaque =
            returns::hides_stream(&self.function.signature.output).then(|| quote_spanned! { site=> opaque, });
        quote_spanned! { site=> #private::outcome!(#opaque __scope, __ret, #response, #predicate) }
    }

    fn private(&self) -> TokenStream {
        self.private_at(Span::mixed_site())
    }

    /// The hidden module, in a path whose errors are shown at one place.
    fn private_at(&self, site: Span) -> TokenStream {
        let krate = self.krate_at(site);
        quote_spanned! { site=> #krate::__private }
    }

    fn krate_at(&self, site: Span) -> TokenStream {
        self.args.krate_at(site)
    }
}
