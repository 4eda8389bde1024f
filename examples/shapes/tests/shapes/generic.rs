//! Code that is generic over its database.

use shapes::generic;

use crate::support::{
    apart, ask, health, line_of, records, serve, silk, site, sqlite, text, values,
};

#[test]
fn generic_executors_lose_nothing() {
    apart("generic::generic_executors_lose_nothing", async || {
        let silk = silk(true).await;
        let app = serve(generic::app(&silk, sqlite().await)).await;
        assert_eq!(ask(app, "/numbers").await, "4 2 4 3");
        let record = records(&silk, 1).await.remove(0);
        assert_eq!(
            (&*record.summary.route, record.summary.query_count),
            ("/numbers", 4)
        );
        let source = include_str!("../../src/generic.rs");
        let any = line_of("generic.rs", source, "any executor");
        let bound = line_of("generic.rs", source, "a bound on references");
        let seen: Vec<_> = record
            .detail
            .queries
            .iter()
            .map(|query| {
                (
                    text(&record, query),
                    values(query),
                    site(&record, query),
                    query.transaction,
                )
            })
            .collect();
        let number = |number: &str| Some(vec![number.to_owned()]);
        assert_eq!(
            seen,
            [
                ("SELECT 2 * ?".to_owned(), number("2"), any.clone(), Some(0)),
                ("SELECT 2 * ?".to_owned(), number("1"), any, None),
                ("SELECT ? / 2".to_owned(), number("8"), bound, None),
                // `&sqlx::Pool<DB>` is sqlx's own pool.
                ("SELECT 3 * ?".to_owned(), None, None, None),
            ]
        );
        let (_, reason, _) = health(&silk, "queries past Silk").unwrap();
        assert!(reason.starts_with("1 query ran"), "{reason}");
    });
}
