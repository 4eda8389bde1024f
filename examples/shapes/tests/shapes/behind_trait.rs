//! A pool that is made behind a trait.

use shapes::behind_trait;

use crate::support::{apart, ask, line_of, records, serve, silk, site, text};

#[test]
fn the_installed_profiler_is_found() {
    apart(
        "behind_trait::the_installed_profiler_is_found",
        async || {
            // Before it is installed the pool is sqlx's alone.
            let before = behind_trait::open().await.unwrap();
            assert_eq!(before.people().await.unwrap(), 2);
            let silk = silk(false).await;
            assert!(silk.install());
            let storage = behind_trait::open().await.unwrap();
            let app = serve(behind_trait::app(&silk, storage)).await;
            assert_eq!(ask(app, "/people").await, "2");
            let record = records(&silk, 1).await.remove(0);
            assert_eq!(
                (&*record.summary.route, record.summary.query_count),
                ("/people", 1)
            );
            let query = &record.detail.queries[0];
            assert!(text(&record, query).starts_with("SELECT count(*)"));
            let source = include_str!("../../src/behind_trait.rs");
            assert_eq!(
                site(&record, query),
                line_of("behind_trait.rs", source, "recorded")
            );
        },
    );
}
