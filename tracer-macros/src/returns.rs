//! Questions about what the function returns.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, GenericArgument, Ident, Path, PathArguments, Result, ReturnType, Signature, Token, Type,
    TypeImplTrait, TypeInfer, TypeParamBound,
};

/// What a function returns, as far as it decides how it is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Nothing,
    Never,
    Value,
    /// A closure behind `impl Fn…`: the bare body learns the types of its arguments from there.
    Closure,
    Future(Form),
    Stream(Form),
}

/// How a future or a stream is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Opaque,
    Boxed,
}

impl Returns {
    pub(crate) fn of(signature: &Signature) -> Result<Self> {
        let ReturnType::Type(_, ty) = &signature.output else {
            return Ok(Self::Nothing);
        };
        let is_async = signature.asyncness.is_some();
        Ok(match ungrouped(ty) {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Self::Nothing,
            Type::Never(_) => Self::Never,
            // An `async fn` is traced itself, whatever it hands out at its end.
            _ if is_async => Self::Value,
            Type::ImplTrait(opaque) => {
                let names = || opaque.bounds.iter().filter_map(trait_name);
                match names().find_map(|name| Self::of_trait(name, Form::Opaque)) {
                    Some(awaited) => {
                        check_bounds(opaque.bounds.iter())?;
                        awaited
                    }
                    None if names().any(is_call_trait) => Self::Closure,
                    None => Self::Value,
                }
            }
            Type::Path(path) => Self::of_path(&path.path)?.unwrap_or(Self::Value),
            _ => Self::Value,
        })
    }

    fn of_trait(name: &Ident, form: Form) -> Option<Self> {
        match name.to_string().as_str() {
            "Future" => Some(Self::Future(form)),
            "Stream" => Some(Self::Stream(form)),
            _ => None,
        }
    }

    /// `BoxFuture` and its like, and `Pin<Box<dyn Future>>`.
    fn of_path(path: &Path) -> Result<Option<Self>> {
        let Some(last) = path.segments.last() else {
            return Ok(None);
        };
        Ok(match last.ident.to_string().as_str() {
            "BoxFuture" | "LocalBoxFuture" => Some(Self::Future(Form::Boxed)),
            "BoxStream" | "LocalBoxStream" => Some(Self::Stream(Form::Boxed)),
            "Pin" => match argument(path).and_then(boxed) {
                Some(Type::TraitObject(object)) => Self::of_bounds(object.bounds.iter()),
                Some(Type::ImplTrait(opaque)) => {
                    let awaited = Self::of_bounds(opaque.bounds.iter());
                    if awaited.is_some() {
                        check_bounds(opaque.bounds.iter())?;
                    }
                    awaited
                }
                _ => None,
            },
            _ => None,
        })
    }

    fn of_bounds<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<Self> {
        bounds.filter_map(trait_name).find_map(|name| Self::of_trait(name, Form::Boxed))
    }
}

/// The declared type where only its shape is wanted: each `impl Trait` in it is left to inference.
pub(crate) fn inferred(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else {
        return None;
    };
    let mut ty = (**ty).clone();
    Inferred.visit_type_mut(&mut ty);
    Some(ty)
}

/// `T` of `-> impl Future<Output = T>`.
pub(crate) fn output_of_future(signature: &Signature) -> Option<Type> {
    let ReturnType::Type(_, ty) = &signature.output else {
        return None;
    };
    let Type::ImplTrait(opaque) = ungrouped(ty) else {
        return None;
    };
    let output = output_of_bounds(opaque.bounds.iter());
    let mut output = output.filter(|_| signature.asyncness.is_none())?;
    Inferred.visit_type_mut(&mut output);
    Some(output)
}

/// What the function gives in the end, where it can be written elsewhere: with no `impl Trait` in it.
pub(crate) fn written_output(signature: &Signature) -> Option<Type> {
    let ReturnType::Type(_, ty) = &signature.output else {
        return None;
    };
    let output = match Returns::of(signature).ok()? {
        Returns::Future(_) => awaited(ungrouped(ty))?,
        _ => (**ty).clone(),
    };
    (!hides_any(&output)).then_some(output)
}

/// `T` of `impl Future<Output = T>`, `Pin<Box<dyn Future<Output = T>>>` or `BoxFuture<'_, T>`.
fn awaited(ty: &Type) -> Option<Type> {
    match ty {
        Type::ImplTrait(opaque) => output_of_bounds(opaque.bounds.iter()),
        Type::TraitObject(object) => output_of_bounds(object.bounds.iter()),
        Type::Path(path) if path.path.segments.last()?.ident == "Pin" => {
            awaited(argument(&path.path).and_then(boxed)?)
        }
        Type::Path(path) => argument(&path.path).cloned(),
        _ => None,
    }
}

fn output_of_bounds<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<Type> {
    bounds.find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(output.ty.clone()),
            _ => None,
        })
    })
}

/// Whether an `impl Trait` is anywhere in the type.
pub(crate) fn hides_any(ty: &Type) -> bool {
    struct Seek(bool);
    impl<'ast> Visit<'ast> for Seek {
        fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut seek = Seek(false);
    seek.visit_type(ty);
    seek.0
}

/// Whether the type holds an `impl Stream`, as a streamed response does.
pub(crate) fn hides_stream(output: &ReturnType) -> bool {
    struct Seek(bool);
    impl<'ast> Visit<'ast> for Seek {
        fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
            self.0 |= opaque.bounds.iter().filter_map(trait_name).any(|name| name == "Stream");
        }
    }
    let mut seek = Seek(false);
    seek.visit_return_type(output);
    seek.0
}

struct Inferred;

impl VisitMut for Inferred {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::ImplTrait(_) => {
                let underscore_token = Token![_](Span::mixed_site());
                *ty = Type::Infer(TypeInfer { attrs: Vec::new(), underscore_token });
            }
            _ => visit_mut::visit_type_mut(self, ty),
        }
    }
}

fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

/// The type argument of the path's last segment.
fn argument(path: &Path) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ungrouped(ty)),
        _ => None,
    })
}

/// What a `Box` holds.
fn boxed(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let is_box = path.path.segments.last().is_some_and(|segment| segment.ident == "Box");
    argument(&path.path).filter(|_| is_box)
}

fn trait_name(bound: &TypeParamBound) -> Option<&Ident> {
    match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path.segments.last()?.ident),
        _ => None,
    }
}

fn is_call_trait(name: &Ident) -> bool {
    ["Fn", "FnMut", "FnOnce", "AsyncFn", "AsyncFnMut", "AsyncFnOnce"].iter().any(|known| name == known)
}

/// The traced future is another type, so it can keep only the promises that the tracer knows to keep.
fn check_bounds<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>) -> Result<()> {
    const KEPT: &[&str] = &["Future", "Stream", "Send", "Sync", "Unpin"];
    for bound in bounds {
        let Some(name) = trait_name(bound) else { continue };
        if KEPT.iter().any(|kept| name == kept) {
            continue;
        }
        let bound = bound.to_token_stream();
        let message = format!(
            "the traced future or stream keeps `Send`, `Sync`, `Unpin` and lifetimes, and cannot be `{name}` as \
             well: remove this bound, or put the attribute on an `async fn` that this function calls"
        );
        return Err(Error::new_spanned(bound, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(signature: &str) -> Option<Returns> {
        Returns::of(&syn::parse_str(signature).ok()?).ok()
    }

    #[test]
    fn futures_and_streams_are_known_by_their_last_name() {
        let opaque = Some(Returns::Future(Form::Opaque));
        assert_eq!(of("fn f() -> impl Future<Output = u8>"), opaque);
        assert_eq!(
            of("fn f<'a>() -> impl std::future::Future<Output = u8> + Send + Unpin + 'a + use<'a>"),
            opaque
        );
        let boxed = Some(Returns::Future(Form::Boxed));
        assert_eq!(of("fn f() -> Pin<Box<dyn Future<Output = u8> + Send>>"), boxed);
        assert_eq!(of("fn f() -> futures::future::BoxFuture<'static, u8>"), boxed);
        assert_eq!(of("fn f() -> LocalBoxStream<'static, u8>"), Some(Returns::Stream(Form::Boxed)));
        assert_eq!(of("fn f() -> impl Stream<Item = u8>"), Some(Returns::Stream(Form::Opaque)));
    }

    #[test]
    fn other_types_are_values() {
        assert_eq!(of("fn f()"), Some(Returns::Nothing));
        assert_eq!(of("fn f() -> ()"), Some(Returns::Nothing));
        assert_eq!(of("fn f() -> !"), Some(Returns::Never));
        assert_eq!(of("fn f() -> impl Fn(u8) -> u8"), Some(Returns::Closure));
        for value in ["impl Iterator", "Pin<Box<dyn Error>>", "Pin<&mut Self>", "Result<impl Future, E>"] {
            assert_eq!(of(&format!("fn f() -> {value}")), Some(Returns::Value), "{value}");
        }
        assert_eq!(of("async fn f() -> BoxFuture<'static, u8>"), Some(Returns::Value));
    }

    #[test]
    fn a_traced_future_keeps_no_other_trait() {
        assert_eq!(of("fn f() -> impl Future<Output = u8> + Clone"), None);
    }

    #[test]
    fn a_stream_is_found_inside_of_a_response() -> Result<()> {
        let hides = |signature: &str| -> Result<bool> {
            Ok(hides_stream(&syn::parse_str::<Signature>(signature)?.output))
        };
        assert!(hides("fn f() -> Result<StreamResponse<impl Stream<Item = u8> + Send>, Error>")?);
        assert!(!hides("fn f() -> Result<StreamResponse<Body>, impl Debug>")?);
        Ok(())
    }

    #[test]
    fn impl_trait_is_left_to_inference_at_any_depth() -> Result<()> {
        let signature: Signature = syn::parse_str("fn f() -> Result<Vec<impl Debug>, (impl Debug, u8)>")?;
        let ty = inferred(&signature.output).map(|ty| ty.to_token_stream().to_string());
        assert_eq!(ty.as_deref(), Some("Result < Vec < _ > , (_ , u8) >"));
        Ok(())
    }
}
