//! Options of the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, ValueEnum};

/// The demonstration app of tower-silk: an API over people, threads and messages, written with the
/// faults that a profiler finds.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Database: `sqlite:FILE`, `postgres://…` or `mysql://…`; made and filled where it is empty.
    #[arg(
        long,
        env = "WEAVE_DATABASE",
        default_value = "sqlite:weave.db",
        hide_env_values = true
    )]
    pub(crate) database: String,

    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "WEAVE_LISTEN", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// File that Silk keeps its records in: a path, `sqlite://FILE`, or `sqlite::memory:`.
    #[arg(long, env = "WEAVE_SILK", default_value = "weave-silk.db")]
    pub(crate) store: PathBuf,

    /// How much Silk sees.
    #[arg(long, env = "WEAVE_CAPTURE", value_enum, default_value_t = Capture::Pool)]
    pub(crate) capture: Capture,

    /// Which plans Silk gets.
    #[arg(long, env = "WEAVE_PLANS", value_enum, default_value_t = PlanChoice::Real)]
    pub(crate) plans: PlanChoice,

    /// Send a little traffic to itself, so that there is something to look at.
    #[arg(long)]
    pub(crate) demo: bool,

    /// Whether a `tracing` subscriber is set; the pool tier works without.
    #[arg(long, env = "WEAVE_SUBSCRIBER", value_enum, default_value_t = Switch::On, hide = true)]
    pub(crate) subscriber: Switch,

    /// Add the index that the newest messages want, so that a sort does not drown what is measured.
    #[arg(long, hide = true)]
    pub(crate) indexed: bool,

    /// Connections of the pool.
    #[arg(long, env = "WEAVE_CONNECTIONS", default_value_t = 10, hide = true)]
    pub(crate) connections: u32,
}

/// How much Silk sees of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Capture {
    /// Nothing: the app as it is without Silk.
    Off,
    /// What the tower and the tracing layer see: no values, errors or call sites.
    Layer,
    /// Everything: the pools are Silk's.
    Pool,
}

/// Which plans Silk gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanChoice {
    /// None.
    Off,
    /// Those that a person asks for.
    OnDemand,
    /// Estimated ones too, by itself, for new, slow and failed statements.
    Automatic,
    /// Those of the real runs too, where the database tells them (PostgreSQL).
    Real,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}
