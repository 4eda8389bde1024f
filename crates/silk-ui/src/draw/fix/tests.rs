//! What is offered in place of a repeated statement, and for which nothing is.

use silk_core::{ValueState, testing};

use super::*;

fn query(seq: u32, values: &[u8]) -> QueryRecord {
    let values = values
        .iter()
        .map(|value| ("INT8", ValueState::Bytes(vec![*value])));
    crate::fixtures::query(seq, values)
}

pub(super) fn record(sql: &str, kind: DatabaseKind, values: &[&[u8]]) -> RequestRecord {
    let mut record = testing::request();
    record.summary.query_count = 2;
    let statement = testing::statement(1, kind, sql, &["person"]);
    record.detail.texts = vec![testing::text(sql, statement, "app")];
    record.detail.queries = (1..)
        .zip(values)
        .map(|(seq, values)| query(seq, values))
        .collect();
    record
}

fn fixed(sql: &str, kind: DatabaseKind, values: &[&[u8]]) -> Option<Fix> {
    let record = record(sql, kind, values);
    fix(&record, &record.detail.queries.iter().collect::<Vec<_>>())
}

pub(super) const ONE: &[&[u8]] = &[&[1], &[2]];

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
