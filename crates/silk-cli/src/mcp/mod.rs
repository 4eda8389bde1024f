//! `silk mcp`: the same answers for coding agents, over the Model Context Protocol.
//!
//! A thin face: each tool asks the API as a command does, and shortens the answer to what fits a
//! model's window. No tool changes anything; `replay` sends only GET and HEAD, and only to where the
//! person who started the server said.

mod shorten;
mod tools;

use rmcp::{ServiceExt as _, transport::stdio};

use crate::{
    api::Api,
    trouble::{Result, Trouble},
};

/// Serves until standard input ends.
pub(crate) async fn serve(api: Api, replay_to: Option<String>) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| {
        Trouble::new(format!(
            "The conversation with the agent broke off: {error}."
        ))
    };
    let service = tools::Tools::new(api, replay_to)
        .serve(stdio())
        .await
        .map_err(|error| failed(&error))?;
    service.waiting().await.map_err(|error| failed(&error))?;
    Ok(())
}
