//! What each way to the queries can tell: words of the health page.

use silk_core::{
    Database, DatabaseKind,
    vitals::{CaptureLevel, CaptureStatus},
    words::counted,
};

use crate::record::{PoolNote, RecorderConfig};

const OFF: &str = "switched off in the builder";
const POOL: &str = "let pool = silk.pool(pool);";

/// The ways there are.
pub(super) struct Ways<'a> {
    pub(super) pools: &'a [PoolNote],
    /// Databases that the app named for EXPLAIN alone.
    pub(super) explained: &'a [Database],
    /// Queries that passed the pools by.
    pub(super) past: u64,
    /// Those of them of which the tracing layer knows no line either.
    pub(super) past_without_site: u64,
    /// Whether the tracing layer hears sqlx.
    pub(super) hears: bool,
}

impl Ways<'_> {
    pub(super) fn values(&self, config: &RecorderConfig) -> CaptureStatus {
        if !config.capture_values {
            return status("values", CaptureLevel::Off, OFF.to_owned(), None);
        }
        self.pools_only("values").unwrap_or_else(|| {
            // An ORM that keeps sqlx's own pool cannot take ours.
            let (reason, remedy) = if self.explained.is_empty() {
                ("no instrumented pool", Some(POOL))
            } else {
                (
                    "sqlx's events carry none; an instrumented pool would, where the code can take one",
                    None,
                )
            };
            status("values", CaptureLevel::Off, reason.to_owned(), remedy)
        })
    }

    pub(super) fn call_sites(&self, config: &RecorderConfig) -> CaptureStatus {
        const WHAT: &str = "call sites";
        if !config.capture_call_sites {
            return status(WHAT, CaptureLevel::Off, OFF.to_owned(), None);
        }
        if !self.pools.is_empty() {
            return self.call_sites_of_pools(WHAT);
        }
        if !self.hears {
            let reason = "no instrumented pool".to_owned();
            return status(WHAT, CaptureLevel::Off, reason, Some(POOL));
        }
        if !config.layer_call_sites {
            let reason =
                "the tracing layer can tell them on PostgreSQL and MySQL; it is switched off";
            let remedy = "Silk::builder().layer_call_sites(true)";
            return status(WHAT, CaptureLevel::Off, reason.to_owned(), Some(remedy));
        }
        let only_sqlite = !self.explained.is_empty()
            && self
                .explained
                .iter()
                .all(|database| database.kind == DatabaseKind::Sqlite);
        if only_sqlite {
            let reason =
                "SQLite runs queries on a thread of its own: only an instrumented pool knows";
            return status(WHAT, CaptureLevel::Off, reason.to_owned(), Some(POOL));
        }
        let reason = "through the tracing layer, on PostgreSQL and MySQL; SQLite runs queries on a \
                      thread of its own";
        status(WHAT, CaptureLevel::Partial, reason.to_owned(), None)
    }

    /// What is known of lines where there are pools: of queries past them the tracing layer may
    /// know them.
    fn call_sites_of_pools(&self, what: &str) -> CaptureStatus {
        let (level, reason) = match (self.past, self.past_without_site) {
            (0, _) => (CaptureLevel::Full, "through instrumented pools".to_owned()),
            (past, 0) => (
                CaptureLevel::Full,
                format!(
                    "through instrumented pools, and through the tracing layer for {} past them",
                    counted(past, "query")
                ),
            ),
            (past, without) => (
                CaptureLevel::Partial,
                format!(
                    "through instrumented pools; {} past them, {without} without a line",
                    counted(past, "query")
                ),
            ),
        };
        status(what, level, reason, None)
    }

    pub(super) fn explain(&self, is_on: bool) -> CaptureStatus {
        const WHAT: &str = "EXPLAIN";
        if !is_on {
            return status(WHAT, CaptureLevel::Off, OFF.to_owned(), None);
        }
        if !self.pools.is_empty() {
            let reason = "through instrumented pools".to_owned();
            return status(WHAT, CaptureLevel::Full, reason, None);
        }
        let names: Vec<String> = self
            .explained
            .iter()
            .map(|database| format!("{} `{}`", database.kind, database.name))
            .collect();
        if names.is_empty() {
            let remedy = "let pool = silk.pool(pool);\n\
                          // or, where the app keeps sqlx's own pool (SeaORM:\n\
                          // db.get_postgres_connection_pool()):\nsilk.explain_with(&pool);";
            let reason = "no pool is known".to_owned();
            return status(WHAT, CaptureLevel::Off, reason, Some(remedy));
        }
        // Values are not known, so that plans are generic or of texts without parameters.
        let reason = format!(
            "through explain_with, of {}; without values PostgreSQL gives generic plans, other \
             databases those of queries without parameters",
            names.join(", ")
        );
        status(WHAT, CaptureLevel::Partial, reason, None)
    }

    /// What pools capture, where there are any.
    fn pools_only(&self, what: &str) -> Option<CaptureStatus> {
        if self.pools.is_empty() {
            return None;
        }
        Some(if self.past > 0 {
            let reason = format!(
                "through instrumented pools; {} ran past them",
                counted(self.past, "query")
            );
            status(what, CaptureLevel::Partial, reason, None)
        } else {
            let reason = "through instrumented pools".to_owned();
            status(what, CaptureLevel::Full, reason, None)
        })
    }
}

/// Says which types let queries pass a pool by, and what to write instead.
pub(super) fn past_pools(past: u64, pools: &[PoolNote]) -> CaptureStatus {
    let mut prefixes: Vec<&str> = Vec::new();
    for pool in pools {
        let prefix = match pool.kind {
            DatabaseKind::Postgres => "Pg",
            DatabaseKind::MySql => "MySql",
            DatabaseKind::Sqlite => "Sqlite",
            DatabaseKind::Unknown => continue,
        };
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    let all = |write: fn(&str) -> String, between: &str| {
        let written: Vec<String> = prefixes.iter().map(|prefix| write(prefix)).collect();
        written.join(between)
    };
    let lost = all(
        |prefix| format!("`&sqlx::{prefix}Pool`, `&mut sqlx::{prefix}Connection`"),
        ", ",
    );
    let instead = all(
        |prefix| {
            format!(
                "async fn with_pool(pool: &tower_silk::{prefix}Pool) {{ … }}\n\
                 async fn with_connection(connection: &mut tower_silk::{prefix}Connection) {{ … }}"
            )
        },
        "\n",
    );
    CaptureStatus {
        what: "queries past Silk".to_owned(),
        level: CaptureLevel::Partial,
        reason: format!(
            "{} ran on an instrumented pool's connections past Silk, where the code takes {lost}: \
             without values",
            counted(past, "query")
        ),
        remedy: Some(instead),
    }
}

fn status(what: &str, level: CaptureLevel, reason: String, remedy: Option<&str>) -> CaptureStatus {
    CaptureStatus {
        what: what.to_owned(),
        level,
        reason,
        remedy: remedy.map(ToOwned::to_owned),
    }
}
