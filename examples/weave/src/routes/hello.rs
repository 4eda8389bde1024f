/// No SQL: what a request costs by itself.
#[expect(clippy::unused_async, reason = "a handler is async")]
pub(crate) async fn hello() -> &'static str {
    "Hello from weave.\n"
}
