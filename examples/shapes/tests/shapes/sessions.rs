//! tower-sessions with a store on sqlx.

use shapes::sessions;
use tower_silk::store::ValueState;

use crate::support::{apart, ask_with, line_of, records, serve, silk, site, sqlite, text};

#[test]
fn queries_of_sessions_belong_to_their_requests() {
    apart(
        "sessions::queries_of_sessions_belong_to_their_requests",
        async || {
            let silk = silk(true).await;
            let app = serve(sessions::app(&silk, sqlite().await).await.unwrap()).await;
            let (head, body) = ask_with(app, "/visits", "").await;
            assert_eq!(body, "1", "{head}");
            let cookie = head
                .lines()
                .find_map(|line| line.strip_prefix("set-cookie: "))
                .and_then(|cookie| cookie.split(';').next())
                .unwrap()
                .to_owned();
            let (_, body) = ask_with(app, "/visits", &format!("Cookie: {cookie}\r\n")).await;
            assert_eq!(body, "2");
            let records = records(&silk, 2).await;
            let source = include_str!("../../src/sessions.rs");
            let line = |mark| line_of("sessions.rs", source, mark);
            let second = &records[1];
            assert_eq!(second.summary.route, "/visits");
            let seen: Vec<_> = second
                .detail
                .queries
                .iter()
                .map(|query| (text(second, query), site(second, query)))
                .collect();
            assert!(seen[0].0.starts_with("SELECT data"), "{seen:#?}");
            assert_eq!(seen[0].1, line("load"));
            let last = seen.last().unwrap();
            assert!(last.0.starts_with("INSERT INTO session"), "{seen:#?}");
            assert_eq!(last.1, line("save"));
            // Who has the id has the session.
            let id = cookie.split_once('=').unwrap().1;
            assert!(id.len() > 16);
            for record in &records {
                assert!(!format!("{record:?}").contains(id), "the id is kept");
                let values = record
                    .detail
                    .queries
                    .iter()
                    .filter_map(|query| query.values.as_ref());
                for value in values.filter_map(|values| values.first()) {
                    assert_eq!(value.state, ValueState::Redacted, "{record:#?}");
                }
            }
            assert_eq!(
                silk.vitals().unattributed_queries,
                1,
                "the table made at start"
            );
        },
    );
}
