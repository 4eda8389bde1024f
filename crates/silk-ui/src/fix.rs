//! What a repeated statement could be instead: one query for all of its values, and the Rust
//! around it.

use silk_core::{
    DatabaseKind, QueryRecord, RequestRecord, Value,
    sql::{self, SqlTokenClass},
};

/// Executions whose values are compared, to see which of them varies.
const MOST_COMPARED: usize = 200;

/// One query in place of many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    /// The statement rewritten.
    pub(crate) sql: String,
    /// How to send it, and what to do with its rows.
    pub(crate) rust: String,
    /// The column that tells the rows apart.
    pub(crate) column: String,
}

/// The rewritten statement, where it is sure what it is: a SELECT that compares a column with the
/// one value that varies, by `=` and not within a subquery, without a limit or groups of its own.
pub(crate) fn fix(record: &RequestRecord, queries: &[&QueryRecord]) -> Option<Fix> {
    let first = queries.first()?;
    let text = record.detail.texts.get(usize::try_from(first.text).ok()?)?;
    let kind = text.database.kind;
    if text.statement.command != "SELECT" || text.is_redacted {
        return None;
    }
    let tokens: Vec<_> = sql::highlight(&text.text, kind)
        .into_iter()
        .filter(|(class, _)| *class != SqlTokenClass::Comment)
        .collect();
    let stops_early = |text: &str| {
        [
            "LIMIT",
            "FETCH",
            "OFFSET",
            "GROUP",
            "HAVING",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "FOR",
            "OR",
            "NOT",
        ]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    };
    if tokens
        .iter()
        .any(|(class, text)| *class == SqlTokenClass::Keyword && stops_early(text))
        || text.text.to_ascii_lowercase().contains("count(")
    {
        return None;
    }
    let places: Vec<usize> = (0..tokens.len())
        .filter(|at| tokens[*at].0 == SqlTokenClass::Placeholder)
        .collect();
    let varied = match varied(queries) {
        Some(at) => at,
        None if places.len() == 1 => 0,
        None => return None,
    };
    // With a name or number used twice, places and values do not go together one by one.
    if first
        .values
        .as_ref()
        .is_some_and(|v| v.len() != places.len())
    {
        return None;
    }
    // `$2` may stand before `$1`; a plain `?` counts by its place.
    let named = |at: &&usize| tokens[**at].1.get(1..) == Some(&*(varied + 1).to_string());
    let place = *places.iter().find(named).or_else(|| places.get(varied))?;
    let depth = tokens[..place]
        .iter()
        .fold(0_i32, |depth, (_, text)| match *text {
            "(" => depth + 1,
            ")" => depth - 1,
            _ => depth,
        });
    if depth != 0 {
        return None;
    }
    let (operator, column_at) = before(&tokens, place)?;
    let (column_class, column) = tokens[column_at];
    if tokens[operator].1 != "=" || column_class != SqlTokenClass::Identifier {
        return None;
    }
    let placeholder = tokens[place].1;
    let list = match kind {
        DatabaseKind::Postgres => format!("= ANY({placeholder})"),
        _ => "IN (?, ?, …)".to_owned(),
    };
    let mut rewritten: String = tokens[..operator].iter().map(|(_, text)| *text).collect();
    let head = rewritten.clone();
    rewritten.push_str(&list);
    let tail: String = tokens[place + 1..].iter().map(|(_, text)| *text).collect();
    rewritten.push_str(&tail);
    let others = places.len() - 1;
    Some(Fix {
        rust: rust(kind, &rewritten, &head, &tail, others, column),
        sql: rewritten,
        column: column.to_owned(),
    })
}

/// Index of the operator before a placeholder, and of the name before that.
fn before(tokens: &[(SqlTokenClass, &str)], place: usize) -> Option<(usize, usize)> {
    let mut visible = (0..place)
        .rev()
        .filter(|at| tokens[*at].0 != SqlTokenClass::Space);
    Some((visible.next()?, visible.next()?))
}

/// Which of the bound values varies, where it is exactly one.
fn varied(queries: &[&QueryRecord]) -> Option<usize> {
    let all: Vec<&[Value]> = queries
        .iter()
        .take(MOST_COMPARED)
        .map(|query| query.values.as_deref())
        .collect::<Option<_>>()?;
    let first = *all.first()?;
    let mut varied = (0..first.len()).filter(|at| {
        all.iter()
            .any(|values| values.get(*at).map(|v| &v.state) != first.get(*at).map(|v| &v.state))
    });
    let only = varied.next()?;
    varied.next().is_none().then_some(only)
}

fn rust(
    kind: DatabaseKind,
    sql: &str,
    head: &str,
    tail: &str,
    others: usize,
    column: &str,
) -> String {
    let quote = crate::replay::rust_literal;
    let field = column
        .rsplit('.')
        .next()
        .unwrap_or(column)
        .trim_matches(['"', '`', '[', ']']);
    let collect = "let keys: Vec<i64> = rows.iter().map(|row| row.key).collect(); // of the query that feeds the loop\n";
    let by_key = format!(
        "let by_{field}: HashMap<_, _> = found.into_iter().map(|row| (row.{field}, row)).collect();\n\
         // and in the loop: by_{field}.get(&row.key)"
    );
    let others = match others {
        0 => "",
        _ => "    // .bind(…) the other values, in their order\n",
    };
    match kind {
        DatabaseKind::Postgres => format!(
            "{collect}let found: Vec<Row> = sqlx::query_as({})\n{others}    .bind(&keys)\n    .fetch_all(&pool)\n    .await?;\n{by_key}",
            quote(sql)
        ),
        _ => {
            let tail = tail.trim();
            let tail = if tail.is_empty() {
                String::new()
            } else {
                format!("query.push({});\n", quote(&format!(" {tail}")))
            };
            format!(
                "{collect}let mut query = QueryBuilder::new({});\nlet mut list = query.separated(\", \");\nfor key in &keys {{\n    list.push_bind(*key);\n}}\nlist.push_unseparated(\")\");\n{tail}let found: Vec<Row> = query.build_query_as().fetch_all(&pool).await?;\n{by_key}",
                quote(&format!("{head}IN ("))
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::Utc;
    use silk_core::{
        Database, Fingerprint, Outcome, RequestDetail, RequestId, RequestKind, RequestSummary,
        RequestTimes, RunId, SqlText, Statement, ValueState,
    };
    use uuid::Uuid;

    use super::*;

    fn query(seq: u32, values: &[u8]) -> QueryRecord {
        let values = values
            .iter()
            .map(|value| ("INT8", ValueState::Bytes(vec![*value])));
        crate::fixtures::query(seq, values)
    }

    fn record(sql: &str, kind: DatabaseKind, values: &[&[u8]]) -> RequestRecord {
        let text = SqlText {
            text: sql.into(),
            statement: Arc::new(Statement {
                fingerprint: Fingerprint(1),
                database: kind,
                normalized: sql.to_owned(),
                command: "SELECT".to_owned(),
                tables: vec!["person".to_owned()],
            }),
            database: Arc::new(Database {
                kind,
                name: "app".to_owned(),
            }),
            has_literals: false,
            is_redacted: false,
        };
        RequestRecord {
            summary: RequestSummary {
                id: RequestId(Uuid::nil()),
                parent_id: None,
                kind: RequestKind::Request,
                run_id: RunId(Uuid::nil()),
                started_at: Utc::now(),
                method: "GET".to_owned(),
                route: "/".to_owned(),
                path: "/".to_owned(),
                status: Some(200),
                outcome: Outcome::Completed,
                times: RequestTimes::default(),
                query_count: 2,
                query_errors: 0,
                trace_id: None,
                findings: Vec::new(),
                finding_calls: Vec::new(),
            },
            detail: RequestDetail {
                texts: vec![text],
                queries: (1..)
                    .zip(values)
                    .map(|(seq, values)| query(seq, values))
                    .collect(),
                ..RequestDetail::default()
            },
            statements: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn fixed(sql: &str, kind: DatabaseKind, values: &[&[u8]]) -> Option<Fix> {
        let record = record(sql, kind, values);
        fix(&record, &record.detail.queries.iter().collect::<Vec<_>>())
    }

    const ONE: &[&[u8]] = &[&[1], &[2]];

    #[test]
    fn one_query_takes_all_values() {
        let found = fixed(
            "SELECT * FROM person WHERE id = $1",
            DatabaseKind::Postgres,
            ONE,
        )
        .unwrap();
        assert_eq!(found.sql, "SELECT * FROM person WHERE id = ANY($1)");
        assert!(
            found.rust.contains(".bind(&keys)") && found.rust.contains("by_id.get"),
            "{}",
            found.rust
        );
        let found = fixed(
            "SELECT * FROM person WHERE p.id = ? ORDER BY x",
            DatabaseKind::Sqlite,
            ONE,
        )
        .unwrap();
        assert_eq!(
            found.sql,
            "SELECT * FROM person WHERE p.id IN (?, ?, …) ORDER BY x"
        );
        assert!(
            found
                .rust
                .contains("QueryBuilder::new(\"SELECT * FROM person WHERE p.id IN (\")"),
            "{}",
            found.rust
        );
        assert!(
            found.rust.contains("query.push(\" ORDER BY x\")"),
            "{}",
            found.rust
        );
    }

    #[test]
    fn only_the_value_that_varies_becomes_a_list() {
        let two: &[&[u8]] = &[&[7, 1], &[7, 2]];
        let found = fixed(
            "SELECT * FROM t WHERE a = $2 AND b = $1",
            DatabaseKind::Postgres,
            two,
        )
        .unwrap();
        assert_eq!(found.sql, "SELECT * FROM t WHERE a = ANY($2) AND b = $1");
        let found = fixed(
            "SELECT * FROM t WHERE a = ? AND b = ?",
            DatabaseKind::MySql,
            two,
        )
        .unwrap();
        assert_eq!(found.sql, "SELECT * FROM t WHERE a = ? AND b IN (?, ?, …)");
        let both: &[&[u8]] = &[&[7, 1], &[8, 2]];
        assert_eq!(
            fixed(
                "SELECT * FROM t WHERE a = ? AND b = ?",
                DatabaseKind::MySql,
                both
            ),
            None
        );
    }

    #[test]
    fn where_it_is_not_sure_nothing_is_said() {
        for sql in [
            "SELECT * FROM t WHERE a = ? LIMIT 1",
            "SELECT count(*) FROM t WHERE a = ?",
            "SELECT * FROM t WHERE a > ?",
            "SELECT * FROM t WHERE f(a) = ?",
            "SELECT * FROM t WHERE a = ? OR b",
            "SELECT * FROM t WHERE x IN (SELECT y FROM u WHERE a = ?)",
            "SELECT * FROM t WHERE a = 1",
            "SELECT ?",
        ] {
            assert_eq!(fixed(sql, DatabaseKind::Sqlite, ONE), None, "{sql}");
        }
    }
}
