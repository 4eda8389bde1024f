//! Helpers that take `&sqlx::PgPool` and `&mut sqlx::PgConnection`.

use shapes::borrowed;
use tower_silk::store::CapturedBy;

use crate::support::{apart, ask, health, line_of, records, serve, silk, site, text, values};

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn helpers_with_sqlx_types_lose_values_and_say_so() {
    apart(
        "borrowed::helpers_with_sqlx_types_lose_values_and_say_so",
        async || {
            let url = std::env::var("SILK_TEST_POSTGRES").unwrap();
            let silk = silk(true).await;
            let pool = sqlx::PgPool::connect(&url).await.unwrap();
            let app = serve(borrowed::app(&silk, pool)).await;
            assert_eq!(ask(app, "/things/7").await, "thing 7: 14 21");
            let record = records(&silk, 1).await.remove(0);
            assert_eq!(record.summary.route, "/things/{id}");
            assert_eq!(record.summary.query_count, 3);
            let source = include_str!("../../src/borrowed.rs");
            let line = |mark| line_of("borrowed.rs", source, mark);
            let [by_pool, by_connection, by_ours] = &*record.detail.queries else {
                unreachable!("{:#?}", record.detail.queries)
            };
            // Past the pool: the line and the transaction are known, the values are not.
            assert!(text(&record, by_pool).contains("'thing '"));
            assert!(by_pool.is_past_pool && by_connection.is_past_pool);
            assert_eq!(site(&record, by_pool), line("by pool"));
            assert_eq!(site(&record, by_connection), line("by connection"));
            assert_eq!((values(by_pool), values(by_connection)), (None, None));
            assert_eq!(
                (by_pool.transaction, by_connection.transaction),
                (None, Some(0))
            );
            // With our type nothing is lost.
            assert_eq!(by_ours.captured_by, CapturedBy::Pool);
            assert_eq!(site(&record, by_ours), line("by ours"));
            assert_eq!(values(by_ours), Some(vec!["7".to_owned()]));
            assert_eq!(by_ours.transaction, Some(0));
            let (_, reason, remedy) = health(&silk, "queries past Silk").unwrap();
            assert!(reason.starts_with("2 queries ran"), "{reason}");
            assert!(remedy.contains("&tower_silk::PgPool"), "{remedy}");
            assert_eq!(health(&silk, "values").unwrap().0, "Partial");
            assert_eq!(silk.vitals().unattributed_queries, 0);
        },
    );
}
