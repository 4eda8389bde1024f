//! An app that logs with `env_logger`.

use std::io::Write as _;

use shapes::logged;

use crate::support::{apart, ask, health, line_of, records, serve, silk, site, sqlite, text};

#[test]
fn the_log_of_env_logger_goes_on() {
    let printed = apart("logged::the_log_of_env_logger_goes_on", async || {
        env_logger::Builder::new()
            .filter_level(log::LevelFilter::Debug)
            .format(|line, record| {
                let (level, target) = (record.level(), record.target());
                writeln!(line, "LOG {level} {target} {}", record.args())
            })
            .init();
        let silk = silk(false).await;
        let app = serve(logged::app(&silk, sqlite().await)).await;
        assert_eq!(ask(app, "/answer").await, "42");
        let record = records(&silk, 1).await.remove(0);
        assert_eq!(record.summary.route, "/answer");
        assert_eq!(
            record.summary.query_count, 1,
            "both tiers see it; it counts once"
        );
        let query = &record.detail.queries[0];
        assert_eq!(text(&record, query), "SELECT 42");
        let source = include_str!("../../src/logged.rs");
        assert_eq!(site(&record, query), line_of("logged.rs", source, "answer"));
        assert_eq!(health(&silk, "SQL").unwrap().0, "Full");
        // Lines of `log` go to env_logger alone, and Health says so.
        let (level, reason, remedy) = health(&silk, "spans and logs").unwrap();
        assert_eq!(level, "Partial", "{reason}");
        assert!(reason.contains("Silk does not see"), "{reason}");
        assert!(remedy.contains("LogTracer"), "{remedy}");
    });
    let Some(printed) = printed else { return };
    let lines: Vec<_> = printed
        .lines()
        .filter(|line| line.contains("LOG "))
        .collect();
    let has = |start: &str| lines.iter().any(|line| line.contains(start));
    assert!(
        has("LOG INFO shapes::logged a library that logs with tracing"),
        "{lines:#?}"
    );
    assert!(
        has("LOG DEBUG sqlx::query summary=\"SELECT 42\""),
        "{lines:#?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("silk")),
        "{lines:#?}"
    );
}
