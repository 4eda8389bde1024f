//! hyper and tower, without axum.

use shapes::plain_hyper;
use tokio::net::TcpListener;

use crate::support::{apart, ask, health, line_of, records, silk, site, sqlite, text, values};

#[test]
fn a_service_without_a_router_is_recorded() {
    apart(
        "plain_hyper::a_service_without_a_router_is_recorded",
        async || {
            let silk = silk(true).await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (of_server, pool) = (silk.clone(), sqlite().await);
            tokio::spawn(async move { plain_hyper::serve(&of_server, pool, listener).await });
            for id in [7, 8] {
                assert_eq!(
                    ask(address, &format!("/things/{id}")).await,
                    format!("thing {id}")
                );
            }
            let records = records(&silk, 2).await;
            let source = include_str!("../../src/plain_hyper.rs");
            for (record, id) in records.iter().zip(["7", "8"]) {
                assert_eq!(record.summary.route, "/things/{id}", "ids make no routes");
                assert_eq!(record.summary.path, format!("/things/{id}"));
                assert_eq!(record.summary.query_count, 1);
                let query = &record.detail.queries[0];
                assert_eq!(text(record, query), "SELECT 'thing ' || ?");
                assert_eq!(values(query), Some(vec![id.to_owned()]));
                assert_eq!(
                    site(record, query),
                    line_of("plain_hyper.rs", source, "answer")
                );
            }
            let (level, reason, _) = health(&silk, "routes").unwrap();
            assert_eq!(level, "Partial");
            assert!(
                reason.starts_with("2 requests had no route template"),
                "{reason}"
            );
        },
    );
}
