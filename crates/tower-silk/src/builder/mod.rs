//! Sets up a profiler: every setting, with its default.

mod baseline;
mod build;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use silk_capture::{Plans, RecorderConfig};
use silk_core::{
    DatabaseKind, Redactor, Store,
    finding::{Ignore, Thresholds},
    redact::RedactorBuilder,
    store::Budget,
};
use silk_explain::ExplainConfig;
#[cfg(feature = "ui")]
use silk_ui::{Access, Editor, Targets};

use crate::silk::Silk;

/// Sets up a [`Silk`](crate::Silk); made by [`Silk::builder`](crate::Silk::builder).
///
/// Only the store has to be chosen. Every setting has a default that suits a laptop and a small
/// service.
#[derive(Debug)]
#[must_use = "nothing is recorded before `build`"]
pub struct SilkBuilder {
    store: Option<StoreChoice>,
    config: RecorderConfig,
    baselines: Vec<PathBuf>,
    redactor: RedactorBuilder,
    token: Option<String>,
    explain_timeout: Duration,
    explain_background_timeout: Duration,
    #[cfg(feature = "ui")]
    access: Access,
    #[cfg(feature = "ui")]
    editor: Option<Editor>,
    #[cfg(feature = "ui")]
    targets: Targets,
}

#[derive(Debug)]
enum StoreChoice {
    Memory,
    #[cfg(feature = "store-sqlite")]
    Sqlite(PathBuf),
    Other(Arc<dyn Store>),
}

impl Silk {
    /// Starts to set up a profiler. Call it in the app's own code: from its place there, call sites
    /// are named relative to the app's workspace, wherever the app is started.
    #[track_caller]
    pub fn builder() -> SilkBuilder {
        silk_capture::writer::call_site::workspace::note(std::panic::Location::caller());
        SilkBuilder::new()
    }
}

impl SilkBuilder {
    fn new() -> Self {
        Self {
            store: None,
            config: RecorderConfig::default(),
            baselines: Vec::new(),
            redactor: Redactor::builder(),
            token: None,
            explain_timeout: ExplainConfig::default().timeout,
            explain_background_timeout: ExplainConfig::default().background_timeout,
            #[cfg(feature = "ui")]
            access: Access::default(),
            #[cfg(feature = "ui")]
            editor: None,
            #[cfg(feature = "ui")]
            targets: Targets::default(),
        }
    }

    /// Keeps records in an SQLite file of Silk's own; made when it is not there. Takes a path
    /// (`silk.db`) or a URL (`sqlite://silk.db`); `sqlite::memory:` is [`in_memory`](Self::in_memory).
    ///
    /// A file that cannot be opened is said at start, in the app's log or on standard error. It is
    /// no error: the app runs, records are counted as lost, and the file is tried again.
    ///
    /// Do not name the app's database: the store's write lock must never block the app.
    #[cfg(feature = "store-sqlite")]
    pub fn sqlite(mut self, path: impl AsRef<Path>) -> Self {
        self.store = Some(StoreChoice::Sqlite(path.as_ref().to_owned()));
        self
    }

    /// Keeps records in memory; gone with the process. For tests and for a first look.
    pub fn in_memory(mut self) -> Self {
        self.store = Some(StoreChoice::Memory);
        self
    }

    /// Keeps records in a store of your own.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(StoreChoice::Other(store));
        self
    }

    /// How much is kept. Default: 7 days, 1,000,000 requests, 1 GiB, whichever is reached first.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.config.budget = budget;
        self
    }

    /// Name of the service, shown in the head of every page. Default: the executable's name.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.config.service = Some(name.into());
        self
    }

    /// Build of the service (a version, a commit), to distinguish runs. Default: none.
    pub fn version(mut self, build: impl Into<String>) -> Self {
        self.config.build = Some(build.into());
        self
    }

    /// Who may open the dashboard. Default: only the [token](Self::token) opens it, in every build;
    /// where a request comes from opens nothing.
    #[cfg(feature = "ui")]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The editor that lines of source open in, by links beside the code that pages show. Default:
    /// none, and lines are no links.
    ///
    /// ```
    /// # use tower_silk::{Editor, Silk};
    /// let builder = Silk::builder().editor(Editor::vs_code());
    /// // The app runs in a container; who reads has the source elsewhere:
    /// let builder = builder.editor(Editor::zed().source_at("/home/ada/shop"));
    /// # let _ = builder;
    /// ```
    #[cfg(feature = "ui")]
    pub fn editor(mut self, editor: Editor) -> Self {
        self.editor = Some(editor);
        self
    }

    /// What routes are measured against on the Overview. Default: p50 150 ms, p95 300 ms, 10
    /// queries per request.
    #[cfg(feature = "ui")]
    pub fn targets(mut self, targets: Targets) -> Self {
        self.targets = targets;
        self
    }

    /// Which plans Silk collects, and when. Default: [`Plans::automatic`]: for statements that
    /// are new, slow or failed, in the background, without running them, at most 30 a minute.
    pub fn plans(mut self, plans: Plans) -> Self {
        self.config.plans = plans;
        self
    }

    /// How long a database may take over one plan. Default 2 s; more lets `ANALYZE` of slower
    /// queries through.
    pub fn explain_timeout(mut self, timeout: Duration) -> Self {
        self.explain_timeout = timeout;
        self
    }

    /// How long a database may take over a plan that nobody waits for. Default 500 ms; more lets
    /// plans of slow planning through, up to [`explain_timeout`](Self::explain_timeout).
    pub fn explain_background_timeout(mut self, timeout: Duration) -> Self {
        self.explain_background_timeout = timeout;
        self
    }

    /// The token that opens the dashboard, at least 16 characters. Default: the environment's
    /// `SILK_TOKEN`, else 32 random hex digits.
    ///
    /// Debug builds that keep records in a file keep the random token beside it (`silk.db-token`,
    /// for its owner only), so that the link stays the same at the next start. In release builds,
    /// and in memory, it is new at every start.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Which database the tracing layer's queries went to, for an app without instrumented pools.
    /// Default: that of [`Silk::explain_with`](crate::Silk::explain_with), else not known; SQL is then read in a dialect that suits all three.
    pub fn database(mut self, kind: DatabaseKind) -> Self {
        self.config.layer_database = kind;
        self
    }

    /// Share of requests to keep, from 0.0 to 1.0. Default 1.0.
    ///
    /// All are counted in the statistics; a smaller share makes the store last longer.
    pub fn sample(mut self, share: f64) -> Self {
        self.config.sample_share = share;
        self
    }

    /// Does not keep requests whose path begins with `prefix` (health checks, assets); they are
    /// counted all the same.
    pub fn skip_path(mut self, prefix: impl Into<String>) -> Self {
        self.config.skip_paths.push(prefix.into());
        self
    }

    /// Keeps only requests for which `keep` says yes, given method and path; the others are
    /// counted all the same. Runs at the start of each request: keep it cheap.
    pub fn sample_if(mut self, keep: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        self.config.keep = Some(Arc::new(keep));
        self
    }

    /// Logs queries that take at least so long, as one `tracing` event at WARN with target
    /// `silk::slow_query`. Default: off.
    pub fn slow_query(mut self, threshold: Duration) -> Self {
        self.config.slow_query = Some(threshold);
        self
    }

    /// From what on findings are made: how often a query must repeat, what it must cost. Default:
    /// [`Thresholds::default`]; each field tells what a larger and a smaller one costs.
    ///
    /// ```
    /// # use tower_silk::{Silk, Thresholds};
    /// // Five rows of development data are enough for a finding.
    /// let silk = Silk::builder().in_memory().findings(Thresholds {
    ///     min_calls: 5,
    ///     min_lost: std::time::Duration::ZERO,
    ///     ..Thresholds::default()
    /// });
    /// ```
    pub fn findings(mut self, thresholds: Thresholds) -> Self {
        self.config.thresholds = thresholds;
        self
    }

    /// Accepts findings of a rule: on a route, of a statement, from a call site. They are kept with the
    /// request and shown folded on its page with the reason; lists, sums and the verdict leave them
    /// out. The rules are those of requests: [`rules`](crate::rules) has their names.
    ///
    /// ```
    /// # use tower_silk::{Ignore, Silk, rules};
    /// let silk = Silk::builder()
    ///     .in_memory()
    ///     .ignore(
    ///         rules::COUNTS_EVERYTHING,
    ///         Ignore::route("GET /admin/events"),
    ///         "two people open it; the exact number is wanted",
    ///     )
    ///     .ignore(
    ///         rules::REPEATED_STATEMENT,
    ///         Ignore::call_site("src/legacy/export.rs"),
    ///         "goes with the old export in May",
    ///     );
    /// ```
    ///
    /// A name that no rule has is an error of [`build`](Self::build).
    pub fn ignore(
        mut self,
        rule: impl Into<String>,
        place: Ignore,
        reason: impl Into<String>,
    ) -> Self {
        self.config.ignored.add(rule, place, reason);
        self
    }

    /// Whether bound values are kept (redacted). Default: yes.
    pub fn values(mut self, is_on: bool) -> Self {
        self.config.capture_values = is_on;
        self
    }

    /// Whether call sites are kept. Default: yes; off saves about 1 to 5 µs per query.
    pub fn call_sites(mut self, is_on: bool) -> Self {
        self.config.capture_call_sites = is_on;
        self
    }

    /// Whether call sites are kept of queries that only the tracing layer sees (without an
    /// instrumented pool, or past it). Default: in debug builds yes, in release builds no.
    ///
    /// PostgreSQL's and MySQL's drivers tell of a query on the stack of the code that awaits it,
    /// so that its line is known: the stack is walked once per query, further than from the
    /// pool. SQLite's driver works on a thread of its own, and there are none.
    /// [`call_sites(false)`](Self::call_sites) switches these off as well.
    pub fn layer_call_sites(mut self, is_on: bool) -> Self {
        self.config.layer_call_sites = is_on;
        self
    }

    /// Whether request and response headers are kept (redacted). Default: yes; off saves about
    /// 1 µs per request.
    pub fn headers(mut self, is_on: bool) -> Self {
        self.config.capture_headers = is_on;
        self
    }

    /// How many bytes of each body are kept, text only and redacted. Default 16 KiB; 0 keeps none.
    pub fn body_bytes(mut self, limit: usize) -> Self {
        self.config.body_bytes = limit;
        self
    }

    /// Bytes kept of each bound value. Default
    /// [`DEFAULT_VALUE_BYTES`](silk_capture::record::DEFAULT_VALUE_BYTES).
    ///
    /// More shows long texts and lists whole, and lets queries with them be bound again for
    /// EXPLAIN; it takes that much more of the memory budget and of the store per value. Values are
    /// cut before they are copied.
    pub fn value_bytes(mut self, limit: usize) -> Self {
        self.config.value_bytes = limit;
        self
    }

    /// Whether responses carry `Silk-Id` (names the record) and `Server-Timing` (queries and their
    /// time, shown by browsers' own tools). Default: in debug builds yes, in release builds no.
    ///
    /// They go to everybody, not only to who may open the dashboard: how many queries ran can tell
    /// a stranger whether an account exists.
    pub fn response_headers(mut self, is_on: bool) -> Self {
        self.config.response_headers = is_on;
        self
    }

    /// Adds a name whose values are secrets, in headers, bodies, queries, columns and logs.
    pub fn sensitive(mut self, name: impl AsRef<str>) -> Self {
        self.redactor = self.redactor.sensitive(name);
        self
    }

    /// Takes a name out of the list of secrets.
    pub fn not_sensitive(mut self, name: impl AsRef<str>) -> Self {
        self.redactor = self.redactor.not_sensitive(name);
        self
    }

    /// Slots of the queue between requests and writer. Default 2,048; more rides out longer
    /// pauses of the store and holds more memory meanwhile.
    pub fn queue_capacity(mut self, slots: usize) -> Self {
        self.config.queue_capacity = slots;
        self
    }

    /// Memory for everything not yet stored, active requests included, in bytes. Default 64 MiB.
    pub fn memory_bytes(mut self, bytes: usize) -> Self {
        self.config.memory_bytes = bytes;
        self
    }

    /// Queries kept in full per request. Default 20,000; beyond it counts per statement stay exact.
    pub fn max_queries(mut self, queries: usize) -> Self {
        self.config.max_queries = queries;
        self
    }

    /// Spans of the app of this level and above are kept. Default `INFO`; `DEBUG` shows more and
    /// costs about 1 µs per span.
    pub fn span_level(mut self, level: tracing::Level) -> Self {
        self.config.span_level = level;
        self
    }

    /// The folder of the app's source: call sites are named from there on, and source lines below
    /// it are shown. Default: the workspace that the app was built in, wherever it is started; give
    /// it where the source lies elsewhere than it was built.
    pub fn source_root(mut self, path: impl AsRef<Path>) -> Self {
        self.config.source_root = Some(path.as_ref().to_owned());
        self
    }
}
