//! What a plan wants of each table it reads.

mod conditions;
mod needed;
mod orders;
mod reader;

use silk_core::DatabaseKind;

use super::{expression::Style, wants::TableWants};
use crate::{Plan, PlanFormat, PlanNode};
use reader::Reader;

/// A plan spends at least this fraction on a table that is worth an index.
const MIN_SHARE: f64 = 0.1;

/// What a PostgreSQL plan wants of the tables on which it spends at least a tenth.
#[must_use]
pub fn wants_of_plan(plan: &Plan) -> Vec<TableWants> {
    let mut wants = wants_of_any(plan);
    wants.retain(|wants| wants.share >= MIN_SHARE && !wants.is_empty());
    wants.sort_by(|a, b| b.share.total_cmp(&a.share));
    wants
}

/// What a PostgreSQL plan wants of each table it reads.
#[must_use]
pub fn wants_of_any(plan: &Plan) -> Vec<TableWants> {
    let style = Style::of(match plan.format {
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
    });
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    let mut reader = Reader::new(&nodes, style);
    for node in &nodes {
        reader.conditions(node);
    }
    reader.orders(&nodes);
    reader.needed(&nodes);
    reader.wants
}
