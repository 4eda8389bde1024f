//! The page without SQL.

/// No SQL: what a request costs by itself.
pub(crate) async fn hello() -> &'static str {
    "Hello from weave.\n"
}
