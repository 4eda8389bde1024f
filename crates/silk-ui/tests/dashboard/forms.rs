//! What changes something: by a form with its token, from our own pages only.

use axum::body::Body;
use http::{Method, Request, StatusCode};

use crate::support::{
    self, TestStore,
    client::{app, check, csrf, get, post_form, send},
};

#[tokio::test]
async fn explain_goes_by_a_form_with_its_token_only() {
    let (record, other) = (support::repeated(1), support::transaction(2));
    let (id, other) = (record.summary.id, (other.summary.id, other));
    let store = TestStore::of(vec![record, other.1]);
    let app = app(&store);
    let uri = format!("/silk/requests/{id}/queries/2");
    let token = csrf(&get(&app, &uri).await.text);
    for wrong in ["", "csrf=", "csrf=0123", "analyze=1"] {
        assert_eq!(
            post_form(&app, &format!("{uri}/explain"), wrong)
                .await
                .status,
            StatusCode::FORBIDDEN,
            "{wrong}"
        );
    }
    assert!(store.plans().is_empty());
    let answer = post_form(&app, &format!("{uri}/explain"), &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let plan = answer.location().to_owned();
    let page = get(&app, &plan).await;
    check(&page.text, "/silk", &plan);
    for part in [
        "Nested Loop",
        "person_pkey",
        "class=\"sub\"",
        "deleted_at IS NULL",
    ] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(
        get(&app, &uri).await.text.contains(&plan),
        "the query knows its plan"
    );

    // One whose values were not captured is refused, with the reason on the page after.
    let uri = format!("/silk/requests/{}/queries/2", other.0);
    let answer = post_form(&app, &format!("{uri}/explain"), &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let back = answer.location().to_owned();
    let page = get(&app, back.split('#').next().expect("is at hand")).await;
    check(&page.text, "/silk", &back);
    assert!(
        page.text
            .contains("Its values were not captured &#60;b&#62;"),
        "{back}"
    );
}

#[tokio::test]
async fn recording_and_clearing_take_the_token_too() {
    let store = support::rich();
    let app = app(&store);
    let token = csrf(&get(&app, "/silk/health").await.text);
    assert_eq!(
        post_form(&app, "/silk/health/recording", "recording=off")
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        post_form(&app, "/silk/health/clear", "").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        post_form(
            &app,
            "/silk/health/recording",
            &format!("csrf={token}&recording=maybe")
        )
        .await
        .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        post_form(
            &app,
            "/silk/health/recording",
            &format!("csrf={token}&recording=off")
        )
        .await
        .status,
        StatusCode::SEE_OTHER
    );
    assert!(
        get(&app, "/silk/health")
            .await
            .text
            .contains("Recording is off")
    );
    assert!(store.requests_kept() > 0);
    let answer = post_form(&app, "/silk/health/clear", &format!("csrf={token}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(store.requests_kept() == 0);
    let after = get(&app, answer.location()).await;
    assert!(after.text.contains("was removed"));
}

#[tokio::test]
async fn calls_from_other_sites_are_refused() {
    let store = support::rich();
    let app = app(&store);
    let delete = |name: &'static str, value: &'static str| {
        Request::builder()
            .method(Method::DELETE)
            .uri("/silk/api/requests")
            .header("host", "localhost:3000")
            .header(name, value)
            .body(Body::empty())
            .expect("is at hand")
    };
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = send(&app, delete(name, value)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert!(answer.text.contains("foreign_origin"));
    }
    assert!(store.requests_kept() > 0);
    let answer = send(&app, delete("origin", "http://localhost:3000")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(store.requests_kept() == 0);
}

/// One list of rules and one of windows: what the form offers is what the library knows.
#[tokio::test]
async fn the_filter_offers_each_rule_and_each_window() {
    let app = app(&TestStore::of(vec![support::repeated(1)]));
    let html = get(&app, "/silk/requests").await.text;
    let select = |name: &str| {
        let from = html
            .split(&format!("<select name=\"{name}\""))
            .nth(1)
            .expect("is there");
        from.split("</select>").next().expect("ends").to_owned()
    };
    let findings = select("finding");
    for rule in silk_core::finding::rules::RULES {
        let option = format!("<option value=\"{}\">{}</option>", rule.name, rule.label);
        assert!(findings.contains(&option), "{}", rule.name);
    }
    assert!(findings.contains("<option value=\"any\">"));
    for kind in silk_core::RequestKind::ALL {
        assert!(
            select("kind").contains(&format!("<option>{kind}</option>")),
            "{kind}"
        );
    }
    // The windows of the form are those of the switches on the overview.
    let overview = get(&app, "/silk/").await.text;
    for (word, label) in [
        ("15m", "15 min"),
        ("1h", "hour"),
        ("24h", "day"),
        ("7d", "7 days"),
    ] {
        let option = format!("<option value=\"{word}\">last {label}</option>");
        assert!(select("since").contains(&option), "{word}");
        assert!(overview.contains(&format!("window={word}")), "{word}");
    }
    // Each can be asked for, and stays chosen.
    for rule in silk_core::finding::rules::RULES {
        let uri = format!("/silk/requests?finding={}", rule.name);
        let html = get(&app, &uri).await.text;
        let option = format!(
            "<option value=\"{}\" selected>{}</option>",
            rule.name, rule.label
        );
        assert!(html.contains(&option), "{uri}");
    }
    // One of an address that the form does not know is kept.
    let html = get(
        &app,
        "/silk/requests?finding=rule_of_tomorrow&since=45m&status=404",
    )
    .await
    .text;
    for option in [
        "<option selected>rule_of_tomorrow</option>",
        "<option selected>45m</option>",
        "<option selected>404</option>",
    ] {
        assert!(html.contains(option), "{option}");
    }
}
