//! `silk clear`: everything that was recorded goes.

use std::io::{self, IsTerminal as _};

use serde::Deserialize;
use silk_core::words::counted;

use crate::{
    api::{Api, Query},
    screen::Screen,
    trouble::{Result, Trouble},
};

#[derive(Debug, Deserialize)]
struct Health {
    store: Store,
}

#[derive(Debug, Deserialize)]
struct Store {
    requests: Option<u64>,
}

/// Removes every record, after a question.
pub(crate) async fn run(api: &Api, screen: Screen, is_sure: bool) -> Result<()> {
    let health: Health = api.get("api/health", &Query::new()).await?.read()?;
    let requests = health.store.requests.map_or_else(
        || "all requests".to_owned(),
        |n| format!("all {}", counted(n, "request")),
    );
    let what = format!(
        "{requests} in {}, with statistics, statements and plans",
        api.name()
    );
    if !is_sure && !confirm(screen, &what)? {
        return Err(Trouble::no("Nothing was removed."));
    }
    api.delete("api/requests").await?;
    screen.note(&format!("Removed {what}."));
    Ok(())
}

fn confirm(screen: Screen, what: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(Trouble::new(format!(
            "This would remove {what}, and nobody is there to ask."
        ))
        .with_hint("--yes removes without a question"));
    }
    screen.note(&format!(
        "This removes {what}. It cannot be undone. Go on? [y/N]"
    ));
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Trouble::new(format!("No answer could be read: {error}.")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
