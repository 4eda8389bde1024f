//! What a statement wants of each table, by its text: for databases whose plans do not tell.

mod changed;
mod first_rows;
mod queries;
mod reader;
mod select;
mod tables;

use silk_core::DatabaseKind;
use sqlparser::{
    ast::{FromTable, Statement},
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::Parser,
};

use super::{expression::Style, wants::TableWants};
use reader::Reader;

pub use changed::{Changed, changed_by, searches_tables};
pub(crate) use first_rows::{FirstRows, Listed};

/// What a statement of SQLite or MySQL wants of its tables.
///
/// A column without a table's name is wanted of every table of its query: only the catalogue knows
/// which one has it.
#[must_use]
pub fn wants_of_sql(sql: &str, kind: DatabaseKind) -> Vec<TableWants> {
    let mut found = read(sql, kind).found;
    found.retain(|wants| !wants.is_empty());
    found
}

/// The tables of a statement, and its queries that ask for their first rows only.
pub(crate) fn tables_and_lists(sql: &str, kind: DatabaseKind) -> (Vec<TableWants>, Vec<Listed>) {
    let Reader { found, listed, .. } = read(sql, kind);
    (found, listed)
}

fn read(sql: &str, kind: DatabaseKind) -> Reader {
    let mut reader = Reader {
        style: Style::of(kind),
        found: Vec::new(),
        listed: Vec::new(),
    };
    let Some(statement) = parsed(sql, kind) else {
        return reader;
    };
    match &statement {
        Statement::Query(query) => reader.query(query, 0),
        Statement::Insert(insert) => {
            if let Some(source) = &insert.source {
                reader.query(source, 0);
            }
        }
        Statement::Update(update) => {
            let tables = reader.tables(std::slice::from_ref(&update.table), 0);
            reader.scope(tables, update.selection.as_ref(), 0);
        }
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            let tables = reader.tables(from, 0);
            reader.scope(tables, delete.selection.as_ref(), 0);
        }
        _ => {}
    }
    reader
}

/// The only statement of a text; none if it cannot be read.
fn parsed(sql: &str, kind: DatabaseKind) -> Option<Statement> {
    let dialect: &dyn Dialect = match kind {
        DatabaseKind::MySql => &MySqlDialect {},
        DatabaseKind::Postgres => &PostgreSqlDialect {},
        _ => &SQLiteDialect {},
    };
    let mut statements = Parser::parse_sql(dialect, sql).ok()?;
    let statement = statements.pop()?;
    statements.is_empty().then_some(statement)
}
