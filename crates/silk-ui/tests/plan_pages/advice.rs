//! Which indexes would help, and how databases fare.

use std::sync::Arc;

use axum::Router;
use silk_core::{
    Store as _,
    explain::{AdviceRequest, WorkloadQuery},
};
use silk_ui::dashboard;

use crate::{
    VIEWS, paste, store,
    support::{
        self, TestStore,
        client::{app, get, page},
        config, plans,
    },
};

#[tokio::test]
async fn advice_is_told_with_its_proof_or_honestly_without() {
    let app = app(&store());
    let id = support::repeated(693).summary.id;
    let html = page(&app, &format!("/silk/requests/{id}/queries/1/indexes")).await;
    for part in [
        "CREATE INDEX CONCURRENTLY message_updated_deleted_idx",
        "3,970 → 211",
        "−95 %",
        ">verified<",
        ">not verified<",
        "one more entry for each row",
        "156 kB",
        "Turns",
        "cannot use a partial index",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let none = page(&app, &format!("/silk/requests/{id}/queries/2/indexes")).await;
    assert!(none.contains("No index would help") && none.contains("1,000 rows on 24 pages"));
    // What it does for the other statements on its tables is shown in numbers; the one that puts
    // rows in is none of them.
    let both = TestStore::of(vec![support::repeated(693), support::transaction(695)]);
    let html = page(
        &self::app(&both),
        &format!("/silk/requests/{id}/queries/1/indexes"),
    )
    .await;
    for part in [
        "weighed over 1 other statement on its tables",
        "Helps 1 of 1 other statement on its tables and slows none",
        "(estimated from planner cost)",
        "Effect on other statements",
        "/silk/statements/00000000000000d1\">SELECT p.id",
        "120 → 118",
        "−1.7 %",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // The page says what was refused.
    let other = support::transaction(695);
    let id = other.summary.id;
    let app = self::app(&TestStore::of(vec![other]));
    let refused = page(&app, &format!("/silk/requests/{id}/queries/2/indexes")).await;
    assert!(refused.contains("No advice is possible") && refused.contains("&#60;b&#62;"));
}

/// What the advisor is asked with: the other statements on the tables, each by one query.
#[tokio::test]
async fn advice_is_asked_with_the_workload() {
    #[derive(Debug, Default)]
    struct Listening(std::sync::Mutex<Vec<WorkloadQuery>>);
    impl silk_core::Explain for Listening {
        fn explain(
            &self,
            _: silk_core::ExplainQuery,
        ) -> silk_core::BoxFuture<'_, Result<silk_core::ExplainOutput, silk_core::ExplainError>>
        {
            Box::pin(std::future::ready(Err(silk_core::ExplainError::Failed {
                message: "not asked".to_owned(),
            })))
        }
        fn advise(
            &self,
            request: AdviceRequest,
        ) -> silk_core::BoxFuture<
            '_,
            Result<silk_core::explain::IndexAdvice, silk_core::ExplainError>,
        > {
            assert!(request.plan.is_some(), "the plan that is kept goes with it");
            *self.0.lock().expect("is not poisoned") = request.workload;
            Box::pin(std::future::ready(Ok(Default::default())))
        }
    }
    let store = TestStore::of(vec![support::repeated(693), support::transaction(692)]);
    plans::fill(&store);
    let listening = Arc::new(Listening::default());
    let mut asked = config(Arc::clone(&store));
    asked.explain = Arc::clone(&listening) as Arc<dyn silk_core::Explain>;
    let app = Router::new().nest_service("/silk", dashboard(asked));
    let id = support::repeated(693).summary.id;
    let html = page(&app, &format!("/silk/requests/{id}/queries/1/indexes")).await;
    let heard = listening.0.lock().expect("is not poisoned").clone();
    assert!(!heard.is_empty(), "others read the same tables");
    assert!(
        heard
            .iter()
            .all(|query| query.fingerprint != plans::STATEMENT && query.calls > 0)
    );
    assert!(html.contains("weighed over"));
    assert!(store.kind().contains("SQLite"));
}

#[tokio::test]
async fn the_database_page_teaches_reports_and_fails_in_words() {
    let store = store();
    let app = app(&store);
    let html = page(&app, "/silk/database").await;
    for part in [
        "PostgreSQL 15.18",
        "Unused indexes",
        "DROP INDEX CONCURRENTLY message_text_idx;",
        "Drop what nobody uses",
        "A replica may use them",
        "fix",
        "Access denied",
        "The check failed",
        "href=\"/silk/statements?table=message&#38;database=postgres\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let answer = get(&app, "/silk/api/databases").await;
    let answer: serde_json::Value = serde_json::from_str(&answer.text).expect("is JSON");
    assert_eq!(answer["items"][0]["checks"][0]["code"], "invalid_indexes");
    assert_eq!(answer["items"][1]["error"], "Access denied");
    let mut none = config(Arc::clone(&store));
    none.explain = Arc::new(support::NoExplain);
    let app = Router::new().nest_service("/silk", dashboard(none));
    assert!(
        page(&app, "/silk/database")
            .await
            .contains("No database is known yet")
    );
}

#[tokio::test]
async fn hostile_text_stays_text_everywhere() {
    let store = store();
    let mut evil = config(Arc::clone(&store));
    evil.explain = Arc::new(support::HostileExplain);
    let app = Router::new().nest_service("/silk", dashboard(evil));
    let id = support::repeated(693).summary.id;
    for uri in [
        "/silk/database".to_owned(),
        format!("/silk/requests/{id}/queries/1/indexes"),
        format!("/silk/requests/{id}/queries/1/analyze?confirm=x"),
        format!("/silk/plans/compare?a={}&b={}", plans::id(8), plans::id(1)),
    ] {
        page(&app, &uri).await;
    }
    let at = paste(&app, &plans::hostile()).await;
    for view in VIEWS {
        page(&app, &format!("{at}?view={view}")).await;
    }
}

/// Where hypopg is missing, what makes it is a statement with a button, not a part of a sentence.
#[tokio::test]
async fn what_unlocks_a_proof_can_be_copied() {
    #[derive(Debug)]
    struct WithoutHypopg;
    impl silk_core::Explain for WithoutHypopg {
        fn explain(
            &self,
            _: silk_core::ExplainQuery,
        ) -> silk_core::BoxFuture<'_, Result<silk_core::ExplainOutput, silk_core::ExplainError>>
        {
            Box::pin(std::future::ready(Err(silk_core::ExplainError::Failed {
                message: "not asked".to_owned(),
            })))
        }
        fn advise(
            &self,
            _: AdviceRequest,
        ) -> silk_core::BoxFuture<
            '_,
            Result<silk_core::explain::IndexAdvice, silk_core::ExplainError>,
        > {
            Box::pin(std::future::ready(Ok(silk_core::explain::IndexAdvice {
                notes: vec![
                    "nothing could be tried: in the database weave, as a superuser: CREATE EXTENSION \
                     hypopg; then indexes are tried before they are named"
                        .to_owned(),
                ],
                ..Default::default()
            })))
        }
    }
    let mut asked = config(store());
    asked.explain = Arc::new(WithoutHypopg);
    let app = Router::new().nest_service("/silk", dashboard(asked));
    let id = support::repeated(693).summary.id;
    let html = page(&app, &format!("/silk/requests/{id}/queries/1/indexes")).await;
    assert!(
        html.contains("<pre tabindex=\"0\">CREATE EXTENSION hypopg;</pre><p class=\"tools\"><button type=\"button\" data-copy hidden>"),
        "{html}"
    );
    assert!(html.contains("as a superuser:</p>"));
    assert!(html.contains("then indexes are tried before they are named"));
    // The plan that is kept is judged by the rules, as on its own page.
    assert!(
        html.contains("Sorts all") || html.contains("sorts"),
        "{html}"
    );
}
