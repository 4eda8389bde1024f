//! How the database would run what a test ran: asked after the recording, and asserted.

use std::{collections::HashSet, fmt::Write as _, sync::Arc};

use silk_core::{
    CallSite, Database, DatabaseKind, Explain, ExplainError, ExplainMode, ExplainQuery,
    QueryRecord, Redactor, SqlText, Statement, sql, words::counted,
};
use silk_explain::{ExplainConfig, ExplainDatabase, Explainer};
use silk_plan::{
    Plan, PlanNode,
    advice::{TableWants, wants_of_sql},
};
use sqlx_core::pool::Pool;

use super::{
    Recorded,
    assertions::{PLAN, fail},
    message::Message,
    violation::Violation,
};

/// The plans of what a test ran.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn test(pool: sqlx::SqlitePool) {
/// use tower_silk::testing;
///
/// # let list = |_| async {};
/// let pool = testing::pool(pool);
/// let recorded = testing::record(list(pool.clone())).await;
/// recorded.explain(&pool).await.assert_no_full_scans();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "plans are there to be asserted"]
pub struct Explained<'a, T> {
    recorded: &'a Recorded<T>,
    statements: Vec<StatementPlan>,
}

/// A statement that a test ran, with the plan that the database has for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatementPlan {
    /// The statement.
    pub statement: Arc<Statement>,
    /// The line that ran it first.
    pub call_site: Option<CallSite>,
    /// Its plan, estimated for the values of its first run; or why there is none.
    pub plan: Result<Plan, String>,
    /// Its text, for what it asks of each table.
    sql: String,
}

impl<T> Recorded<T> {
    /// Asks the database how it would run each statement that was recorded, with the values of its
    /// first run. Nothing is run: it is `EXPLAIN` without `ANALYZE`, on a connection of its own to
    /// where the pool leads, so what a test has not committed is not seen.
    ///
    /// On PostgreSQL, sequential scans are switched off for it (`enable_seqscan`): with the few rows
    /// of a test every plan would be one, whatever indexes there are.
    ///
    /// Needs a Tokio runtime.
    pub async fn explain<DB: ExplainDatabase>(&self, pool: &Pool<DB>) -> Explained<'_, T> {
        let options = DB::preferring_indexes((*pool.connect_options()).clone());
        let pool = pool.options().clone().connect_lazy_with(options);
        let explainer = Explainer::new(
            Arc::new(Redactor::default()),
            tokio::runtime::Handle::current(),
            ExplainConfig::default(),
        );
        let database = explainer.register(&pool);
        let mut statements = Vec::new();
        for (query, text) in self.firsts() {
            statements.extend(self.ask(&explainer, &database, query, text).await);
        }
        pool.close().await;
        Explained {
            recorded: self,
            statements,
        }
    }

    /// The first run of each statement that has a plan.
    fn firsts(&self) -> impl Iterator<Item = (&QueryRecord, &SqlText)> {
        let detail = &self.record.detail;
        let mut known = HashSet::new();
        detail.queries.iter().filter_map(move |query| {
            let text = detail.texts.get(usize::try_from(query.text).ok()?)?;
            let has_plan = sql::is_explainable(&text.text, text.statement.database);
            (has_plan && known.insert(text.statement.fingerprint)).then_some((query, text))
        })
    }

    async fn ask(
        &self,
        explainer: &Explainer,
        database: &Database,
        query: &QueryRecord,
        text: &SqlText,
    ) -> Option<StatementPlan> {
        let site = query.call_site.and_then(|at| usize::try_from(at).ok());
        let answer = explainer
            .explain(ExplainQuery {
                database: database.clone(),
                sql: text.text.to_string(),
                is_redacted: text.is_redacted,
                values: query.values.clone(),
                mode: match (&query.values, database.kind) {
                    // Seen by the tracing layer alone.
                    (None, DatabaseKind::Postgres) => ExplainMode::Generic,
                    _ => ExplainMode::Estimated,
                },
            })
            .await;
        let plan = match answer {
            // SQLite has no plan for what reads nothing.
            Ok(output) if output.raw.trim().is_empty() => return None,
            Ok(output) => {
                Plan::parse(output.format, &output.raw).map_err(|error| error.to_string())
            }
            Err(ExplainError::Refused { reason, .. }) => Err(reason),
            Err(ExplainError::Failed { message }) => Err(message),
        };
        Some(StatementPlan {
            statement: Arc::clone(&text.statement),
            call_site: site.and_then(|at| self.record.detail.call_sites.get(at).cloned()),
            plan,
            sql: text.text.to_string(),
        })
    }
}

impl<T> Explained<'_, T> {
    /// Each statement that has a plan, in the order of first runs.
    #[must_use]
    pub fn statements(&self) -> &[StatementPlan] {
        &self.statements
    }

    /// Fails where a table is read whole though the statement asks for some of its rows: no index
    /// serves its conditions. Conditions that no index serves (`LIKE '%x%'`) do not count.
    ///
    /// # Panics
    /// Where such a scan is no known debt, or a statement could not be explained.
    #[track_caller]
    pub fn assert_no_full_scans(&self) -> &Self {
        self.assert_no_full_scans_but(&[])
    }

    /// The same, with tables that stay so small that reading them whole is right.
    ///
    /// # Panics
    /// As [`assert_no_full_scans`](Self::assert_no_full_scans).
    #[track_caller]
    pub fn assert_no_full_scans_but(&self, small_tables: &[&str]) -> &Self {
        self.assert_plans(|one, plan| {
            let wants = wants_of_sql(&one.sql, one.statement.database);
            let scans: Vec<String> = plan
                .nodes()
                .filter(|node| reads_all(node) && is_searched(node, &wants))
                .filter_map(|node| node.relation.clone())
                .filter(|table| !small_tables.contains(&&**table))
                .collect();
            if scans.is_empty() {
                return Ok(());
            }
            Err(format!(
                "reads all of {}: no index serves its conditions",
                scans.join(", ")
            ))
        })
    }

    /// Fails where `check` says what is wrong with a plan.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn test(recorded: tower_silk::testing::Recorded<()>, pool: sqlx::SqlitePool) {
    /// recorded.explain(&pool).await.assert_plans(|_, plan| {
    ///     let is_used = plan.nodes().any(|node| node.index.as_deref() == Some("message_by_thread"));
    ///     is_used.then_some(()).ok_or_else(|| "does not use message_by_thread".to_owned())
    /// });
    /// # }
    /// ```
    ///
    /// # Panics
    /// Where it does and that is no known debt, or a statement could not be explained.
    #[track_caller]
    pub fn assert_plans(
        &self,
        check: impl Fn(&StatementPlan, &Plan) -> Result<(), String>,
    ) -> &Self {
        self.recorded.assert_sighted();
        let mut faults = Vec::new();
        for one in &self.statements {
            match &one.plan {
                Ok(plan) => {
                    if let Err(words) = check(one, plan) {
                        faults.push((one, words));
                    }
                }
                Err(reason) => fail(&format!(
                    "{}: the plan of a statement is not known, because {reason}\n  {}",
                    self.recorded.name(),
                    one.statement.normalized
                )),
            }
        }
        let violations: Vec<Violation> = faults
            .iter()
            .map(|(one, _)| Violation::new(PLAN, Some(&one.statement), one.call_site.as_ref(), 1))
            .collect();
        let Some(known) = self.recorded.known(|kind| kind == PLAN, &violations) else {
            return self;
        };
        let is_new = |violation: &Violation| !violation.standing(&known).is_allowed();
        let failed: Vec<&(&StatementPlan, String)> = faults
            .iter()
            .zip(&violations)
            .filter(|(_, violation)| is_new(violation))
            .map(|(fault, _)| fault)
            .collect();
        if !failed.is_empty() {
            fail(&self.message(&failed));
        }
        self.recorded.note(&violations, &known);
        self
    }

    fn message(&self, failed: &[&(&StatementPlan, String)]) -> String {
        let number = u64::try_from(failed.len()).unwrap_or(u64::MAX);
        let mut message = Message::new(format!(
            "{}: {}.",
            self.recorded.name(),
            counted(number, "plan is not as it must be")
        ));
        for (one, words) in failed {
            let mut text = format!("\n{words}\n  {}", one.statement.normalized);
            if let Some(site) = &one.call_site {
                let _ = write!(text, "\n  from {site}");
            }
            for line in one.plan.iter().flat_map(lines) {
                let _ = write!(text, "\n    {line}");
            }
            message.line(&text);
        }
        message.with_way_out(self.recorded)
    }
}

/// Whether a node reads all of a table, whatever it asks for.
fn reads_all(node: &PlanNode) -> bool {
    let detail = |name: &str| node.details.iter().any(|(known, _)| known == name);
    match &*node.node_type {
        // MySQL prefers that for few rows, and says which indexes it could have used.
        "Table scan" => !detail("possible_keys"),
        "SCAN" => node.index.is_none(),
        // SQLite builds an index for the run, because none is there.
        "SEARCH" => detail("Automatic index"),
        name => name.ends_with("Seq Scan"),
    }
}

/// Whether the statement asks for some rows of the table that a node reads.
fn is_searched(node: &PlanNode, wants: &[TableWants]) -> bool {
    let Some(relation) = &node.relation else {
        return false;
    };
    let name = node.alias.as_ref().unwrap_or(relation);
    wants.iter().any(|one| {
        let is_it = one.alias.eq_ignore_ascii_case(name) || one.table.eq_ignore_ascii_case(name);
        is_it && one.is_searched()
    })
}

/// A plan in a few lines, children further in.
fn lines(plan: &Plan) -> Vec<String> {
    const MOST: usize = 12;
    let mut lines = Vec::new();
    let mut open = vec![(&plan.root, 0)];
    while let Some((node, depth)) = open.pop() {
        let mut line = format!("{:indent$}{}", "", node.node_type, indent = depth * 2);
        for (word, part) in [("on", &node.relation), ("using", &node.index)] {
            if let Some(part) = part {
                let _ = write!(line, " {word} {part}");
            }
        }
        lines.push(line);
        if lines.len() == MOST {
            lines.push("…".to_owned());
            break;
        }
        open.extend(node.children.iter().rev().map(|child| (child, depth + 1)));
    }
    lines
}
