//! `annotate("key" = expr)`: evaluated where something is recorded, and nowhere else.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;

use super::Expansion;

impl Expansion<'_> {
    /// Annotates the subsegment that is current in the body.
    pub(super) fn annotate(&self) -> TokenStream {
        self.when_recording(|site| {
            let krate = self.krate_at(site);
            quote_spanned! { site=> #krate::put_annotation }
        })
    }

    /// For a future or a stream: evaluated when the function is called and put when the subsegment opens. The
    /// statements that evaluate, and the call that hands the values over.
    pub(super) fn kept_annotations(&self) -> (TokenStream, TokenStream) {
        if self.args.annotations.is_empty() {
            return (TokenStream::new(), TokenStream::new());
        }
        let private = self.private();
        let site = Span::mixed_site();
        let evaluate = self.when_recording(|site| quote_spanned! { site=> __annotations.put });
        let statements = quote_spanned! { site=>
            let mut __annotations = #private::Annotations::new();
            #evaluate
        };
        (statements, quote_spanned! { site=> .annotated(__annotations) })
    }

    fn when_recording(&self, put: impl Fn(Span) -> TokenStream) -> TokenStream {
        if self.args.annotations.is_empty() {
            return TokenStream::new();
        }
        let private = self.private();
        let puts = self.args.annotations.iter().map(|annotation| {
            let (key, value) = (&annotation.key, &annotation.value);
            // A value of a wrong type is refused where it is written.
            let site = Span::mixed_site().located_at(value.span());
            let put = put(site);
            quote_spanned! { site=> #put(#key, &(#value)); }
        });
        quote_spanned! { Span::mixed_site()=> if #private::recording() { #(#puts)* } }
    }
}
