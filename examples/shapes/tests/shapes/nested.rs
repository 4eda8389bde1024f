//! A router in `nest_service`.

use shapes::nested;

use crate::support::{apart, ask, health, line_of, records, serve, silk, site, sqlite, values};

#[test]
fn paths_of_a_nested_service_make_no_routes() {
    apart(
        "nested::paths_of_a_nested_service_make_no_routes",
        async || {
            let silk = silk(false).await;
            let app = serve(nested::app(&silk, sqlite().await)).await;
            for id in 1..=3 {
                ask(app, &format!("/api/things/{id}")).await;
            }
            let records = records(&silk, 3).await;
            let source = include_str!("../../src/nested.rs");
            for record in &records {
                assert_eq!(record.summary.route, "/api/things/{id}");
                assert_eq!(record.summary.query_count, 1);
                let query = &record.detail.queries[0];
                assert_eq!(site(record, query), line_of("nested.rs", source, "thing"));
                assert_eq!(values(query).unwrap().len(), 1);
            }
            let (_, reason, _) = health(&silk, "routes").unwrap();
            assert!(reason.contains("had no route template"), "{reason}");
        },
    );
}

#[test]
fn a_layer_on_the_inner_router_tells_the_template() {
    apart(
        "nested::a_layer_on_the_inner_router_tells_the_template",
        async || {
            let silk = silk(false).await;
            let app = serve(nested::app_with_inner_layer(&silk, sqlite().await)).await;
            for slug in ["anna", "17"] {
                assert_eq!(
                    ask(app, &format!("/api/things/{slug}")).await,
                    format!("thing {slug}")
                );
            }
            for record in records(&silk, 2).await {
                assert_eq!(record.summary.route, "/api/things/{slug}");
                assert_eq!(record.summary.query_count, 1, "recorded once");
            }
            assert_eq!(health(&silk, "routes").unwrap().0, "Full");
        },
    );
}
