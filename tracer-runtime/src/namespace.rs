//! What kind of downstream a subsegment is a call of.

/// What kind of downstream a subsegment is a call of; only such subsegments make nodes of the service graph.
///
/// ```
/// use tracer_runtime::{Namespace, subsegment};
///
/// subsegment("pay.example.com", || tracer_runtime::set_namespace(Namespace::Remote));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// A call of an AWS service: `aws`.
    Aws,
    /// Any other call: `remote`.
    Remote,
}

impl Namespace {
    #[cfg(feature = "enable")]
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Remote => "remote",
        }
    }
}
