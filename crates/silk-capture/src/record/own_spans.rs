//! Names of the spans and events that Silk opens itself: the code that opens one and the tracing
//! layer, which looks for them, read them here.

/// Target of the spans and events that are Silk's own.
pub const SILK_TARGET: &str = "silk";

/// Name of the span around a request.
pub const REQUEST_SPAN: &str = "silk.request";

/// Name of the span around a query that the instrumented pool records itself.
pub const QUERY_SPAN: &str = "silk.query";

/// Name of spans around Silk's own work: nothing within is recorded.
pub const INTERNAL_SPAN: &str = "silk.internal";
