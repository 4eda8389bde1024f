//! The tables of `FROM`, and what its joins say.

use sqlparser::ast::{JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::reader::{MAX_DEPTH, Reader, Tables};
use crate::advice::wants::TableWants;

impl Reader {
    pub(super) fn tables(&mut self, from: &[TableWithJoins], depth: usize) -> Tables {
        let mut tables = Tables::default();
        for from in from {
            self.table(&from.relation, &mut tables, depth);
            for join in &from.joins {
                self.table(&join.relation, &mut tables, depth);
                let (JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::CrossJoin(constraint)
                | JoinOperator::StraightJoin(constraint)) = &join.join_operator
                else {
                    continue;
                };
                if let JoinConstraint::On(on) = constraint {
                    tables.conditions.extend(self.expr(on).conjuncts());
                }
            }
        }
        tables
    }

    fn table(&mut self, factor: &TableFactor, tables: &mut Tables, depth: usize) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let parts: Vec<&str> = name
                    .0
                    .iter()
                    .filter_map(|part| part.as_ident())
                    .map(|ident| ident.value.as_str())
                    .collect();
                let Some((table, schema)) = parts.split_last() else {
                    return;
                };
                let alias = alias
                    .as_ref()
                    .map_or(*table, |alias| alias.name.value.as_str());
                let wants = TableWants::of(schema.last().copied(), table, alias);
                tables.wants.push(wants);
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery, depth + 1),
            TableFactor::NestedJoin {
                table_with_joins, ..
            } if depth < MAX_DEPTH => {
                let inner = self.tables(std::slice::from_ref(table_with_joins), depth + 1);
                tables.wants.extend(inner.wants);
                tables.conditions.extend(inner.conditions);
            }
            _ => {}
        }
    }
}
