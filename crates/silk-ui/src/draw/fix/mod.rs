//! What a repeated statement could be instead: one query for all of its values, and the Rust
//! around it.

mod clause;
mod list;
mod rust;

use silk_core::{
    DatabaseKind, Fingerprint, QueryRecord, RequestRecord, SqlText, Value,
    sql::{self, SqlTokenClass},
};

use self::{
    clause::{is_condition, value_at},
    list::{Asked, asked},
    rust::{Loop, rust},
};

/// Texts of one statement that are compared; more differ by more than a comment.
const MAX_TEXTS: usize = 200;

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

/// Keywords of a statement whose answers for many values at once are not those for each, within
/// parentheses too.
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
    // LOCK IN SHARE MODE.
    "LOCK",
    // SELECT … INTO a table or a variable.
    "INTO",
    // Rows alike for two values would become one.
    "DISTINCT",
    "OVER",
];

/// What joins conditions so that a row need not meet each of them.
const ALTERNATIVES: [&str; 3] = ["OR", "XOR", "||"];

/// The rewritten statement, if the rewrite is certain to be right: a SELECT that compares a column
/// with the one value that varies, by `=`, as a condition of its own in WHERE, without a limit or
/// groups. All executions must have one text, comments aside.
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
    let tokens = tokens_of(text);
    if CHANGES_ANSWER.iter().any(|word| has_word(&tokens, word))
        || has_alternatives(&tokens)
        || !is_one_text(record, queries, &tokens)
    {
        return None;
    }
    let compared = compared(&tokens, queries)?;
    let (head, tail, asked) = around(&tokens, &compared)?;
    let list = match kind {
        DatabaseKind::Postgres => {
            let cast = compared.cast.map(|at| format!("::{}[]", tokens[at].1));
            let place = tokens[compared.place].1;
            format!("= ANY({place}{})", cast.unwrap_or_default())
        }
        _ if compared.cast.is_some() => return None,
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

fn tokens_of(text: &SqlText) -> Vec<(SqlTokenClass, &str)> {
    sql::highlight(&text.text, text.database.kind)
        .into_iter()
        .filter(|(class, _)| *class != SqlTokenClass::Comment)
        .collect()
}

/// Whether all executions ran this text on this database: a statement's texts may differ in their
/// literals, and one query has but one of each.
fn is_one_text(record: &RequestRecord, queries: &[&QueryRecord], tokens: &Tokens<'_>) -> bool {
    let mut indices: Vec<u32> = queries.iter().map(|query| query.text).collect();
    indices.sort_unstable();
    indices.dedup();
    let mut texts = indices
        .iter()
        .map(|at| record.detail.texts.get(usize::try_from(*at).ok()?));
    let Some(Some(first)) = texts.next() else {
        return false;
    };
    indices.len() <= MAX_TEXTS
        && !first.is_redacted
        && is_same(&tokens_of(first), tokens)
        && texts.all(|text| {
            text.is_some_and(|text| {
                text.database == first.database
                    && !text.is_redacted
                    && is_same(&tokens_of(text), tokens)
            })
        })
}

/// Whether two texts say the same, spaces aside.
fn is_same(one: &Tokens<'_>, other: &Tokens<'_>) -> bool {
    let said = |tokens: &Tokens<'_>| -> Vec<String> {
        tokens
            .iter()
            .filter(|(class, _)| *class != SqlTokenClass::Space)
            .map(|(_, text)| (*text).to_owned())
            .collect()
    };
    said(one) == said(other)
}

fn has_word(tokens: &Tokens<'_>, word: &str) -> bool {
    tokens.iter().any(|(class, text)| {
        matches!(class, SqlTokenClass::Keyword | SqlTokenClass::Identifier)
            && text.eq_ignore_ascii_case(word)
    })
}

/// Whether conditions outside of parentheses are alternatives. `||` is one on MySQL; where it joins
/// texts, nothing is said either.
fn has_alternatives(tokens: &Tokens<'_>) -> bool {
    let mut depth = 0_u32;
    let from = tokens.iter().position(|(class, text)| {
        *class == SqlTokenClass::Keyword && text.eq_ignore_ascii_case("FROM")
    });
    tokens[from.unwrap_or(0)..].iter().any(|(_, text)| {
        match *text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
            && ALTERNATIVES
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word))
    })
}

/// The comparison with the value that varies.
struct Compared {
    /// Index of the value that varies.
    varied: usize,
    /// Index of its placeholder among the tokens.
    place: usize,
    /// Index of the type that the value is cast to.
    cast: Option<usize>,
    /// Index of the first token after the value.
    after: usize,
    /// Index of the `=`.
    operator: usize,
    /// The column, with its table where it is written so.
    column: String,
    /// Whether other values are bound too.
    has_others: bool,
}

/// Finds the comparison: `column = placeholder`, a condition of its own in WHERE.
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
    let (operator, column_at) = before(tokens, place)?;
    let (column_class, column) = tokens[column_at];
    if tokens[operator].1 != "=" || column_class != SqlTokenClass::Identifier {
        return None;
    }
    let value = value_at(tokens, place);
    let qualified = qualified(tokens, column_at);
    let begins_at = if qualified.is_some() {
        column_at.checked_sub(2)?
    } else {
        column_at
    };
    if !is_condition(tokens, begins_at, &value) {
        return None;
    }
    Some(Compared {
        varied,
        place,
        cast: value.cast,
        after: value.after,
        operator,
        column: qualified.unwrap_or_else(|| column.to_owned()),
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
    let mut tail = of(&tokens[compared.after..]);
    if asked != Asked::WithColumn && is_ordered_by_number(&tokens[compared.after..]) {
        return None;
    }
    if asked == Asked::Summed {
        if has_word(tokens, "ORDER") || tail.trim_end().ends_with(';') {
            return None;
        }
        tail = format!("{} GROUP BY {column}", tail.trim_end());
    }
    Some((head, tail, asked))
}

/// Whether rows are ordered by the number of a column: with one more in front, of another.
fn is_ordered_by_number(tail: &Tokens<'_>) -> bool {
    tail.iter()
        .skip_while(|(_, text)| !text.eq_ignore_ascii_case("ORDER"))
        .any(|(class, _)| *class == SqlTokenClass::Number)
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
            ("lower(id)", "id, lower(id)"),
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
    fn a_cast_of_the_value_becomes_one_of_the_list() {
        let found = fixed(
            "SELECT * FROM person WHERE ok AND id = $1::uuid AND b IS NOT NULL ORDER BY c",
            DatabaseKind::Postgres,
            ONE,
        );
        assert_eq!(
            found.unwrap().sql,
            "SELECT * FROM person WHERE ok AND id = ANY($1::uuid[]) AND b IS NOT NULL ORDER BY c"
        );
        for cast in ["uuid[]", "varchar(20)", "double precision", "public.kind"] {
            let sql = format!("SELECT * FROM person WHERE id = $1::{cast}");
            assert_eq!(fixed(&sql, DatabaseKind::Postgres, ONE), None, "{cast}");
        }
    }

    #[test]
    fn conditions_beside_it_stay_as_they_are() {
        for rest in [
            "(b OR c)",
            "b BETWEEN 1 AND 2",
            "NOT b",
            "b NOT IN (SELECT b FROM u)",
        ] {
            for (sql, one) in [
                (
                    format!("SELECT * FROM t WHERE {rest} AND t.a = $1"),
                    format!("SELECT * FROM t WHERE {rest} AND t.a = ANY($1)"),
                ),
                (
                    format!("SELECT * FROM t WHERE a = $1 AND {rest};"),
                    format!("SELECT * FROM t WHERE a = ANY($1) AND {rest};"),
                ),
            ] {
                let found = fixed(&sql, DatabaseKind::Postgres, ONE);
                assert_eq!(found.unwrap().sql, one);
            }
        }
    }

    #[test]
    fn a_star_of_another_table_does_not_hold_the_column() {
        let found = fixed(
            "SELECT q.* FROM p JOIN q ON q.id = p.q_id WHERE pid = $1",
            DatabaseKind::Postgres,
            ONE,
        );
        assert_eq!(
            found.unwrap().sql,
            "SELECT pid, q.* FROM p JOIN q ON q.id = p.q_id WHERE pid = ANY($1)"
        );
    }

    #[test]
    fn texts_that_differ_in_a_literal_are_not_one_query() {
        let with = |second: &str| {
            let first = "SELECT * FROM t WHERE a = ? AND kind = 'x'";
            let mut record = record(first, DatabaseKind::Sqlite, ONE);
            let mut other = record.detail.texts[0].clone();
            other.text = second.into();
            record.detail.texts.push(other);
            record.detail.queries[1].text = 1;
            let queries: Vec<_> = record.detail.queries.iter().collect();
            fix(&record, &queries).map(|fix| fix.sql)
        };
        assert_eq!(with("SELECT * FROM t WHERE a = ? AND kind = 'y'"), None);
        assert_eq!(
            with("SELECT *  FROM t WHERE a = ? AND kind = 'x' /* trace 7 */").unwrap(),
            "SELECT * FROM t WHERE a IN (?, ?, …) AND kind = 'x'"
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
            // Not a condition of the rows.
            "SELECT * FROM t LEFT JOIN u ON u.t_id = t.id AND u.a = ?",
            "SELECT a = ? FROM t",
            "SELECT CASE WHEN a = ? THEN 1 END FROM t",
            "SELECT * FROM t WHERE CASE WHEN b AND a = ? THEN 1 ELSE 0 END",
            "SELECT * FROM t ORDER BY a = ?",
            // Not the column, or not the value, alone.
            "SELECT * FROM t WHERE b + a = ?",
            "SELECT * FROM t WHERE a::text = ?",
            "SELECT * FROM t WHERE NOT a = ?",
            "SELECT * FROM t WHERE b BETWEEN 1 AND a = ?",
            "SELECT * FROM t WHERE a = ? + 1",
            "SELECT * FROM t WHERE a = ? || 'x'",
            "SELECT * FROM t WHERE a = ? COLLATE NOCASE",
            "SELECT * FROM t WHERE a = ? = b",
            "SELECT * FROM t WHERE a = ? XOR b",
            // Functions that may make one row of all.
            "SELECT json_group_object(b, c) FROM t WHERE a = ?",
            "SELECT own_total(b) FROM t WHERE a = ?",
            // Another column would be the first.
            "SELECT b, c FROM t WHERE a = ? ORDER BY 1",
            "SELECT ALL b FROM t WHERE a = ?",
            "SELECT * FROM t WHERE a = ? LOCK IN SHARE MODE",
        ] {
            assert_eq!(fixed(sql, DatabaseKind::Sqlite, ONE), None, "{sql}");
        }
    }
}
