//! Powertools for AWS Lambda (Python), whose tracer this project takes after.

use crate::case::{Case, Work};

pub(crate) const CASE: Case = Case {
    name: "powertools-python",
    of: None,
    datagrams: |children| children + 1,
    work: Work::Python(include_str!("powertools.py")),
};
