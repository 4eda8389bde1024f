//! `#[sqlx::test]` makes sqlx's own pool for each test; the app under test instruments it as it does
//! in production.

use shapes::nested;

use crate::support::{ask, line_of, records, serve, silk, site, values};

#[sqlx::test(migrations = false)]
async fn an_app_under_test_is_recorded(pool: sqlx::SqlitePool) {
    let silk = silk(false).await;
    let app = serve(nested::app_with_inner_layer(&silk, pool)).await;
    assert_eq!(ask(app, "/api/things/one").await, "thing one");
    let record = records(&silk, 1).await.remove(0);
    assert_eq!(record.summary.route, "/api/things/{slug}");
    let query = &record.detail.queries[0];
    assert_eq!(values(query), Some(vec!["one".to_owned()]));
    let source = include_str!("../../src/nested.rs");
    assert_eq!(site(&record, query), line_of("nested.rs", source, "thing"));
}
