//! Two plans side by side, and plans that became others.

use crate::{
    paste, store,
    support::{
        self,
        client::{app, get, page},
        plans,
    },
};

#[tokio::test]
async fn two_plans_stand_side_by_side() {
    let app = app(&store());
    let (a, b) = (plans::id(10), plans::id(11));
    let html = page(&app, &format!("/silk/plans/compare?a={a}&b={b}")).await;
    for part in [
        "Index Scan using message_updated on message",
        "Seq Scan on message",
        "class=\"changed\"",
        "2.85 ms",
        "40.6 ms",
        "more",
        "the other way round",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let same = page(&app, &format!("/silk/plans/compare?a={a}&b={a}")).await;
    assert!(same.contains("the same shape") && !same.contains("class=\"changed\""));
    let mixed = page(
        &app,
        &format!("/silk/plans/compare?a={a}&b={}", plans::id(4)),
    )
    .await;
    assert!(mixed.contains("compare their shapes, not their figures"));
    for n in [5, 6, 7, 8, 9] {
        page(
            &app,
            &format!("/silk/plans/compare?a={a}&b={}", plans::id(n)),
        )
        .await;
        page(
            &app,
            &format!("/silk/plans/compare?a={}&b={a}", plans::id(n)),
        )
        .await;
    }
    let pasted = paste(&app, &plans::seq_scan()).await;
    let pasted = pasted.rsplit('/').next().expect("has an id");
    page(&app, &format!("/silk/plans/compare?a={a}&b={pasted}")).await;
    for bad in ["", "?a=1", "?a=x&b=y"] {
        let answer = get(&app, &format!("/silk/plans/compare{bad}")).await;
        assert!(answer.status.is_client_error(), "{bad}");
    }
}

#[tokio::test]
async fn a_changed_plan_is_told_with_its_price() {
    let app = app(&store());
    let statement = page(
        &app,
        &format!("/silk/statements/{}?window=24h", plans::STATEMENT),
    )
    .await;
    for part in [
        "The plan changed",
        "Index Scan using message_updated on message",
        "Seq Scan on message",
        "p95 ",
        "side by side",
        "A, then B, then A again",
        "class=\"shape0\"",
        "class=\"shape1\"",
    ] {
        assert!(statement.contains(part), "{part}");
    }
    assert_eq!(
        statement.matches("The plan changed").count(),
        2,
        "there and back"
    );
    let overview = page(&app, "/silk/?window=24h").await;
    assert!(overview.contains("The plan changed"));
    let plan = page(&app, &format!("/silk/plans/{}", plans::id(11))).await;
    assert!(plan.contains("The plan changed") && plan.contains("Compare with"));
    let other = support::repeated(693).detail.texts[1].statement.fingerprint;
    let quiet = page(&app, &format!("/silk/statements/{other}")).await;
    assert!(!quiet.contains("The plan changed"));
}
