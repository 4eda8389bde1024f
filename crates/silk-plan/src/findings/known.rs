//! What a database knows of the tables of a plan.

use std::collections::BTreeMap;

use silk_core::{
    DatabaseKind, PlanFormat,
    explain::{Relation, RelationFacts},
};

use super::JudgeContext;
use crate::{Plan, PlanNode, advice};

/// Tables asked about.
const MAX_RELATIONS: usize = 16;

/// The tables that a plan reads, each by what the plan calls it, if that is one table only.
///
/// PostgreSQL's plans name tables. Those of the others name what the query calls them, so the
/// statement has to say which table that is; without it nothing is known.
#[must_use]
pub fn relations(plan: &Plan, sql: Option<&str>) -> BTreeMap<String, Relation> {
    let kind = match plan.format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
    };
    // Of each name, the table; none if it could be more than one.
    let mut found: BTreeMap<String, Option<Relation>> = BTreeMap::new();
    let mut add = |called: &str, relation: Relation| {
        found
            .entry(called.to_owned())
            .and_modify(|known| {
                if known.as_ref() != Some(&relation) {
                    *known = None;
                }
            })
            .or_insert(Some(relation));
    };
    if kind == DatabaseKind::Postgres {
        for node in plan.nodes().filter(|node| is_table(node)) {
            if let Some(name) = &node.relation {
                add(
                    name,
                    Relation {
                        schema: node.schema.clone(),
                        name: name.clone(),
                    },
                );
            }
        }
    } else {
        let named = sql.map_or_else(Vec::new, |sql| advice::wants_of_sql(sql, kind));
        for node in plan.nodes() {
            let Some(called) = &node.relation else {
                continue;
            };
            let as_called = node.alias.as_ref().unwrap_or(called);
            for wants in &named {
                if wants.alias.eq_ignore_ascii_case(as_called) {
                    add(
                        called,
                        Relation {
                            schema: wants.schema.clone(),
                            name: wants.table.clone(),
                        },
                    );
                }
            }
        }
    }
    found
        .into_iter()
        .filter_map(|(called, relation)| Some((called, relation?)))
        .take(MAX_RELATIONS)
        .collect()
}

/// Whether what the node reads stands in the catalogue, where another connection finds it.
fn is_table(node: &PlanNode) -> bool {
    let is_scan = matches!(
        node.node_type.as_str(),
        "Seq Scan"
            | "Index Scan"
            | "Index Only Scan"
            | "Bitmap Heap Scan"
            | "Tid Scan"
            | "Tid Range Scan"
            | "Sample Scan"
    );
    let is_temporary = node
        .schema
        .as_deref()
        .is_some_and(|schema| schema.starts_with("pg_temp"));
    is_scan && !is_temporary
}

impl JudgeContext {
    /// Takes in what a database knows of the table that the plan calls `called`.
    pub fn know(&mut self, called: &str, facts: &RelationFacts) {
        if let Some(rows) = facts.rows {
            self.table_rows.insert(called.to_owned(), rows);
        }
        if let Some(visible) = facts.all_visible {
            self.all_visible.insert(called.to_owned(), visible);
        }
        for (column, kind) in &facts.column_types {
            self.column_types
                .insert(format!("{called}.{column}"), kind.clone());
        }
        self.leading_columns
            .insert(called.to_owned(), facts.leading_columns.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(format: PlanFormat, raw: &str, sql: Option<&str>) -> Vec<String> {
        let plan = Plan::parse(format, raw).unwrap();
        relations(&plan, sql)
            .into_iter()
            .map(|(called, relation)| {
                let schema = relation.schema.map_or(String::new(), |name| name + ".");
                format!("{called}={schema}{}", relation.name)
            })
            .collect()
    }

    #[test]
    fn postgres_names_its_tables() {
        let scan = |schema: &str, name: &str| {
            format!(
                r#"{{"Node Type": "Seq Scan", "Relation Name": "{name}", "Schema": "{schema}", "Alias": "m", "Total Cost": 1, "Plan Rows": 1, "Plan Width": 1, "Startup Cost": 0}}"#
            )
        };
        let join = |one: String, other: String| {
            format!(
                r#"[{{"Plan": {{"Node Type": "Nested Loop", "Startup Cost": 0, "Total Cost": 2, "Plan Rows": 1, "Plan Width": 1, "Plans": [{one}, {other}]}}}}]"#
            )
        };
        let of = |raw: &str| told(PlanFormat::PostgresJson, raw, None);
        assert_eq!(
            of(&join(scan("a", "message"), scan("a", "person"))),
            ["message=a.message", "person=a.person"]
        );
        // Which of the two a remark would be about is not known.
        assert_eq!(
            of(&join(scan("a", "message"), scan("b", "message"))),
            [""; 0]
        );
        assert_eq!(of(&join(scan("pg_temp_3", "t"), scan("a", "u"))), ["u=a.u"]);
    }

    #[test]
    fn others_need_the_statement() {
        let raw = "2|0|SCAN m\n3|0|SEARCH p USING INTEGER PRIMARY KEY (rowid=?)";
        let sql = "select * from message m join person p on p.id = m.author";
        let of = |sql| told(PlanFormat::SqliteRows, raw, sql);
        assert_eq!(of(Some(sql)), ["m=message", "p=person"]);
        assert_eq!(of(None), [""; 0]);
        assert_eq!(of(Some("select 1")), [""; 0]);
    }
}
