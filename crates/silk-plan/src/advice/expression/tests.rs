use std::fmt::Write as _;

use silk_core::DatabaseKind;

use super::*;

const POSTGRES: Style = Style::of(DatabaseKind::Postgres);
const SQLITE: Style = Style::of(DatabaseKind::Sqlite);
const MYSQL: Style = Style::of(DatabaseKind::MySql);

/// How the expression reads after being read; nothing where part of it is opaque.
fn again(text: &str, style: Style) -> Option<String> {
    render(&expression(text, style), style)
}

#[test]
fn what_postgres_prints() {
    for (printed, read) in [
        ("message.deleted", "deleted"),
        ("(NOT message.deleted)", "NOT deleted"),
        (
            "((m.status)::text = 'flagged'::text)",
            "status::text = 'flagged'::text",
        ),
        (
            "(lower((a.email)::text) = 'x'::text)",
            "lower(email::text) = 'x'::text",
        ),
        (
            "(m.author_id = ANY ('{1,2,3}'::bigint[]))",
            "author_id = ANY ('{1,2,3}'::bigint[])",
        ),
        (
            "(m.created >= '2024-01-02 00:00:00+00'::timestamp with time zone)",
            "created >= '2024-01-02 00:00:00+00'::timestamp with time zone",
        ),
        ("(m.body ~~ 'abc%'::text)", "body ~~ 'abc%'::text"),
        (
            "((a.x IS NULL) OR (a.y IS NOT NULL))",
            "(x IS NULL) OR (y IS NOT NULL)",
        ),
        ("(\"T a\".\"B\"\"c\" = $1)", "\"B\"\"c\" = $1"),
        (
            "((j.data ->> 'k'::text) = 'v'::text)",
            "(data ->> 'k'::text) = 'v'::text",
        ),
        ("(t.n = '5.50'::numeric(10,2))", "n = '5.50'::numeric(10,2)"),
        ("(t.a > '-1'::integer)", "a > '-1'::integer"),
        (
            "(t.b = E'it''s \\\\ \\' x'::text)",
            "b = E'it''s \\\\ \\' x'::text",
        ),
        ("((t.a + 1) > 3)", "(a + 1) > 3"),
        (
            "(t.m = 'sad'::public.\"Mood\")",
            "m = 'sad'::public.\"Mood\"",
        ),
        (
            "(date_trunc('day'::text, t.at) = CURRENT_DATE)",
            "date_trunc('day'::text, at) = CURRENT_DATE",
        ),
    ] {
        assert_eq!(again(printed, POSTGRES).as_deref(), Some(read), "{printed}");
    }
}

#[test]
fn what_people_write() {
    for (written, style, read) in [
        (
            "a = ?1 AND `b` LIKE 'x%'",
            SQLITE,
            "(a = ?1) AND (b LIKE 'x%')",
        ),
        ("a=-1", SQLITE, "a = -1"),
        (
            "a BETWEEN 1 AND 2 AND b",
            SQLITE,
            "((a >= 1) AND (a <= 2)) AND b",
        ),
        ("NOT a IN (1, 2)", SQLITE, "NOT (a IN (1, 2))"),
        ("a NOT IN (1, 2)", SQLITE, "NOT (a IN (1, 2))"),
        ("CAST(a AS TEXT) = :name", SQLITE, "CAST(a AS text) = :name"),
        ("a = \"x\"", MYSQL, ""),
        ("a = 'it\\'s' OR b", MYSQL, "(a = 'it\\'s') OR b"),
        ("A = 1", MYSQL, "A = 1"),
        ("a + 2 * b - 1 < 3", SQLITE, "((a + (2 * b)) - 1) < 3"),
    ] {
        let read = (!read.is_empty()).then(|| read.to_owned());
        assert_eq!(again(written, style), read, "{written}");
    }
}

#[test]
fn what_is_not_understood_is_opaque_and_nothing_else() {
    for text in [
        "",
        "(hashed SubPlan 1)",
        "(NOT (hashed SubPlan 1))",
        "(a = (InitPlan 1).col1)",
        "(ANY (a = (SubPlan 2).col1))",
        "(CASE WHEN a THEN 1 ELSE 2 END = 1)",
        "(a COLLATE \"C\" = 'x')",
        "a[1] = 2",
        "'open",
        "\"open",
        "a b",
        ")",
        "(((",
        "a = ",
        "a = ALL ('{1}'::int[])",
        "a IS DISTINCT FROM 3",
        "count(DISTINCT a)",
    ] {
        assert_eq!(again(text, POSTGRES), None, "{text}");
    }
    // The rest of the conditions is still there.
    let parts =
        expression("((hashed SubPlan 1) AND (a = 1) AND (x ~ @ 3 4))", POSTGRES).conjuncts();
    let parts: Vec<_> = parts
        .iter()
        .filter_map(|part| render(part, POSTGRES))
        .collect();
    assert_eq!(parts, ["a = 1"]);
}

#[test]
fn sort_keys_with_their_directions() {
    let keys = sort_keys(
        "m.created DESC NULLS LAST, (lower(m.name)), m.id ASC",
        POSTGRES,
    );
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            (
                render(&key.expr, POSTGRES).unwrap_or_default(),
                key.descending,
                key.nulls_first,
            )
        })
        .collect();
    assert_eq!(
        keys,
        [
            ("created".to_owned(), true, Some(false)),
            ("lower(name)".to_owned(), false, None),
            ("id".to_owned(), false, None),
        ]
    );
    assert_eq!(sort_keys("(count(*)) DESC, x y, z", POSTGRES).len(), 1);
    assert_eq!(sort_keys("", POSTGRES), []);
}

#[test]
fn deep_and_long_texts_stay_cheap() {
    let deep = format!("{}a = 1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(expression(&deep, POSTGRES), Expr::Opaque);
    let negated = format!("{}a", "NOT ".repeat(100_000));
    assert!(expression(&negated, POSTGRES).is_opaque());
    let sum = format!("a{}", " + 1".repeat(100_000));
    assert!(expression(&sum, POSTGRES).is_opaque());
    let casts = format!("a{}", "::int".repeat(100_000));
    assert!(expression(&casts, POSTGRES).is_opaque());
    let between = format!("a{}", " BETWEEN 1 AND 2".repeat(1_000));
    assert!(expression(&between, POSTGRES).walk().count() < 1_000);
    let mut all = "(x = 0)".to_owned();
    let mut list = "a IN (0".to_owned();
    for at in 1..50_000 {
        let _ = write!(all, " AND (x = {at})");
        let _ = write!(list, ", {at}");
    }
    list.push(')');
    assert_eq!(expression(&all, POSTGRES).conjuncts().len(), 50_000);
    assert!(!expression(&list, POSTGRES).is_opaque());
    for bracket in [
        "(",
        "f(",
        "a[",
        "CASE ",
        "x = ANY (",
        "'",
        "-",
        "a.",
        "NOT (",
        "{",
        "CAST(a AS ",
    ] {
        let _ = expression(&bracket.repeat(50_000), POSTGRES);
        let _ = sort_keys(&bracket.repeat(50_000), POSTGRES);
    }
}
