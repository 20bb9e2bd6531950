//! What is known of an annotated function when it is compiled.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use super::name;
use crate::error_flag::ErrorFlag;

/// One annotated function: everything that its attribute says, as a constant.
#[derive(Debug)]
pub struct Callsite {
    pub(crate) is_handler: bool,
    pub(crate) module: &'static str,
    pub(crate) function: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) name: Option<&'static str>,
    pub(crate) namespace: Option<&'static str>,
    pub(crate) capture_response: Option<bool>,
    pub(crate) capture_error: Option<bool>,
    pub(crate) error_flag: ErrorFlag,
}

impl Callsite {
    #[must_use]
    pub const fn method(module: &'static str, function: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            is_handler: false,
            module,
            function,
            file,
            line,
            name: None,
            namespace: None,
            capture_response: None,
            capture_error: None,
            error_flag: ErrorFlag::Fault,
        }
    }

    #[must_use]
    pub const fn handler(
        module: &'static str,
        function: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self { is_handler: true, ..Self::method(module, function, file, line) }
    }

    #[must_use]
    pub const fn with_name(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    #[must_use]
    pub const fn with_namespace(self, namespace: &'static str) -> Self {
        Self { namespace: Some(namespace), ..self }
    }

    #[must_use]
    pub const fn with_capture_response(self, capture: bool) -> Self {
        Self { capture_response: Some(capture), ..self }
    }

    #[must_use]
    pub const fn with_capture_error(self, capture: bool) -> Self {
        Self { capture_error: Some(capture), ..self }
    }

    #[must_use]
    pub const fn with_error_flag(self, flag: ErrorFlag) -> Self {
        Self { error_flag: flag, ..self }
    }

    /// The name without Powertools' `## `, which also begins its metadata keys: `module::Type::method`.
    pub(crate) fn write_bare_name(&self, owner: Owner, out: &mut String) {
        if let Some(name) = self.name {
            out.push_str(name);
        } else if self.is_handler {
            out.push_str(self.function);
        } else {
            match owner.0 {
                Some(type_name) => name::push_without_generics(out, type_name),
                None => out.push_str(self.module),
            }
            out.push_str("::");
            out.push_str(self.function);
        }
    }

    /// The subsegment's name: verbatim where the user gave one.
    pub(crate) fn write_name(&self, owner: Owner, out: &mut String) {
        if self.name.is_none() {
            out.push_str("## ");
        }
        self.write_bare_name(owner, out);
    }
}

/// The type that a method belongs to. An attribute cannot see its `impl`, so the expansion asks the compiler.
#[derive(Debug, Clone, Copy)]
pub struct Owner(Option<&'static str>);

impl Owner {
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    #[must_use]
    pub fn of<T: ?Sized>() -> Self {
        Self(Some(std::any::type_name::<T>()))
    }
}
