//! The program `silk`: what tower-silk recorded, in the terminal, in CI and for agents.
//!
//! It has no knowledge of its own: it asks the dashboard's JSON API, over HTTP where an app runs,
//! or in process on a store's file that is only read. So the pages, the API, this program and the
//! tools for agents show the same.
//!
//! `docs/reference/cli.md` lists every command.

mod api;
mod args;
mod commands;
mod mcp;
mod screen;
mod show;
mod trouble;

use std::{env, path::PathBuf, time::Duration};

use anstream::ColorChoice;
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

pub use crate::trouble::Exit;
use crate::{
    api::{Api, Place, Query, segment},
    args::{Cli, Colour, Command, Global},
    commands::{
        across, baseline, check, clear, compare, health, ids, plan, prove, replay, request,
        requests, serve, statements, wait,
    },
    screen::{Screen, complain},
    trouble::{Result, Trouble},
};

/// The commands with their options, for documentation and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Does what the command line says; messages go to standard error.
#[must_use]
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Where it cannot be printed there is nobody to print it for.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Failed,
            };
        }
    };
    match cli.global.color {
        Colour::Auto => {}
        Colour::Always => ColorChoice::Always.write_global(),
        Colour::Never => ColorChoice::Never.write_global(),
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(cli)),
        Err(error) => Err(Trouble::new(format!("Cannot start: {error}."))),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(trouble) if trouble.is_broken_pipe() => Exit::Done,
        Err(trouble) => {
            complain(&trouble);
            trouble.exit
        }
    }
}

async fn carry_out(cli: Cli) -> Result<()> {
    let Cli { global, command } = cli;
    let screen = Screen::of_terminal(global.json);
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut self::command(), "silk", &mut script);
            screen.bytes(&script)
        }
        Command::Check {
            recordings,
            baseline,
            write_baseline,
            max_queries,
            max_p95,
        } => check::run(
            screen,
            &check::Options {
                recordings,
                baseline,
                write: write_baseline,
                max_queries,
                max_p95_ms: max_p95,
            },
        ),
        Command::Serve { listen } => {
            let store = store_to_serve(&global)?;
            let token = global.token.filter(|token| !token.is_empty());
            serve::run(screen, &store, listen, token).await
        }
        command => look(screen, &Api::open(&place(&global)?).await?, command).await,
    }
}

/// Carries out a command that asks the API.
async fn look(screen: Screen, api: &Api, command: Command) -> Result<()> {
    match command {
        Command::Requests(filters) => requests::list(api, screen, &filters.query()).await,
        Command::Request { id, queries } => request::show(api, screen, &id, queries).await,
        Command::Findings {
            filters,
            write_baseline: None,
        } => across::findings(api, screen, &filters.query()).await,
        Command::Findings {
            filters,
            write_baseline: Some(file),
        } => baseline::write(api, screen, &filters.query(), &file).await,
        Command::Routes(filters) => across::routes(api, screen, &filters.query()).await,
        Command::Route { name, window } => {
            let mut query = across::name(&name)?;
            query.extend(window.query());
            across::route(api, screen, &query).await
        }
        Command::Hotspots(filters) => across::hotspots(api, screen, &filters.query()).await,
        Command::Statements(filters) => statements::list(api, screen, &filters.query()).await,
        Command::Statement {
            fingerprint,
            window,
        } => statements::show(api, screen, &fingerprint, &window.query()).await,
        Command::Plan { id } => plan::show(api, screen, &id).await,
        Command::Health => health::show(api, screen).await,
        Command::Clear { yes } => clear::run(api, screen, yes).await,
        Command::Await {
            filters,
            after,
            timeout,
        } => {
            let patience = Duration::from_secs(timeout);
            wait::run(api, screen, &filters.query(), after.as_deref(), patience).await
        }
        Command::Replay {
            id,
            to,
            allow_writes,
            headers,
        } => {
            let options = replay::Options {
                to,
                allow_writes,
                headers,
            };
            replay::run(api, screen, &id, &options).await
        }
        Command::Prove {
            id,
            statement,
            confirmed,
        } => prove::run(api, screen, &id, statement.as_deref(), confirmed).await,
        Command::Compare { a, b } | Command::Diff { a, b: Some(b) } => {
            compare::show(api, screen, &a, &b).await
        }
        Command::Diff { a, b: None } => compare::since(api, screen, &a).await,
        Command::SaveAsTest { id } => {
            let id = ids::whole(api, &id).await?;
            // Of what is not there the API tells in words for programs; this address has a page.
            request::answer(api, &id).await?;
            let path = format!("requests/{}/replay.rs", segment(&id));
            screen.bytes(&api.get(&path, &Query::new()).await?.body)
        }
        Command::Mcp { replay_to } => mcp::serve(api.clone(), replay_to).await,
        // Those that ask no API are carried out before one is opened.
        Command::Check { .. } | Command::Completions { .. } | Command::Serve { .. } => Ok(()),
    }
}

fn place(global: &Global) -> Result<Place> {
    Place::of(
        global.url.as_deref(),
        global.token.as_deref().filter(|token| !token.is_empty()),
        global.token_file.as_deref(),
        global.store.as_deref(),
        variable,
    )
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

fn store_to_serve(global: &Global) -> Result<PathBuf> {
    let store = global.store.clone();
    store
        .or_else(|| variable("SILK_STORE").map(PathBuf::from))
        .ok_or_else(|| Trouble::new("Say which store to serve.").with_hint("--store silk.db"))
}
