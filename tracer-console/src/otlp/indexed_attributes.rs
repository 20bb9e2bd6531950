//! Which attributes of spans become annotations.

use std::collections::HashSet;

/// Which attributes of spans become annotations, which filter expressions find; the others become metadata.
///
/// As with AWS's exporter none does unless it is named: here, or on the span itself in the list attribute
/// `aws.xray.annotations`. A resource's attribute is named `otel.resource.` and its name.
///
/// ```
/// use tracer_console::IndexedAttributes;
///
/// let listed = IndexedAttributes::listed(["order.id", "otel.resource.deployment.environment"]);
/// assert!(listed.contains("order.id"));
/// assert!(!IndexedAttributes::default().contains("order.id"));
/// assert!(IndexedAttributes::all().contains("order.id"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexedAttributes {
    listed: HashSet<String>,
    all: bool,
}

impl IndexedAttributes {
    /// Those with these names.
    ///
    /// ```
    /// # use tracer_console::IndexedAttributes;
    /// assert!(IndexedAttributes::listed(["tenant"]).contains("tenant"));
    /// ```
    #[must_use]
    pub fn listed(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { listed: names.into_iter().map(Into::into).collect(), all: false }
    }

    /// Every attribute that an annotation can hold and no member of X-Ray's holds already.
    ///
    /// ```
    /// # use tracer_console::IndexedAttributes;
    /// assert!(IndexedAttributes::all().contains("anything"));
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether an attribute becomes an annotation.
    ///
    /// ```
    /// # use tracer_console::IndexedAttributes;
    /// assert!(!IndexedAttributes::listed(["tenant"]).contains("user"));
    /// ```
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.all || self.is_listed(name)
    }

    /// Whether it is named: then it becomes an annotation also where a member of X-Ray's holds it.
    pub(super) fn is_listed(&self, name: &str) -> bool {
        self.listed.contains(name)
    }
}
