//! Filters of lists: the names that the API has for them, and its values unchanged.

use clap::Args;

use crate::api::Query;

/// Filters of a list of requests. All apply together.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RequestFilters {
    /// Kind of work: request, job or test.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// HTTP method.
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// Route template; `*` stands for any text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) route: Option<String>,
    /// Path as sent; `*` stands for any text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) path: Option<String>,
    /// HTTP status: 404, 5xx or 400-499.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// At least so long, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) min_duration_ms: Option<String>,
    /// At least so many queries.
    #[arg(long, value_name = "N")]
    pub(crate) min_queries: Option<String>,
    /// Name of a rule that found something in it, or `any`.
    #[arg(long, value_name = "RULE")]
    pub(crate) finding: Option<String>,
    /// Runs the statement of this fingerprint.
    #[arg(long)]
    pub(crate) fingerprint: Option<String>,
    /// Text in the SQL or an error, or a trace id.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Started at or after: 15m, 1h, 7d ago, or 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Started before.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Order, largest first: -started_at, -duration_us, -query_time_us or -query_count.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// Rows at most, 1 to 500; 50 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<String>,
    /// Where the next page starts, as the page before said.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) cursor: Option<String>,
}

impl RequestFilters {
    pub(crate) fn query(&self) -> Query {
        given([
            ("kind", &self.kind),
            ("method", &self.method),
            ("route", &self.route),
            ("path", &self.path),
            ("status", &self.status),
            ("min_duration_ms", &self.min_duration_ms),
            ("min_queries", &self.min_queries),
            ("finding", &self.finding),
            ("fingerprint", &self.fingerprint),
            ("text", &self.text),
            ("since", &self.since),
            ("until", &self.until),
            ("sort", &self.sort),
            ("limit", &self.limit),
            ("cursor", &self.cursor),
        ])
    }
}

/// Which request is waited for. All apply together.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AwaitFilters {
    /// Kind of work: request, job or test.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// HTTP method.
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// Route template; `*` stands for any text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) route: Option<String>,
    /// Path as sent; `*` stands for any text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) path: Option<String>,
    /// HTTP status: 404, 5xx or 400-499.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// At least so long, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) min_duration_ms: Option<String>,
    /// At least so many queries.
    #[arg(long, value_name = "N")]
    pub(crate) min_queries: Option<String>,
    /// Name of a rule that found something in it, or `any`.
    #[arg(long, value_name = "RULE")]
    pub(crate) finding: Option<String>,
}

impl AwaitFilters {
    pub(crate) fn query(&self) -> Query {
        given([
            ("kind", &self.kind),
            ("method", &self.method),
            ("route", &self.route),
            ("path", &self.path),
            ("status", &self.status),
            ("min_duration_ms", &self.min_duration_ms),
            ("min_queries", &self.min_queries),
            ("finding", &self.finding),
        ])
    }
}

/// Filters of a list of statements. All apply together.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StatementFilters {
    /// Text within the SQL.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Touches this table.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// Command: SELECT, INSERT, …
    #[arg(long)]
    pub(crate) command: Option<String>,
    /// Database: postgres, mysql, sqlite or unknown.
    #[arg(long)]
    pub(crate) database: Option<String>,
    /// Order, largest first: -total_us, -calls, -mean_us, -max_us or -calls_per_request.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// Rows at most, 1 to 500; 50 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<String>,
    /// Where the next page starts, as the page before said.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) cursor: Option<String>,
}

impl StatementFilters {
    pub(crate) fn query(&self) -> Query {
        given([
            ("text", &self.text),
            ("table", &self.table),
            ("command", &self.command),
            ("database", &self.database),
            ("sort", &self.sort),
            ("limit", &self.limit),
            ("cursor", &self.cursor),
        ])
    }
}

/// The stretch of time that figures are of.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WindowFilter {
    /// How far back: 15m, 1h, 24h or 7d; 1h unless given.
    #[arg(long, conflicts_with_all = ["since", "until"])]
    pub(crate) window: Option<String>,
    /// Start of the time to look at: 3h ago, or a time like 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Its end; now unless given.
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) until: Option<String>,
}

impl WindowFilter {
    pub(crate) fn query(&self) -> Query {
        given([
            ("window", &self.window),
            ("since", &self.since),
            ("until", &self.until),
        ])
    }
}

/// Narrows findings across requests.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FindingFilters {
    /// todo (what needs an answer), all, new, open, came_back, fixed, accepted or
    /// unknown (of plans); todo unless given.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Name of the rule.
    #[arg(long)]
    pub(crate) rule: Option<String>,
    /// Text within the route.
    #[arg(long)]
    pub(crate) route: Option<String>,
    /// Fingerprint of the statement it is about.
    #[arg(long)]
    pub(crate) fingerprint: Option<String>,
    #[command(flatten)]
    pub(crate) window: WindowFilter,
    /// Findings at most, 1 to 500; 100 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<String>,
}

impl FindingFilters {
    pub(crate) fn query(&self) -> Query {
        let mut query = given([
            ("state", &self.state),
            ("rule", &self.rule),
            ("route", &self.route),
            ("fingerprint", &self.fingerprint),
            ("limit", &self.limit),
        ]);
        query.extend(self.window.query());
        query
    }
}

/// A stretch of time, and how many rows.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TopFilters {
    #[command(flatten)]
    pub(crate) window: WindowFilter,
    /// Rows at most, 1 to 500; 100 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<String>,
}

impl TopFilters {
    pub(crate) fn query(&self) -> Query {
        let mut query = given([("limit", &self.limit)]);
        query.extend(self.window.query());
        query
    }
}

/// The parameters that were given.
fn given<const N: usize>(all: [(&'static str, &Option<String>); N]) -> Query {
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
}
