//! Rules about the queries of one request.

use crate::{Finding, RequestRecord};

/// Everything the rules remark on a request.
#[must_use]
pub fn find(_record: &RequestRecord) -> Vec<Finding> {
    Vec::new()
}
