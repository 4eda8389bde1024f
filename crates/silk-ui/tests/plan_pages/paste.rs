//! The paste box.

use http::StatusCode;
use silk_core::PlanSource;

use crate::{
    VIEWS, paste,
    support::{
        TestStore,
        client::{app, check, form, get, page, send},
        plans,
    },
    token,
};

#[tokio::test]
async fn a_pasted_plan_is_kept_only_when_asked_for() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let at = paste(&app, &plans::seq_scan()).await;
    let kept = || store.plans().len();
    assert_eq!(kept(), 0);
    for view in VIEWS {
        page(&app, &format!("{at}?view={view}")).await;
    }
    assert!(
        get(&app, &format!("{at}/raw"))
            .await
            .text
            .starts_with("Limit")
    );
    let keep = format!("{at}/keep");
    assert_eq!(
        send(&app, form(&keep, &[("csrf", "wrong")])).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(kept(), 0);
    let token = token(&app).await;
    let answer = send(&app, form(&keep, &[("csrf", &token)])).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(kept(), 1);
    let html = page(&app, answer.location()).await;
    assert!(html.contains("pasted") && !html.contains("is not kept"));
    assert_eq!(store.plans()[0].source, PlanSource::Pasted);
    // A secret in it is not kept with it.
    let secret = plans::seq_scan().replace("(NOT deleted)", "(password = 'hunter2hunter2')");
    let at = paste(&app, &secret).await;
    send(&app, form(&format!("{at}/keep"), &[("csrf", &token)])).await;
    let raw = store.plans()[0].output.raw.clone();
    assert!(!raw.contains("hunter2hunter2"), "{raw}");
}

#[tokio::test]
async fn what_is_no_plan_is_said_to_be_none() {
    let app = app(&TestStore::of(Vec::new()));
    let token = token(&app).await;
    for (text, part) in [
        ("", "is empty"),
        ("what is this?", "looks like none of"),
        ("[{\"Plan\": {\"Node Type\": ", "broken JSON"),
        ("<script>alert(1)</script>", "&#60;script&#62;"),
        ("first\r\nsecond", "first\nsecond</textarea>"),
    ] {
        let answer = send(
            &app,
            form("/silk/paste", &[("csrf", &token), ("plan", text)]),
        )
        .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        check(&answer.text, "/silk", text);
        assert!(answer.text.contains(part), "{text}: {part}");
    }
    let long = "x".repeat((1 << 20) + 1);
    let answer = send(
        &app,
        form("/silk/paste", &[("csrf", &token), ("plan", &long)]),
    )
    .await;
    assert!(answer.text.contains("at most 1 MB"));
    let longer = "x".repeat(4 << 20);
    let answer = send(
        &app,
        form("/silk/paste", &[("csrf", &token), ("plan", &longer)]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = send(&app, form("/silk/paste", &[("plan", "Seq Scan on t")])).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let gone = format!("/silk/paste/{}", plans::id(999));
    assert_eq!(get(&app, &gone).await.status, StatusCode::NOT_FOUND);
}
