//! `silk serve`: the dashboard on a store whose app is not running.

use std::{net::SocketAddr, path::Path};

use axum::Router;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    api::{Serve, open_for_reading, served},
    screen::Screen,
    trouble::{Result, Trouble},
};

/// Shortest token that is taken: below it, guessing becomes a plan.
const MIN_TOKEN_CHARS: usize = 16;

/// Serves until Ctrl-C. The file is only read: its app may run meanwhile.
pub(crate) async fn run(
    screen: Screen,
    store: &Path,
    listen: SocketAddr,
    token: Option<String>,
) -> Result<()> {
    let token = match token {
        Some(token) if token.chars().count() < MIN_TOKEN_CHARS => {
            return Err(Trouble::new("The token is too short.")
                .with_hint("give at least 16 characters, or leave it out for a random one"));
        }
        Some(token) => token,
        None => Uuid::new_v4().simple().to_string(),
    };
    let opened = open_for_reading(store).await?;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Trouble::new(format!("Cannot listen on {listen}: {error}."))
            .with_hint("--listen 127.0.0.1:0 takes a free port")
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Trouble::new(format!("Cannot listen on {listen}: {error}.")))?;
    let dashboard = served(
        opened,
        Serve {
            token: token.clone(),
        },
    );
    let app = Router::new().nest_service("/silk", dashboard);
    screen.text(&format!("dashboard http://{address}/silk?token={token}\n"))?;
    screen.note("Ctrl-C ends it. The file is only read.");
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            // Without signals it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await
        .map_err(|error| Trouble::new(format!("The server stopped: {error}.")))
}
