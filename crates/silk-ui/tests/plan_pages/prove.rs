//! An offered query, proved on a click and never by itself.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body};
use http::{Request, StatusCode};
use silk_core::{
    BoxFuture, Explain, ExplainError, ExplainOutput, ExplainQuery, PlanFormat,
    explain::{
        DifferenceKind, KeyColumn, KeyDifference, OneValue, Proof, ProofRequest, ProofSide,
        ProofVerdict, RowsCompared,
    },
};
use silk_ui::{Access, dashboard};

use crate::support::{
    self, PLAN, TestStore,
    client::{csrf, form, get, json, page, send},
    config,
};

/// Answers as it is told to, and remembers what it was asked.
#[derive(Debug)]
struct Proving {
    asked: Mutex<Vec<ProofRequest>>,
    answer: Result<Proof, ExplainError>,
}

impl Explain for Proving {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Failed {
            message: "not asked".to_owned(),
        })))
    }

    fn prove(&self, request: ProofRequest) -> BoxFuture<'_, Result<Proof, ExplainError>> {
        self.asked.lock().expect("is not poisoned").push(request);
        Box::pin(std::future::ready(self.answer.clone()))
    }
}

fn side(queries: u64, took_us: u64) -> ProofSide {
    ProofSide {
        queries,
        rows: 100,
        bytes: 4_200,
        took_us,
        plan: Some(ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: PLAN.to_owned(),
            analyzed: true,
        }),
    }
}

fn proof(verdict: ProofVerdict, rows: Option<RowsCompared>) -> Proof {
    Proof {
        verdict,
        rows,
        before: side(100, 12_300),
        after: side(1, 1_230),
    }
}

fn equal() -> Proof {
    let rows = RowsCompared {
        keys: 100,
        equal: 100,
        ..RowsCompared::default()
    };
    proof(ProofVerdict::Equal, Some(rows))
}

struct Lab {
    app: Router,
    proving: Arc<Proving>,
    /// Address of the request's page, and of the proof's.
    request: String,
    prove: String,
}

fn lab(answer: Result<Proof, ExplainError>) -> Lab {
    let record = support::repeated(693);
    let request = format!("/silk/requests/{}", record.summary.id);
    let proving = Arc::new(Proving {
        asked: Mutex::default(),
        answer,
    });
    let mut set = config(TestStore::of(vec![record]));
    set.explain = Arc::clone(&proving) as Arc<dyn Explain>;
    Lab {
        app: Router::new().nest_service("/silk", dashboard(set)),
        proving,
        prove: format!("{request}/prove/00000000000000b2"),
        request,
    }
}

impl Lab {
    fn asked(&self) -> Vec<ProofRequest> {
        self.proving.asked.lock().expect("is not poisoned").clone()
    }

    /// Clicks, and gives the page that it leads to.
    async fn click(&self, confirmed: &str) -> String {
        let token = csrf(&page(&self.app, &self.prove).await);
        let fields = [("csrf", &*token), ("confirmed", confirmed)];
        let answer = send(&self.app, form(&self.prove, &fields)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        page(&self.app, answer.location()).await
    }
}

#[tokio::test]
async fn nothing_is_run_before_the_click() {
    let lab = lab(Ok(equal()));
    let html = page(&lab.app, &lab.request).await;
    let link = format!("href=\"{}\">Prove it…</a>", lab.prove);
    assert!(html.contains(&link), "{link}");
    let html = page(&lab.app, &lab.prove).await;
    for part in [
        "<h1>Prove the fix</h1>",
        "100 queries with 100 different values",
        "ANY",
        "Run both",
        "compared and forgotten",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // Nor without the token of our own form, nor by an address.
    for fields in [&[][..], &[("csrf", "guessed")]] {
        let answer = send(&lab.app, form(&lab.prove, fields)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let answer = get(&lab.app, "/silk/api/prove").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let odd = format!("{}?proof=00000000-0000-0000-0000-000000000000", lab.prove);
    assert!(page(&lab.app, &odd).await.contains("This proof is gone"));
    assert_eq!(lab.asked(), []);
}

#[tokio::test]
async fn a_click_runs_what_is_offered_on_what_was_recorded() {
    let lab = lab(Ok(equal()));
    let html = lab.click("").await;
    let asked = lab.asked();
    assert_eq!(asked.len(), 1);
    let asked = &asked[0];
    assert_eq!(asked.sql, support::PERSON);
    assert_eq!(
        asked.one.sql,
        "SELECT id, name, avatar FROM person WHERE id = ANY($1)"
    );
    assert_eq!(asked.one.values, [OneValue::Array]);
    assert_eq!(asked.key_column, KeyColumn::At(0));
    assert_eq!((asked.keys.len(), asked.runs.len()), (100, 100));
    assert_eq!(asked.keys[3], support::value(5));
    assert!(!asked.is_summed && !asked.is_ordered && !asked.is_confirmed);
    for part in [
        "verdict good",
        "Proved: the same rows for all 100 values.",
        "12.3 ms",
        "1.23 ms",
        "10× less",
        "Run again",
        "Nested Loop",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(lab.asked().len(), 1, "a look at the proof runs nothing");
}

#[tokio::test]
async fn what_differs_is_shown_by_value() {
    let rows = RowsCompared {
        keys: 100,
        equal: 75,
        different: 25,
        differences: vec![
            KeyDifference {
                key: 3,
                kind: DifferenceKind::Missing,
                rows_before: 1,
                rows_after: 0,
                columns: vec![],
            },
            KeyDifference {
                key: 4,
                kind: DifferenceKind::Differs,
                rows_before: 1,
                rows_after: 1,
                columns: vec!["<b>name".to_owned()],
            },
        ],
        ..RowsCompared::default()
    };
    let lab = lab(Ok(proof(ProofVerdict::Different, Some(rows))));
    let html = lab.click("").await;
    for part in [
        "verdict bad",
        "Not the same: the one query returns other rows for 25 of 100 values.",
        "<td class=\"mono\">5</td>",
        "1 row by its own query, 0 by the one query",
        "1 row on both sides, other &#60;b&#62;name",
        "and 23 more",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test]
async fn what_is_not_known_and_what_is_refused_is_said() {
    let reason = "Stopped after 5000 ms: 7 of 100 queries had run.".to_owned();
    let unknown = ProofVerdict::Unknown {
        code: "time_limit",
        reason,
    };
    let html = lab(Ok(proof(unknown, None))).click("").await;
    assert!(html.contains("Not proved. Stopped after 5000 ms"), "{html}");

    let refused = |code| ExplainError::Refused {
        code,
        reason: "The app's role is a superuser <b>. Run anyway?".to_owned(),
    };
    let asks = lab(Err(refused("needs_confirmation")));
    let html = asks.click("").await;
    assert!(
        html.contains("superuser &#60;b&#62;. Run anyway?"),
        "{html}"
    );
    assert!(html.contains("name=\"confirmed\" value=\"1\""));
    asks.click("1").await;
    let said: Vec<bool> = asks.asked().iter().map(|one| one.is_confirmed).collect();
    assert_eq!(said, [false, true]);

    let html = lab(Err(refused("proof_refused"))).click("").await;
    assert!(html.contains("Nothing was proved") && !html.contains("name=\"confirmed\""));
}

#[tokio::test]
async fn without_values_there_is_nothing_to_run() {
    let mut record = support::repeated(694);
    for query in &mut record.detail.queries {
        query.values = None;
    }
    let id = record.summary.id;
    let app = support::client::app(&TestStore::of(vec![record]));
    let html = page(&app, &format!("/silk/requests/{id}/prove/00000000000000b2")).await;
    assert!(html.contains("It cannot be proved. The values were not captured"));
    assert!(!html.contains("Run both"));
    for (path, status) in [
        // It ran once.
        (
            format!("{id}/prove/00000000000000a1"),
            StatusCode::NOT_FOUND,
        ),
        (
            format!("{id}/prove/ffffffffffffffff"),
            StatusCode::NOT_FOUND,
        ),
        (format!("{id}/prove/person"), StatusCode::NOT_FOUND),
    ] {
        let answer = get(&app, &format!("/silk/requests/{path}")).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_api_proves_too() {
    let lab = lab(Ok(equal()));
    let id = lab.request.rsplit('/').next().expect("has one").to_owned();
    let body = serde_json::json!({ "request": id, "statement": "00000000000000b2" });
    // A form of another site cannot send JSON, and nobody gets in without the token.
    let plain = Request::post("/silk/api/prove").body(Body::from(body.to_string()));
    let answer = send(&lab.app, plain.expect("is a request")).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut closed = config(TestStore::of(vec![support::repeated(693)]));
    closed.access = Access::Token;
    closed.explain = Arc::clone(&lab.proving) as Arc<dyn Explain>;
    let closed = Router::new().nest_service("/silk", dashboard(closed));
    for request in [json("/silk/api/prove", &body), form(&lab.prove, &[])] {
        assert_eq!(send(&closed, request).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(lab.asked(), []);

    let answer = send(&lab.app, json("/silk/api/prove", &body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["verdict"], "equal");
    assert_eq!(
        answer["summary"],
        "Proved: the same rows for all 100 values."
    );
    assert_eq!(answer["rows"]["equal"], 100);
    assert_eq!(answer["recorded"]["calls"], 100);
    assert_eq!(answer["before"]["queries"], 100);
    assert_eq!(answer["after"]["took_us"], 1_230);
    assert!(answer["after"]["plan"]["root"]["node_type"].is_string());
    assert!(answer["before"]["pages_per_query"].is_null());
    let (no_request, no_statement, odd) = (
        serde_json::json!({ "request": "x", "statement": "00000000000000b2" }),
        serde_json::json!({ "request": id, "statement": "00000000000000a1" }),
        serde_json::json!({ "request": id, "statement": "00000000000000b2", "sql": "SELECT 1" }),
    );
    for (body, status) in [
        (no_request, StatusCode::NOT_FOUND),
        (no_statement, StatusCode::NOT_FOUND),
        (odd, StatusCode::BAD_REQUEST),
    ] {
        let answer = send(&lab.app, json("/silk/api/prove", &body)).await;
        assert_eq!(answer.status, status, "{body}");
    }
    assert_eq!(lab.asked().len(), 1);
}
