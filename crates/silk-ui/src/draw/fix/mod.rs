//! What a repeated statement could be instead: one query for all of its values, and the Rust
//! around it.

mod list;
mod rust;

use silk_core::{
    DatabaseKind, Fingerprint, QueryRecord, RequestRecord, Value,
    sql::{self, SqlTokenClass},
};

use self::{
    list::{Asked, asked},
    rust::{Loop, rust},
};

/// Executions whose values are compared, to see which of them varies.
const MAX_COMPARED: usize = 200;

/// One query in place of many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    /// The statement rewritten.
    pub(crate) sql: String,
    /// How to send it, and what to do with its rows.
    pub(crate) rust: String,
    /// The column that says which value a row belongs to.
    pub(crate) column: String,
}

/// One query in place of a repeated one, and the Rust that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneQuery {
    /// The query rewritten, for all values at once.
    pub sql: String,
    /// How to send it, and how to give its rows back to whoever asked one by one.
    pub rust: String,
}

/// The query to run in place of all executions of a statement in a request; none where a rewrite is
/// not certain to give the same rows.
#[must_use]
pub fn one_query(record: &RequestRecord, statement: Fingerprint) -> Option<OneQuery> {
    let is_of_it = |query: &&QueryRecord| {
        let text = usize::try_from(query.text).ok();
        let text = text.and_then(|text| record.detail.texts.get(text));
        text.is_some_and(|text| text.statement.fingerprint == statement)
    };
    let queries: Vec<_> = record.detail.queries.iter().filter(is_of_it).collect();
    let Fix { sql, rust, .. } = fix(record, &queries)?;
    Some(OneQuery { sql, rust })
}

type Tokens<'a> = [(SqlTokenClass, &'a str)];

/// Keywords of a statement whose answers for many values at once are not those for each.
const CHANGES_ANSWER: [&str; 13] = [
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
    // Rows alike for two values would become one.
    "DISTINCT",
    "OVER",
];

/// The rewritten statement, if the rewrite is certain to be right: a SELECT that compares a column
/// with the one value that varies, by `=`, outside subqueries, without a limit or groups.
///
/// The column is selected too, so that each row says which value it belongs to; counts and sums are
/// grouped by it.
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
    if CHANGES_ANSWER.iter().any(|word| has_keyword(&tokens, word)) {
        return None;
    }
    let compared = compared(&tokens, queries)?;
    let (head, tail, asked) = around(&tokens, &compared)?;
    let list = match kind {
        DatabaseKind::Postgres => format!("= ANY({})", tokens[compared.place].1),
        _ => "IN (?, ?, …)".to_owned(),
    };
    let rewritten = format!("{head}{list}{tail}");
    let key = first
        .values
        .as_ref()
        .and_then(|values| values.get(compared.varied));
    Some(Fix {
        rust: rust(&Loop {
            kind,
            sql: &rewritten,
            head: &head,
            tail: &tail,
            column: &compared.column,
            key_type: key.map_or("", |value| &value.type_name),
            has_others: compared.has_others,
            has_many_rows: queries.iter().any(|query| query.rows_returned > 1),
            is_summed: asked == Asked::Summed,
        }),
        sql: rewritten,
        column: compared.column,
    })
}

fn has_keyword(tokens: &Tokens<'_>, word: &str) -> bool {
    tokens
        .iter()
        .any(|(class, text)| *class == SqlTokenClass::Keyword && text.eq_ignore_ascii_case(word))
}

/// The comparison with the value that varies.
struct Compared {
    /// Index of the value that varies.
    varied: usize,
    /// Index of its placeholder among the tokens.
    place: usize,
    /// Index of the `=`.
    operator: usize,
    /// The column, with its table where it is written so.
    column: String,
    /// Whether other values are bound too.
    has_others: bool,
}

/// Finds the comparison: `column = placeholder`, not within parentheses.
fn compared(tokens: &Tokens<'_>, queries: &[&QueryRecord]) -> Option<Compared> {
    let first = queries.first()?;
    let places: Vec<usize> = (0..tokens.len())
        .filter(|at| tokens[*at].0 == SqlTokenClass::Placeholder)
        .collect();
    let varied = match varied(queries) {
        Some(at) => at,
        None if places.len() == 1 => 0,
        None => return None,
    };
    // With a name or number used twice, places and values do not go together one by one.
    let values = first.values.as_ref();
    if values.is_some_and(|values| values.len() != places.len()) {
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
    let (operator, column_at) = before(tokens, place)?;
    let (column_class, column) = tokens[column_at];
    if tokens[operator].1 != "=" || column_class != SqlTokenClass::Identifier {
        return None;
    }
    Some(Compared {
        varied,
        place,
        operator,
        column: qualified(tokens, column_at).unwrap_or_else(|| column.to_owned()),
        has_others: places.len() > 1,
    })
}

/// The rewritten statement before and after the list of values, and what it asks for.
fn around(tokens: &Tokens<'_>, compared: &Compared) -> Option<(String, String, Asked)> {
    let of = |tokens: &Tokens<'_>| -> String { tokens.iter().map(|(_, text)| *text).collect() };
    let column = &compared.column;
    let (from, asked) = asked(tokens, column)?;
    let mut head = of(&tokens[..from]);
    if asked != Asked::WithColumn {
        head.push_str(column);
        head.push_str(", ");
    }
    head.push_str(&of(&tokens[from..compared.operator]));
    let mut tail = of(&tokens[compared.place + 1..]);
    if asked == Asked::Summed {
        if has_keyword(tokens, "ORDER") || tail.trim_end().ends_with(';') {
            return None;
        }
        tail = format!("{} GROUP BY {column}", tail.trim_end());
    }
    Some((head, tail, asked))
}

/// The name with its table, where it stands with one.
fn qualified(tokens: &[(SqlTokenClass, &str)], column_at: usize) -> Option<String> {
    let table = column_at.checked_sub(2)?;
    let is_named = tokens[table + 1].1 == "." && tokens[table].0 == SqlTokenClass::Identifier;
    is_named.then(|| format!("{}.{}", tokens[table].1, tokens[column_at].1))
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
        .take(MAX_COMPARED)
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
    fn what_was_summed_for_one_value_is_grouped_by_it() {
        for (sql, one) in [
            (
                "SELECT count(*) FROM item WHERE order_id = $1",
                "SELECT order_id, count(*) FROM item WHERE order_id = ANY($1) GROUP BY order_id",
            ),
            (
                "select coalesce(Sum(i.price), 0) from item i where i.order_id = $1 and ok",
                "select i.order_id, coalesce(Sum(i.price), 0) from item i \
                 where i.order_id = ANY($1) and ok GROUP BY i.order_id",
            ),
        ] {
            let found = fixed(sql, DatabaseKind::Postgres, ONE).unwrap();
            assert_eq!(found.sql, one);
            assert!(found.rust.contains("no row"), "{}", found.rust);
        }
        let found = fixed(
            "SELECT max(at) FROM visit WHERE person = ?",
            DatabaseKind::Sqlite,
            ONE,
        )
        .unwrap();
        assert_eq!(
            found.sql,
            "SELECT person, max(at) FROM visit WHERE person IN (?, ?, …) GROUP BY person"
        );
        assert!(
            found.rust.contains("query.push(\" GROUP BY person\")"),
            "{}",
            found.rust
        );
    }

    #[test]
    fn the_column_is_selected_where_it_was_not() {
        for (list, with) in [
            ("name", "id, name"),
            ("max_age, name", "id, max_age, name"),
            ("f(id)", "id, f(id)"),
            ("id AS person", "id, id AS person"),
            ("q.*", "q.*"),
            ("name, person.id", "name, person.id"),
            ("\"id\", name", "\"id\", name"),
        ] {
            let sql = format!("SELECT {list} FROM person WHERE id = $1");
            let found = fixed(&sql, DatabaseKind::Postgres, ONE).unwrap();
            let one = format!("SELECT {with} FROM person WHERE id = ANY($1)");
            assert_eq!(found.sql, one);
        }
        let found = fixed(
            "SELECT p.*, q.name FROM p JOIN q ON true WHERE q.id = $1",
            DatabaseKind::Postgres,
            ONE,
        );
        assert_eq!(
            found.unwrap().sql,
            "SELECT q.id, p.*, q.name FROM p JOIN q ON true WHERE q.id = ANY($1)"
        );
    }

    #[test]
    fn several_rows_of_a_value_stay_together() {
        let mut record = record(
            "SELECT * FROM item WHERE order_id = $1",
            DatabaseKind::Postgres,
            ONE,
        );
        record.detail.queries[1].rows_returned = 2;
        let found = fix(&record, &record.detail.queries.iter().collect::<Vec<_>>()).unwrap();
        assert!(
            found
                .rust
                .contains("by_order_id.entry(row.order_id).or_default().push(row);"),
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
            "SELECT DISTINCT b FROM t WHERE a = ?",
            "SELECT count(*) FROM t WHERE a = ? ORDER BY 1",
            "SELECT count(*), (SELECT max(b) FROM u) FROM t WHERE a = ?",
            "SELECT sum(b) OVER (), b FROM t WHERE a = ?",
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
