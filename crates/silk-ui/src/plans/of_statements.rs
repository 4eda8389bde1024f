//! Plans of the statements that take most time: what to mend first, whatever request it is in.

use chrono::{DateTime, Utc};
use silk_core::store::{StatementFilter, StatementSort, StatementSummary};
use silk_plan::PlanFinding;

use super::{judge::Known, kept, of_request::remarks, tables::Tables};
use crate::context::Here;

/// Statements that are looked at, those with most time in sum first.
const MOST_STATEMENTS: u32 = 10;
/// Statements that take less in sum are not worth a remark, in µs.
const WORTH_US: u64 = 100_000;

/// The worst that the plan of a statement tells.
pub(crate) struct Remark {
    pub(crate) statement: StatementSummary,
    pub(crate) plan_href: String,
    pub(crate) finding: PlanFinding,
}

/// What the plans of the statements with most time tell; nothing where the store is late, since
/// the page is worth showing without it. Statements that were not seen since then are left out.
pub(crate) async fn worst(here: &Here, since: DateTime<Utc>) -> Vec<Remark> {
    let filter = StatementFilter {
        sort: StatementSort::Total,
        limit: MOST_STATEMENTS,
        ..StatementFilter::default()
    };
    let statements = here.app.ask(|store| store.statements(&filter)).await;
    let tables = Tables::new(&here.app);
    let mut told = Vec::new();
    for statement in statements.map(|page| page.items).unwrap_or_default() {
        if statement.total_us < WORTH_US || statement.last_seen_at < since {
            continue;
        }
        let fingerprint = statement.statement.fingerprint;
        let plans = kept::of_statement(&here.app, fingerprint).await;
        let Some(plan) = kept::best(plans) else {
            continue;
        };
        let known = Known {
            calls: Some(statement.calls),
            is_top: true,
            ..Known::default()
        };
        let sql = &statement.statement.normalized;
        let found = remarks(&tables, &plan, sql, known).await;
        if let Some(finding) = found.into_iter().next() {
            told.push(Remark {
                plan_href: {
                    let node = finding
                        .node
                        .map_or(String::new(), |node| format!("#n{node}"));
                    format!("{}/plans/{}?of={fingerprint}{node}", here.base, plan.id)
                },
                statement,
                finding,
            });
        }
    }
    told
}
