//! What is known of an annotated function when it is compiled.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use std::borrow::Cow;

use once_cell::sync::OnceCell;

use super::json::write_escaped;
use super::name::{push_without_generics, valid_name};
use crate::error_flag::ErrorFlag;

/// One annotated function: everything that its attribute says, and its name once it was called.
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
    /// The name of the first owner: in a generic `impl` there are others.
    interned: OnceCell<Interned>,
}

#[derive(Debug)]
struct Interned {
    owner: Option<&'static str>,
    /// The valid name, escaped for a JSON string.
    name: Box<[u8]>,
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
            interned: OnceCell::new(),
        }
    }

    #[must_use]
    pub const fn handler(
        module: &'static str,
        function: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        let mut handler = Self::method(module, function, file, line);
        handler.is_handler = true;
        handler
    }

    #[must_use]
    pub const fn with_name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    #[must_use]
    pub const fn with_namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    #[must_use]
    pub const fn with_capture_response(mut self, capture: bool) -> Self {
        self.capture_response = Some(capture);
        self
    }

    #[must_use]
    pub const fn with_capture_error(mut self, capture: bool) -> Self {
        self.capture_error = Some(capture);
        self
    }

    #[must_use]
    pub const fn with_error_flag(mut self, flag: ErrorFlag) -> Self {
        self.error_flag = flag;
        self
    }

    /// The subsegment's name, which is verbatim where the user gave one; `module::Type::method` has Powertools' `## ` in front.
    fn written_name(&self, owner: Option<&str>) -> String {
        if let Some(name) = self.name {
            return name.to_owned();
        }
        let mut name = "## ".to_owned();
        if !self.is_handler {
            match owner {
                Some(type_name) => push_without_generics(&mut name, type_name),
                None => name.push_str(self.module),
            }
            name.push_str("::");
        }
        name.push_str(self.function);
        name
    }

    /// The valid name, made at the first call.
    pub(crate) fn valid_name(&'static self, owner: Owner) -> ValidName<'static> {
        let owner = owner.name();
        let interned = self.interned.get_or_init(|| {
            let mut name = Vec::new();
            write_escaped(&mut name, &valid_name(&self.written_name(owner)));
            Interned { owner, name: name.into() }
        });
        if interned.owner == owner {
            ValidName::Interned(&interned.name)
        } else {
            ValidName::Text(valid_name(&self.written_name(owner)).into_owned().into())
        }
    }
}

/// A name as X-Ray takes it.
#[derive(Debug)]
pub(crate) enum ValidName<'a> {
    /// Kept for as long as the process lives, and escaped for a JSON string.
    Interned(&'static [u8]),
    Text(Cow<'a, str>),
}

/// The type that a method belongs to. An attribute cannot see its `impl`, so the expansion asks the compiler.
#[derive(Debug, Clone, Copy)]
pub struct Owner(Option<fn() -> &'static str>);

impl Owner {
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    #[must_use]
    pub const fn of<T: ?Sized>() -> Self {
        Self(Some(std::any::type_name::<T>))
    }

    fn name(self) -> Option<&'static str> {
        self.0.map(|name| name())
    }
}
