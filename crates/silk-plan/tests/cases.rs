//! Small inputs with the right value of each: what was once read wrongly, and its near misses.
//!
//! Each test is named after its input in `tests/cases/`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{JudgeContext, Plan, PlanFinding, findings};

fn told(raw: &str, sql: &str, rows: f64) -> Vec<PlanFinding> {
    let plan = Plan::detect_and_parse(raw).unwrap();
    let mut context = JudgeContext::default();
    context.sql = (!sql.is_empty()).then(|| sql.to_owned());
    if rows > 0.0 {
        context.table_rows.insert("message".to_owned(), rows);
    }
    findings::judge(&plan, &context)
}

/// Rule, title, index.
fn first_rows(raw: &str, sql: &str, rows: f64) -> Option<(String, String)> {
    let found = told(raw, sql, rows);
    let found = found
        .into_iter()
        .find(|found| found.rule == "sorts_all_for_first_rows")?;
    let statement = found.index.map_or(String::new(), |index| index.statement);
    Some((found.title, statement))
}

const SQLITE_SCAN: &str = "2|0|SCAN message\n";
const SQLITE_SORT: &str = "2|0|SCAN message\n9|0|USE TEMP B-TREE FOR ORDER BY\n";

#[test]
fn pages_02_sqlite_full_scan_false_alarm() {
    // The scan runs along the rowid and stops after 200 rows.
    let sql = "SELECT id, text FROM message ORDER BY id LIMIT 200";
    assert_eq!(told(SQLITE_SCAN, sql, 100_002.0), []);
    let sql = "SELECT id, text FROM message ORDER BY updated DESC LIMIT 100";
    let found = told(SQLITE_SORT, sql, 100_002.0);
    assert_eq!(found.len(), 1, "{found:#?}");
    let only = &found[0];
    assert_eq!(only.rule, "sorts_all_for_first_rows");
    assert_eq!(
        only.title,
        "Sorts all 100,002 rows of message to give the first 100"
    );
    let index = only.index.as_ref().unwrap();
    assert_eq!(
        index.statement,
        "CREATE INDEX message_updated_idx ON message (updated)"
    );
    assert_eq!(index.columns.len(), 1);
    assert!(only.action.starts_with(&index.statement), "{}", only.action);
    assert!(!only.action.contains("WHERE"), "{}", only.action);
    assert!(only.estimated);
    assert_eq!(only.saves_ms, None);
    assert!(only.share.unwrap() > 0.99);
}

#[test]
fn sqlite_first_rows_of_each_kind() {
    let of = |sql: &str| first_rows(SQLITE_SORT, sql, 50_000.0);
    let index = |sql: &str| of(sql).unwrap().1;
    assert_eq!(
        index("select * from message order by message.a, b desc limit 5"),
        "CREATE INDEX message_a_b_idx ON message (a, b DESC)"
    );
    assert_eq!(
        index("select * from message where author = 7 order by at limit 5"),
        "CREATE INDEX message_author_at_idx ON message (author, at)"
    );
    assert_eq!(
        index("select id, at from message order by 2 limit 5"),
        "CREATE INDEX message_at_idx ON message (at)"
    );
    let bound = of("select * from message order by at limit ?").unwrap();
    assert_eq!(
        bound.0,
        "Sorts all 50,000 rows of message to give the first few"
    );
    for silent in [
        // All rows are asked for.
        "select * from message order by at",
        "select * from message order by at limit -1",
        // Nearly all of them.
        "select * from message order by at limit 40000",
        "select * from message order by at limit 5 offset 40000",
        // No index holds this order.
        "select * from message order by random() limit 5",
        // How much the condition keeps is not known.
        "select * from message where id > 5 order by at limit 5",
        // The limit is another query's.
        "select * from message where id in (select id from other limit 5) order by at",
        "not sql at all",
        "",
    ] {
        assert_eq!(of(silent), None, "{silent}");
    }
    let sql = "select * from message order by at limit 5";
    assert_eq!(first_rows(SQLITE_SORT, sql, 300.0), None, "a small table");
    assert_eq!(first_rows(SQLITE_SORT, sql, 0.0), None, "an unknown one");
    let grouped =
        "2|0|SCAN message\n8|0|USE TEMP B-TREE FOR GROUP BY\n9|0|USE TEMP B-TREE FOR ORDER BY\n";
    let sql = "select a, count(*) from message group by a order by a limit 5";
    assert_eq!(first_rows(grouped, sql, 50_000.0), None);
}

#[test]
fn sqlite_full_scan_only_where_an_index_would_help() {
    let full = |raw: &str, sql: &str| {
        told(raw, sql, 50_000.0)
            .into_iter()
            .find(|found| found.rule == "full_scan")
    };
    let found = full(SQLITE_SCAN, "select * from message where author = 7").unwrap();
    assert!(found.action.contains("author"), "{}", found.action);
    assert!(!found.action.contains("deleted"), "{}", found.action);
    for silent in [
        "select * from message",
        "select * from message limit 10",
        "select * from message where author = 7 limit 10",
    ] {
        assert_eq!(full(SQLITE_SCAN, silent), None, "{silent}");
    }
    let sorted = "select * from message where id > 5 order by at limit 5";
    assert!(full(SQLITE_SORT, sorted).is_some());
    let exists = "2|0|SCAN CONSTANT ROW\n4|0|SCALAR SUBQUERY 1\n8|4|SCAN message\n";
    let sql = "select exists(select 1 from message where author = 7)";
    assert_eq!(full(exists, sql), None);
}

const LIST: &str = "\
Limit  (cost=5515.46..5526.96 rows=100 width=104) (actual time=27.490..30.617 rows=100 loops=1)
  ->  Sort  (cost=4515.45..4662.51 rows=100000 width=104) (actual time=24.413..24.418 rows=100 loops=1)
        Sort Key: message.updated DESC
        Sort Method: top-N heapsort  Memory: 50kB
        ->  Seq Scan on public.message  (cost=0.00..2267.24 rows=100000 width=104) (actual time=0.007..6.247 rows=100000 loops=1)
";

#[test]
fn postgres_first_rows() {
    let found = told(LIST, "", 0.0);
    assert_eq!(found.len(), 1, "{found:#?}");
    let only = &found[0];
    assert_eq!(only.rule, "sorts_all_for_first_rows");
    assert_eq!(
        only.title,
        "Sorts all 100,000 rows of message to give the first 100"
    );
    assert_eq!(
        only.index.as_ref().unwrap().statement,
        "CREATE INDEX CONCURRENTLY message_updated_idx ON public.message (updated)"
    );
    // 24.418 of sorting with reading, of which a thousandth would still be read.
    let saves = only.saves_ms.unwrap();
    assert!((saves - 24.418 * 0.999).abs() < 0.001, "{saves}");
    assert!(only.share.unwrap() < 1.0);
    for (from, to) in [
        ("message.updated DESC", "message.updated, person.id"),
        ("message.updated DESC", "(random())"),
        ("Limit  (", "Unique  ("),
        ("rows=100000 loops=1", "rows=100 loops=1"),
        ("Seq Scan on", "CTE Scan on"),
    ] {
        let plan = LIST.replace(from, to);
        assert_ne!(plan, LIST);
        assert_eq!(first_rows(&plan, "", 0.0), None, "{to}");
    }
    let estimated = LIST
        .replace(" (actual time=27.490..30.617 rows=100 loops=1)", "")
        .replace(" (actual time=24.413..24.418 rows=100 loops=1)", "")
        .replace(" (actual time=0.007..6.247 rows=100000 loops=1)", "");
    let found = told(&estimated, "", 0.0);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].saves_ms, None);
    assert!(found[0].estimated);
    assert!(found[0].share.unwrap() > 0.7, "{:?}", found[0].share);
}

#[test]
fn mariadb_first_rows() {
    let raw = r#"{"query_block": {"select_id": 1, "r_loops": 1, "r_total_time_ms": 63.0, "nested_loop": [{"read_sorted_file": {"r_rows": 100, "filesort": {"sort_key": "m.updated desc", "r_loops": 1, "r_total_time_ms": 62.0, "r_limit": 100, "r_used_priority_queue": true, "r_output_rows": 101, "table": {"table_name": "m", "access_type": "ALL", "r_loops": 1, "rows": 99000, "r_rows": 100000, "r_table_time_ms": 40.0, "r_other_time_ms": 20.0, "filtered": 100, "r_filtered": 100}}}}]}}"#;
    let sql = "SELECT * FROM message AS m ORDER BY m.updated DESC LIMIT 100";
    assert_eq!(
        first_rows(raw, sql, 0.0).unwrap(),
        (
            "Sorts all 100,000 rows of m to give the first 100".to_owned(),
            "ALTER TABLE message ADD INDEX message_updated_idx (updated)".to_owned()
        )
    );
    // Without the statement, which table is called m is not known.
    let found = told(raw, "", 0.0);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].index, None);
    assert!(found[0].action.contains("the table called m"));
    let all = raw.replace("\"r_limit\": 100, ", "");
    assert_eq!(first_rows(&all, "", 0.0), None);
}

#[test]
fn mysql_first_rows() {
    let raw = "\
-> Limit: 10 row(s)  (cost=495 rows=10) (actual time=8.54..8.55 rows=10 loops=1)
    -> Sort: film.length DESC, limit input to 10 row(s) per chunk  (cost=1030 rows=10000) (actual time=8.53..8.54 rows=10 loops=1)
        -> Table scan on film  (cost=1030 rows=10000) (actual time=0.057..6.15 rows=10000 loops=1)
";
    let sql = "SELECT * FROM film ORDER BY length DESC LIMIT 10";
    assert_eq!(
        first_rows(raw, sql, 0.0).unwrap(),
        (
            "Sorts all 10,000 rows of film to give the first 10".to_owned(),
            "ALTER TABLE film ADD INDEX film_length_idx (length)".to_owned()
        )
    );
}
