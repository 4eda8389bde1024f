//! Every page of the dashboard over made-up records: `cargo run -p silk-ui --example gallery`.

#[path = "../tests/support/mod.rs"]
mod support;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:3999".to_owned());
    let rich = silk_ui::dashboard(support::config(support::rich()));
    let empty = silk_ui::dashboard(support::config(support::TestStore::of(Vec::new())));
    let mut closed = support::config(support::rich());
    closed.access = silk_ui::Access::Token;
    let app: axum::Router = axum::Router::new()
        .nest_service("/silk", rich)
        .nest_service("/empty", empty)
        .nest_service("/closed", silk_ui::dashboard(closed));
    let listener = tokio::net::TcpListener::bind(&address).await?;
    #[expect(clippy::print_stdout, reason = "a program for people")]
    {
        println!("http://{address}/silk  http://{address}/empty  http://{address}/closed");
    }
    axum::serve(listener, app).await
}
