//! A gRPC service.

use shapes::grpc;
use tokio::net::TcpListener;
use tonic::{Code, transport::server::TcpIncoming};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower_silk::store::{Outcome, RequestRecord};

use crate::support::{apart, health, line_of, records, silk, site, sqlite, text, values};

fn asked(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

fn status(record: &RequestRecord) -> Option<&str> {
    let headers = &record.detail.response_headers;
    let status = headers.iter().find(|header| header.name == "grpc-status")?;
    Some(&status.value)
}

#[test]
fn calls_are_named_by_their_method_and_end_as_grpc_says() {
    apart(
        "grpc::calls_are_named_by_their_method_and_end_as_grpc_says",
        async || {
            let silk = silk(true).await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let server = grpc::app(&silk, sqlite().await);
            tokio::spawn(async move {
                let served = server
                    .serve_with_incoming(TcpIncoming::from(listener))
                    .await;
                served.unwrap();
            });
            let endpoint = tonic::transport::Endpoint::from_shared(url).unwrap();
            let mut client = HealthClient::new(endpoint.connect().await.unwrap());
            assert!(client.check(asked("orders")).await.is_ok());
            let code = client.check(asked("unknown")).await.unwrap_err().code();
            assert_eq!(code, Code::NotFound);
            let code = client.check(asked("broken")).await.unwrap_err().code();
            assert_eq!(code, Code::Internal);
            let mut watched = client.watch(asked("")).await.unwrap().into_inner();
            let mut messages = Vec::new();
            while let Some(message) = watched.message().await.unwrap() {
                messages.push(message.status);
            }
            assert_eq!(messages, [1, 3]);
            drop(client);
            let records = records(&silk, 4).await;
            let source = include_str!("../../src/grpc.rs");
            let line = |mark| line_of("grpc.rs", source, mark);
            let ends: Vec<_> = records
                .iter()
                .map(|record| {
                    let summary = &record.summary;
                    assert_eq!((&*summary.method, summary.status), ("POST", Some(200)));
                    (
                        &*summary.route,
                        summary.query_count,
                        status(record),
                        summary.outcome,
                        record.detail.error.as_deref(),
                    )
                })
                .collect();
            let check = "/grpc.health.v1.Health/Check";
            let not_found = "grpc-status 5 (NOT_FOUND): no such service";
            let broken = "grpc-status 13 (INTERNAL): the service is broken";
            assert_eq!(
                ends,
                [
                    (check, 1, Some("0"), Outcome::Completed, None),
                    (check, 1, Some("5"), Outcome::Completed, Some(not_found)),
                    (check, 1, Some("13"), Outcome::Error, Some(broken)),
                    (
                        "/grpc.health.v1.Health/Watch",
                        2,
                        Some("0"),
                        Outcome::Completed,
                        None
                    ),
                ]
            );
            let query = &records[0].detail.queries[0];
            assert_eq!(text(&records[0], query), "SELECT ? IN ('orders', '')");
            assert_eq!(values(query), Some(vec!["orders".to_owned()]));
            assert_eq!(site(&records[0], query), line("check"));
            for query in &records[3].detail.queries {
                assert_eq!(site(&records[3], query), line("watch"));
            }
            let (level, reason, _) = health(&silk, "routes").unwrap();
            assert_eq!(level, "Full", "{reason}");
            assert_eq!(silk.vitals().unattributed_queries, 0);
        },
    );
}
