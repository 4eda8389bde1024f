//! SeaORM on top of sqlx.

use shapes::orm;
use tower_silk::store::CapturedBy;

use crate::support::{apart, ask, health, line_of, records, serve, silk, site, text, values};

const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS shapes_orm_thing (id bigint PRIMARY KEY, name text)";
const ROWS: &str =
    "INSERT INTO shapes_orm_thing VALUES (1, 'first'), (2, 'second') ON CONFLICT DO NOTHING";

#[test]
fn queries_of_the_orm_are_recorded_without_values() {
    apart(
        "orm::queries_of_the_orm_are_recorded_without_values",
        async || {
            let silk = silk(true).await;
            let db = orm::connect("sqlite::memory:", true).await.unwrap();
            let pool = db.get_sqlite_connection_pool();
            sqlx::raw_sql(TABLE).execute(pool).await.unwrap();
            sqlx::raw_sql(ROWS).execute(pool).await.unwrap();
            silk.explain_with(pool);
            let app = serve(orm::app(&silk, db)).await;
            assert_eq!(ask(app, "/things/2").await, "second");
            assert_eq!(ask(app, "/things").await, "first second");
            let records = records(&silk, 2).await;
            let routes: Vec<_> = records
                .iter()
                .map(|record| &*record.summary.route)
                .collect();
            assert_eq!(routes, ["/things/{id}", "/things"]);
            for (record, rows) in records.iter().zip([1, 2]) {
                assert_eq!(record.summary.query_count, 1, "each once, and no more");
                let query = &record.detail.queries[0];
                assert!(text(record, query).contains("shapes_orm_thing"));
                assert_eq!(
                    (query.captured_by, query.rows_returned),
                    (CapturedBy::Layer, rows)
                );
                // SQLite tells of a query on a thread of its own; values are in no event.
                assert_eq!((site(record, query), values(query)), (None, None));
                assert_eq!(query.transaction, None);
            }
            let (level, reason, remedy) = health(&silk, "values").unwrap();
            assert_eq!(
                (&*level, &*remedy),
                ("Off", ""),
                "an ORM cannot take our pool"
            );
            assert!(reason.contains("sqlx's events carry none"), "{reason}");
            assert_eq!(health(&silk, "call sites").unwrap().0, "Off");
            assert_eq!(
                health(&silk, "SQL").unwrap().1,
                "through sqlx's events: text, rows and time"
            );
        },
    );
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn on_postgres_the_orm_has_lines() {
    apart("orm::on_postgres_the_orm_has_lines", async || {
        let url = std::env::var("SILK_TEST_POSTGRES").unwrap();
        let silk = silk(true).await;
        let db = orm::connect(&url, true).await.unwrap();
        let pool = db.get_postgres_connection_pool();
        sqlx::raw_sql(TABLE).execute(pool).await.unwrap();
        sqlx::raw_sql(ROWS).execute(pool).await.unwrap();
        silk.explain_with(pool);
        let app = serve(orm::app(&silk, db)).await;
        assert_eq!(ask(app, "/things/2").await, "second");
        assert_eq!(ask(app, "/things").await, "first second");
        let records = records(&silk, 2).await;
        let source = include_str!("../../src/orm.rs");
        for (record, mark) in records.iter().zip(["by id", "all"]) {
            assert_eq!(record.summary.query_count, 1);
            let query = &record.detail.queries[0];
            let (file, line) = site(record, query).unwrap();
            let (marked_file, marked) = line_of("orm.rs", source, mark).unwrap();
            assert_eq!(file, marked_file);
            // The line of the statement's `await`.
            assert!(line.abs_diff(marked) <= 1, "{line} and {marked}");
            assert_eq!(values(query), None);
        }
        assert_eq!(health(&silk, "call sites").unwrap().0, "Partial");
    });
}

/// Case apps 07 with the ORM of the case.
#[test]
fn without_statement_logging_health_asks_for_it() {
    apart(
        "orm::without_statement_logging_health_asks_for_it",
        async || {
            let silk = silk(true).await;
            let db = orm::connect("sqlite::memory:", false).await.unwrap();
            let pool = db.get_sqlite_connection_pool();
            sqlx::raw_sql(TABLE).execute(pool).await.unwrap();
            let app = serve(orm::app(&silk, db)).await;
            for _ in 0..3 {
                assert_eq!(ask(app, "/things").await, "");
            }
            for record in records(&silk, 3).await {
                assert_eq!(record.summary.query_count, 0, "nothing tells of them");
            }
            let (level, reason, remedy) = health(&silk, "SQL").unwrap();
            assert_eq!(level, "Partial");
            assert!(
                reason.starts_with("no query of sqlx was ever seen in 3 requests"),
                "{reason}"
            );
            assert!(remedy.contains("options.sqlx_logging(true)"), "{remedy}");
        },
    );
}
