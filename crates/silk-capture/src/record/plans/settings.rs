//! Which plans are collected, when, and at what price.

use std::time::Duration;

/// When Silk collects query plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// Never, not even when a person asks.
    Off,
    /// When a person asks.
    OnDemand,
    /// When a person asks, and automatically for new, slow and failed statements.
    Automatic,
}

/// Which plans Silk collects, when, and at what price.
///
/// The default is [`automatic`](Self::automatic): a slow query already has its plan when
/// you open it.
/// That harms nothing: plans are asked for after the request, on one connection of Silk's own,
/// without running the statement, and no more than 30 a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it does nothing before it is given to the builder"]
pub struct Plans {
    pub(crate) mode: PlanMode,
    pub(crate) slower_than: Duration,
    pub(crate) first_sight: bool,
    pub(crate) every: Duration,
    pub(crate) per_minute: u32,
    pub(crate) real_runs: Option<Duration>,
    pub(crate) timing: bool,
}

impl Default for Plans {
    fn default() -> Self {
        Self::automatic()
    }
}

impl Plans {
    /// No plans at all: nothing is asked of a database, by nobody.
    pub const fn off() -> Self {
        Self {
            mode: PlanMode::Off,
            slower_than: Duration::from_millis(10),
            first_sight: false,
            every: Duration::from_secs(15 * 60),
            per_minute: 0,
            real_runs: None,
            timing: false,
        }
    }

    /// Plans only when a person asks for one.
    ///
    /// Connections set up by the PostgreSQL hook tell the plans of their runs all the same: making
    /// the hook is asking for them. [`real_runs`](Self::real_runs) turns that off.
    pub const fn on_demand() -> Self {
        Self {
            mode: PlanMode::OnDemand,
            real_runs: Some(Duration::ZERO),
            ..Self::off()
        }
    }

    /// Plans by themselves: at the first sight of a statement, when it is slow, when it fails, and
    /// when a page is opened on a request that is newer than the plan of its statement. The page
    /// then also asks which index would help, where a finding lacks one.
    pub const fn automatic() -> Self {
        Self {
            mode: PlanMode::Automatic,
            first_sight: true,
            per_minute: 30,
            real_runs: Some(Duration::ZERO),
            ..Self::off()
        }
    }

    /// Asks for the plan of queries that take at least so long. Default 10 ms; less asks for more
    /// statements, and finds out sooner when the plan of a fast one changes.
    pub const fn slower_than(mut self, threshold: Duration) -> Self {
        self.slower_than = threshold;
        self
    }

    /// Whether the plan of a statement is asked for when it is first seen, however fast it is.
    /// Default yes.
    pub const fn first_sight(mut self, is_on: bool) -> Self {
        self.first_sight = is_on;
        self
    }

    /// How long a statement is left alone after it was asked about. Default 15 minutes; less sees
    /// a changed plan sooner, and asks more.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// Most statements asked about in a minute, over all databases. Default 30; more learns a
    /// large app sooner. One takes a database 0.1 to 1 ms, for planning.
    pub const fn per_minute(mut self, statements: u32) -> Self {
        self.per_minute = statements;
        self
    }

    /// From which duration on PostgreSQL tells the plan of a run on connections that Silk's hook
    /// has set up, `None` for never. Default: of all runs.
    ///
    /// Telling one takes 20 to 40 µs. A threshold saves that for fast runs (their form of plan is
    /// then not known) but not the counting of rows within every run, 4 to 20 % of long ones.
    pub const fn real_runs(mut self, from: Option<Duration>) -> Self {
        self.real_runs = from;
        self
    }

    /// Whether the time of each node is measured in real runs. Default no: reading the clock
    /// makes long runs 35 to 70 % longer. Rows, loops and buffers are exact either way.
    pub const fn timing(mut self, is_on: bool) -> Self {
        self.timing = is_on;
        self
    }

    /// When Silk collects query plans.
    #[must_use]
    pub const fn mode(&self) -> PlanMode {
        self.mode
    }
}
