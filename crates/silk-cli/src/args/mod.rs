//! What can be typed: the commands, their options, and the words of `--help`.
//!
//! `docs/reference/cli.md` is made from this, and a test holds them together.

mod filters;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use filters::{
    AwaitFilters, FindingFilters, RequestFilters, StatementFilters, TopFilters, WindowFilter,
};

/// Recorded requests in the terminal: what they ran, what cost them time, and whether a fix holds.
///
/// Reads from an app that runs (--url) or from the file that one recorded into (--store); a file is
/// only read, also while its app runs. Exit codes: 0 done, 1 the answer is no (a check failed,
/// nothing came in time), 2 it could not be done.
#[derive(Debug, Parser)]
#[command(
    name = "silk",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Where the records are, and how they are shown")]
pub(crate) struct Global {
    /// Dashboard of a running app: its address with the mount, or the whole link that the app
    /// printed. SILK_URL in the environment does as well.
    #[arg(long, global = true, value_name = "URL", conflicts_with = "store")]
    pub(crate) url: Option<String>,

    /// Token that opens the dashboard.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "SILK_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,

    /// File that holds the token. For an app on this machine, the `…-token` that its debug build
    /// keeps beside its store is found by itself where it is the only one in the current folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Store to read: the file that the app names in `.sqlite(…)`. SILK_STORE in the environment
    /// does as well.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,

    /// Print the API's own JSON in place of a table.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Colours: where a terminal shows them, always, or never. NO_COLOR is heeded.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
}

/// When output has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// Where a terminal shows them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List requests.
    Requests(RequestFilters),

    /// Show one request: its verdict, findings, statements, queries.
    Request {
        /// Id of the request; the last 6 digits or more are enough for one of the newest 500.
        id: String,
        /// List its single queries too, with their values.
        #[arg(long)]
        queries: bool,
    },

    /// List what was found across requests, what costs most first, and what became of it.
    Findings {
        #[command(flatten)]
        filters: FindingFilters,
        /// Add what is listed to a file of known findings, which the app reads by
        /// `Silk::builder().baseline(FILE)`. What stands there stays.
        #[arg(long, value_name = "FILE")]
        write_baseline: Option<PathBuf>,
    },

    /// List routes by the time they took.
    Routes(TopFilters),

    /// Show one route: its figures, statements, and how each build fared.
    Route {
        /// The route as `silk routes` prints it: "GET /people/{id}", or "job nightly report".
        name: String,
        #[command(flatten)]
        window: WindowFilter,
    },

    /// List lines of code by the time of their queries, over all requests.
    Hotspots(TopFilters),

    /// List statements by the time they took.
    Statements(StatementFilters),

    /// Show one statement: its times, routes, lines, findings and plans.
    Statement {
        /// Fingerprint of the statement: 16 hex digits.
        fingerprint: String,
        #[command(flatten)]
        window: WindowFilter,
    },

    /// Show a query plan as a tree, with what the rules say about it.
    Plan {
        /// Id of the plan; `silk statement` and `silk request --queries` list them.
        id: String,
    },

    /// Show profiler health: recorded, lost and why, what it costs.
    Health,

    /// Remove every record, with statistics, statements and plans.
    Clear {
        /// Do not ask first.
        #[arg(long)]
        yes: bool,
    },

    /// Open the dashboard on a store whose app is not running.
    Serve {
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:3100")]
        listen: SocketAddr,
    },

    /// Wait for the next matching request and show it whole.
    Await {
        #[command(flatten)]
        filters: AwaitFilters,
        /// Take the first match that started after this request, also one that is recorded already.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Seconds to wait.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
    },

    /// Send a recorded request again.
    ///
    /// Parts that were redacted or cut are not made up: such a request is refused. Only GET and
    /// HEAD are sent unless --allow-writes is given.
    Replay {
        /// Id of the request.
        id: String,
        /// Where to send it: scheme, host and port of the app, as http://127.0.0.1:3000.
        #[arg(long, value_name = "URL")]
        to: String,
        /// Send other methods than GET and HEAD too: they may change data.
        #[arg(long)]
        allow_writes: bool,
        /// A header in place of one that was redacted, as 'authorization: Bearer …'; may be given
        /// several times.
        #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
        headers: Vec<String>,
    },

    /// Run the query that a finding offers beside those it stands for, and compare the rows.
    ///
    /// The app runs both, read-only, in one snapshot, rolled back and limited in time. Fails with
    /// exit code 1 where the rows are not the same, or it is not known.
    Prove {
        /// Id of the request.
        id: String,
        /// Fingerprint of the repeated statement; that of the first finding that offers a query
        /// unless given.
        #[arg(long, value_name = "FINGERPRINT")]
        statement: Option<String>,
        /// Run it although the app's role is a superuser, whom read-only mode does not stop.
        #[arg(long)]
        confirmed: bool,
    },

    /// Compare two requests: statements gone, added, faster, slower.
    Compare {
        /// What was before: the id of a request, or another side that the API names.
        a: String,
        /// What is now.
        b: String,
    },

    /// Compare a request with another, or with the newest of the same method and path.
    Diff {
        /// The request before the change.
        a: String,
        /// The request after it; the newest of the same method and path unless given.
        b: Option<String>,
    },

    /// Print a recorded request as a Rust test.
    SaveAsTest {
        /// Id of the request.
        id: String,
    },

    /// Talk the Model Context Protocol on standard input and output, for coding agents.
    Mcp {
        /// Let the tool `replay` send recorded GET and HEAD requests there.
        #[arg(long, value_name = "URL")]
        replay_to: Option<String>,
    },

    /// Check recordings of tests against a baseline; prints a verdict in Markdown.
    ///
    /// Fails where a recording runs more queries than in the baseline, has a finding that was not
    /// there, or passes a limit. Tests leave recordings with SILK_RECORD=DIR.
    Check {
        /// Folder of the recordings.
        recordings: PathBuf,
        /// File that holds what was accepted.
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
        /// Make the baseline from these recordings.
        #[arg(long)]
        write_baseline: bool,
        /// Queries that no recording may pass.
        #[arg(long, value_name = "N")]
        max_queries: Option<u64>,
        /// 95th percentile that no route may pass, in milliseconds.
        #[arg(long, value_name = "MS")]
        max_p95: Option<u64>,
    },

    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}
