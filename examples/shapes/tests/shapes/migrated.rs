//! An app that migrates at start.

use shapes::migrated;

use crate::support::{apart, ask, health, line_of, records, serve, silk, site, sqlite, text};

#[test]
fn migrations_at_start_are_no_lost_queries() {
    apart(
        "migrated::migrations_at_start_are_no_lost_queries",
        async || {
            let silk = silk(true).await;
            let app = migrated::app(&silk, sqlite().await, false).await;
            let app = serve(app.map_err(|error| format!("{error:?}")).unwrap()).await;
            assert_eq!(ask(app, "/things").await, "2");
            let record = records(&silk, 1).await.remove(0);
            assert_eq!(record.summary.query_count, 1);
            let query = &record.detail.queries[0];
            assert_eq!(text(&record, query), "SELECT count(*) FROM thing");
            let source = include_str!("../../src/migrated.rs");
            assert_eq!(
                site(&record, query),
                line_of("migrated.rs", source, "things")
            );
            let vitals = silk.vitals();
            assert!(vitals.unattributed_queries > 0);
            assert!(
                vitals.lost.iter().all(|(_, count)| *count == 0),
                "{:?}",
                vitals.lost
            );
            let (_, reason, remedy) = health(&silk, "unattributed queries").unwrap();
            assert!(
                reason.contains("migrations and other work at start"),
                "{reason}"
            );
            assert!(reason.ends_with("Nothing is lost"), "{reason}");
            assert!(remedy.contains("silk.job("), "{remedy}");
        },
    );
}

#[test]
fn migrations_in_a_job_have_a_record() {
    apart("migrated::migrations_in_a_job_have_a_record", async || {
        let silk = silk(true).await;
        let app = migrated::app(&silk, sqlite().await, true).await;
        drop(app.map_err(|error| format!("{error:?}")).unwrap());
        let record = records(&silk, 1).await.remove(0);
        assert_eq!(record.summary.route, "migrations");
        let texts: Vec<_> = record
            .detail
            .queries
            .iter()
            .map(|query| text(&record, query))
            .collect();
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("CREATE TABLE thing")),
            "{texts:#?}"
        );
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("INSERT INTO thing")),
            "{texts:#?}"
        );
        assert_eq!(silk.vitals().unattributed_queries, 0);
        assert!(health(&silk, "unattributed queries").is_none());
    });
}
