//! Parts that several pages share: the frame, lists, findings, and plan changes.

pub(crate) mod finding;
pub(crate) mod findings_now;
pub(crate) mod frame;
pub(crate) mod lists;
pub(crate) mod lives;
pub(crate) mod many;
pub(crate) mod offer;
pub(crate) mod plan_changes;
pub(crate) mod request_markdown;
pub(crate) mod route_link;
pub(crate) mod window_bar;
