//! Pages about plans: each kind of plan in each view, comparison, paste, advice, database.

mod support;

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use silk_core::{
    PlanSource, Store as _,
    explain::{AdviceRequest, WorkloadQuery},
};
use silk_ui::dashboard;
use support::{FakeStore, config, plans};
use tower::ServiceExt as _;

const VIEWS: [&str; 6] = ["tree", "table", "flame", "sums", "text", "json"];

struct Answer {
    status: StatusCode,
    location: String,
    text: String,
}

fn app(store: &Arc<FakeStore>) -> Router {
    Router::new().nest_service("/silk", dashboard(config(Arc::clone(store))))
}

/// A store with plans of every kind and one request.
fn store() -> Arc<FakeStore> {
    let store = FakeStore::of(vec![support::repeated(693)]);
    plans::fill(&store);
    store
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.expect("never fails");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("is at hand").to_bytes();
    Answer {
        status: parts.status,
        location: parts
            .headers
            .get(header::LOCATION)
            .map_or_else(String::new, |to| to.to_str().expect("is text").to_owned()),
        text: String::from_utf8(bytes.to_vec()).expect("is text"),
    }
}

async fn get(app: &Router, uri: &str) -> Answer {
    let request = Request::get(uri).body(Body::empty()).expect("is a request");
    send(app, request).await
}

async fn page(app: &Router, uri: &str) -> String {
    let answer = get(app, uri).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
    check(&answer.text, uri);
    answer.text
}

/// What must hold of every page, whatever is on it.
fn check(html: &str, uri: &str) {
    assert!(html.len() < 112_000, "{uri} weighs {} bytes", html.len());
    assert_eq!(html.matches("<script").count(), 1, "{uri}: only our own");
    for bad in [
        "<style",
        " style=\"",
        "<img",
        "onerror=\"",
        "javascript:",
        "NaN",
        "inf ",
        "\0",
        "\u{1b}",
        "\u{202e}",
    ] {
        assert!(!html.contains(bad), "{uri}: {bad:?}");
    }
    for tag in [
        "div", "details", "summary", "table", "tr", "td", "p", "ul", "svg", "section", "a", "dl",
    ] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        let closed = html.matches(&format!("</{tag}>")).count();
        assert_eq!(opened, closed, "{uri}: <{tag}> opened and closed");
    }
    let ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let mut known = ids.clone();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), ids.len(), "{uri}: ids are unique");
}

fn form(uri: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request::post(uri)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("is a request")
}

fn json(uri: &str, body: &serde_json::Value) -> Request<Body> {
    Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("is a request")
}

async fn token(app: &Router) -> String {
    let page = page(app, "/silk/paste").await;
    let at = page.find("name=\"csrf\" value=\"").expect("has a form") + 19;
    page[at..].split('"').next().expect("ends").to_owned()
}

/// Pastes a plan and gives the address of its page.
async fn paste(app: &Router, text: &str) -> String {
    let token = token(app).await;
    let answer = send(
        app,
        form("/silk/paste", &[("csrf", &token), ("plan", text)]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.location
}

#[tokio::test]
async fn every_kind_of_plan_is_drawn_in_every_view() {
    let app = app(&store());
    for (name, n) in plans::KINDS {
        for view in VIEWS {
            let uri = format!("/silk/plans/{}?view={view}", plans::id(n));
            let html = page(&app, &uri).await;
            assert!(html.contains("Plan of"), "{name}");
        }
        let raw = get(&app, &format!("/silk/plans/{}/raw", plans::id(n))).await;
        assert_eq!(raw.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn the_tree_tells_what_each_node_did() {
    let app = app(&store());
    let of = |n: u128| format!("/silk/plans/{}", plans::id(n));
    let html = page(&app, &of(1)).await;
    for part in [
        "Gather Merge",
        "top-N heapsort",
        "58,824 → 50,000 ×2",
        "Sequential scan, shared",
        "on weave_message",
        "Executor start and end",
        "Planning",
        "actual",
        "k-sql",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // Explained once, however many nodes are of the kind.
    assert_eq!(html.matches("Sequential scan: reads every page").count(), 1);
    let never = page(&app, &of(2)).await;
    assert!(never.contains("never executed") && never.contains("class=\"pl never\""));
    let estimated = page(&app, &of(4)).await;
    for part in ["Own cost", "estimated", "nothing was run", "Rows expected"] {
        assert!(estimated.contains(part), "{part}");
    }
    assert!(!estimated.contains("Own time"));
    let sqlite = page(&app, &of(5)).await;
    for part in [
        "CORRELATED SCALAR SUBQUERY",
        "Runs again for every row",
        "no-own",
        "Reads every row of the table",
    ] {
        assert!(sqlite.contains(part), "{part}");
    }
    assert!(
        page(&app, &format!("{}?view=flame", of(5)))
            .await
            .contains("nothing can be drawn to scale")
    );
    let mariadb = page(&app, &of(6)).await;
    for part in ["re-executed", "Index lookup", "type ref", "→ 20 ×1,000"] {
        assert!(mariadb.contains(part), "{part}");
    }
    let broken = page(&app, &of(7)).await;
    assert!(broken.contains("could not be read") && broken.contains("Node Type"));
    let cte = page(&app, &of(12)).await;
    assert!(cte.contains("ran in here") && cte.contains("It hangs here, and ran within"));
    let triggers = page(&app, &of(13)).await;
    assert!(triggers.contains("Trigger ") && triggers.contains(" calls"));
}

#[tokio::test]
async fn findings_stand_at_their_nodes_and_at_the_top() {
    let app = app(&FakeStore::of(Vec::new()));
    let at = paste(&app, &plans::corpus("pasted/deleted_messages_shell.txt")).await;
    let html = page(&app, &at).await;
    let title = "Reads all of weave_message to keep 10 % of it";
    assert_eq!(html.matches(title).count(), 2, "at the top and at its node");
    assert!(html.contains("href=\"#n1\"") && html.contains("id=\"n1\""));
    assert!(html.contains("k-over"), "the bar is marked");
    for part in [
        "partial index",
        "rows removed by the filter",
        "would save up to",
        "not if",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test]
async fn plans_of_a_talk_are_drawn_and_judged_as_it_judges_them() {
    let app = app(&FakeStore::of(Vec::new()));
    // Of each: what is drawn, and what is said, or that nothing is.
    let cases: [(&str, &[&str], Option<&str>); 12] = [
        (
            "sort_over_scan",
            &["Sort", "quicksort", "141 kB in memory", "weave_person"],
            None,
        ),
        (
            "top_n_under_gather_merge",
            &[
                "Gather Merge",
                "top-N",
                "1 of 1 workers came",
                "worker 0: 21.8 ms",
                "61 kB",
            ],
            None,
        ),
        (
            "join_under_gather_merge",
            &["Hash Join", "Hash Cond", "weave_person"],
            None,
        ),
        (
            "count_over_scan",
            &["Seq Scan", "Sequential scan", "10,036", "Aggregate"],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "count_over_index_only_scan",
            &[
                "Index Only Scan",
                "Index-only scan",
                "0 heap fetches",
                "weave_message_deleted_9517d20b",
            ],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "count_over_partial_index",
            &["soft_deletes_ignore", "0 heap fetches"],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "deleted_messages_shell",
            &["Seq Scan", "89,964 rows removed by the filter"],
            Some("Reads all of weave_message to keep 10 % of it"),
        ),
        (
            "deleted_messages_bitmap",
            &[
                "Bitmap Heap Scan",
                "Bitmap heap scan",
                "Bitmap index scan",
                "1,676 heap blocks exact",
            ],
            None,
        ),
        ("aggregate_alone", &["Aggregate", "11.5 ms"], None),
        (
            "wrapped_index_scan",
            &["Index Scan", "pg_class_relname_nsp_index"],
            None,
        ),
        (
            "string_seq_scan_small",
            &["Seq Scan", "services_subscription"],
            None,
        ),
        (
            "string_bitmap",
            &["services_su_field_a_155836_idx", "Bitmap Heap Scan"],
            None,
        ),
    ];
    for (name, drawn, judged) in cases {
        let at = paste(&app, &plans::corpus(&format!("pasted/{name}.txt"))).await;
        let html = page(&app, &at).await;
        for part in drawn {
            assert!(html.contains(part), "{name}: {part}");
        }
        assert!(
            html.contains("pasted") && html.contains("is not kept"),
            "{name}"
        );
        match judged {
            Some(title) => assert!(html.contains(title), "{name}: {title}"),
            None => assert!(
                !html.contains("class=\"findings"),
                "{name}: nothing to remark"
            ),
        }
    }
}

#[tokio::test]
async fn a_pasted_plan_is_kept_only_when_asked_for() {
    let store = FakeStore::of(Vec::new());
    let app = app(&store);
    let at = paste(&app, &plans::seq_scan()).await;
    let kept = || store.plans.lock().expect("is not poisoned").len();
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
    let html = page(&app, &answer.location).await;
    assert!(html.contains("pasted") && !html.contains("is not kept"));
    assert_eq!(
        store.plans.lock().expect("is not poisoned")[0].source,
        PlanSource::Pasted
    );
    // A secret in it is not kept with it.
    let secret = plans::seq_scan().replace("(NOT deleted)", "(password = 'hunter2hunter2')");
    let at = paste(&app, &secret).await;
    send(&app, form(&format!("{at}/keep"), &[("csrf", &token)])).await;
    let raw = store.plans.lock().expect("is not poisoned")[0]
        .output
        .raw
        .clone();
    assert!(!raw.contains("hunter2hunter2"), "{raw}");
}

#[tokio::test]
async fn what_is_no_plan_is_said_to_be_none() {
    let app = app(&FakeStore::of(Vec::new()));
    let token = token(&app).await;
    for (text, part) in [
        ("", "is empty"),
        ("SELECT 1", "looks like none of"),
        ("[{\"Plan\": {\"Node Type\": ", "broken JSON"),
        ("<script>alert(1)</script>", "&#60;script&#62;"),
    ] {
        let answer = send(
            &app,
            form("/silk/paste", &[("csrf", &token), ("plan", text)]),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{text}");
        check(&answer.text, text);
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

#[tokio::test]
async fn big_plans_fit_a_page_and_lead_to_every_node() {
    let store = FakeStore::of(Vec::new());
    store.plans.lock().expect("is not poisoned").extend([
        plans::record(1, PlanSource::Analyzed, &plans::big(1_000)),
        plans::record(2, PlanSource::Analyzed, &plans::big(2_500)),
    ]);
    let app = app(&store);
    for n in [1, 2] {
        for view in VIEWS {
            let uri = format!("/silk/plans/{}?view={view}", plans::id(n));
            page(&app, &uri).await;
        }
    }
    let address = format!("/silk/plans/{}", plans::id(1));
    let html = page(&app, &address).await;
    assert!(html.contains("lighter nodes are not on this page"));
    // What is left out is to be reached by the links.
    let mut open = vec![address.clone()];
    let mut seen = std::collections::BTreeSet::new();
    let mut nodes = std::collections::BTreeSet::new();
    while let Some(uri) = open.pop() {
        if !seen.insert(uri.clone()) {
            continue;
        }
        let html = page(&app, &uri).await;
        for id in html.split(" id=\"n").skip(1) {
            let digits = id.split('"').next().expect("ends");
            nodes.extend(digits.parse::<usize>());
        }
        for link in html.split("<p class=\"px\"><a href=\"").skip(1) {
            open.push(link.split('"').next().expect("ends").to_owned());
        }
    }
    assert_eq!(nodes.len(), 1_000, "every node stands somewhere");
    let missing = get(&app, &format!("{address}?node=99999")).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let last = page(&app, &format!("{address}?view=table&sort=-own&page=9")).await;
    assert!(last.contains("1000 nodes"));
}

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
    assert!(same.contains("the same form") && !same.contains("class=\"changed\""));
    let mixed = page(
        &app,
        &format!("/silk/plans/compare?a={a}&b={}", plans::id(4)),
    )
    .await;
    assert!(mixed.contains("their figures do not"));
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
    let statement = page(&app, &format!("/silk/statements/{}", plans::STATEMENT)).await;
    for part in [
        "The plan changed",
        "Index Scan using message_updated on message",
        "Seq Scan on message",
        "p95 ",
        "side by side",
        "A, then B, then A again",
        "class=\"form0\"",
        "class=\"form1\"",
    ] {
        assert!(statement.contains(part), "{part}");
    }
    assert_eq!(
        statement.matches("The plan changed").count(),
        2,
        "there and back"
    );
    let overview = page(&app, "/silk/").await;
    assert!(overview.contains("The plan changed"));
    let plan = page(&app, &format!("/silk/plans/{}", plans::id(11))).await;
    assert!(plan.contains("The plan changed") && plan.contains("Compare with"));
    let other = support::repeated(693).detail.texts[1].statement.fingerprint;
    let quiet = page(&app, &format!("/silk/statements/{other}")).await;
    assert!(!quiet.contains("The plan changed"));
}

#[tokio::test]
async fn a_query_leads_to_its_plan_and_to_others() {
    let store = store();
    let mut record = support::repeated(694);
    let shape = store.plans.lock().expect("is not poisoned")[10].shape;
    record.detail.queries[0].plan_shape = shape;
    record.detail.queries[0].values = Some(vec![support::value(1)]);
    let id = record.summary.id;
    store.records.lock().expect("is not poisoned").push(record);
    let app = app(&store);
    let query = format!("/silk/requests/{id}/queries/1");
    let html = page(&app, &query).await;
    for part in [
        "status good\">actual",
        &format!("/silk/plans/{}", plans::id(11)),
        "EXPLAIN",
        "Generic plan",
        "ANALYZE…",
        "Indexes that would help",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // ANALYZE asks first, and asks again where a function is not known to be harmless.
    let analyze = format!("{query}/analyze");
    let html = page(&app, &analyze).await;
    assert!(html.contains("Run this statement again?") && !html.contains("name=\"confirmed\""));
    let token = token(&app).await;
    let explain = format!("{query}/explain");
    let answer = send(
        &app,
        form(&explain, &[("csrf", &token), ("mode", "analyze")]),
    )
    .await;
    assert!(
        answer.location.starts_with(&format!("{analyze}?confirm=")),
        "{}",
        answer.location
    );
    let html = page(&app, &answer.location).await;
    assert!(html.contains("person_score(), which is volatile &#60;b&#62;"));
    assert!(html.contains("name=\"confirmed\" value=\"1\""));
    for (mode, confirmed, source) in [
        ("analyze", "1", PlanSource::Analyzed),
        ("generic", "", PlanSource::Generic),
        ("", "", PlanSource::Estimated),
    ] {
        let fields = [("csrf", &*token), ("mode", mode), ("confirmed", confirmed)];
        let answer = send(&app, form(&explain, &fields)).await;
        assert!(answer.location.contains("/plans/"), "{mode}");
        let newest = store.plans.lock().expect("is not poisoned")[0].clone();
        assert_eq!(newest.source, source);
    }
    let odd = send(&app, form(&explain, &[("csrf", &token), ("mode", "drop")])).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

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
    // Refusals are told on the page.
    let other = support::transaction(695);
    let id = other.summary.id;
    let app = self::app(&FakeStore::of(vec![other]));
    let refused = page(&app, &format!("/silk/requests/{id}/queries/2/indexes")).await;
    assert!(refused.contains("No advice can be given") && refused.contains("&#60;b&#62;"));
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
        "to mend",
        "Access denied",
        "could not be looked at",
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

#[tokio::test]
async fn the_api_reads_judges_and_keeps_plans() {
    let store = store();
    let app = app(&store);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("is JSON");
    let one = get(&app, &format!("/silk/api/plans/{}", plans::id(1))).await;
    let one = value(&one.text);
    assert_eq!(one["source"], "auto_explain");
    assert_eq!(one["kept"], true);
    assert!(one["root"]["derived"]["exclusive_ms"].is_number());
    let before = store.plans.lock().expect("is not poisoned").len();
    let body = serde_json::json!({"plan": plans::corpus("pasted/deleted_messages_shell.txt")});
    let pasted = value(&send(&app, json("/silk/api/plans", &body)).await.text);
    assert_eq!(pasted["kept"], false);
    assert_eq!(pasted["findings"][0]["rule"], "seq_scan_filters_most");
    assert_eq!(store.plans.lock().expect("is not poisoned").len(), before);
    let mut keep = body.clone();
    keep["keep"] = true.into();
    let kept = value(&send(&app, json("/silk/api/plans", &keep)).await.text);
    assert_eq!(kept["kept"], true);
    let id = kept["id"].as_str().expect("has an id");
    assert_eq!(
        get(&app, &format!("/silk/api/plans/{id}")).await.status,
        StatusCode::OK
    );
    for (body, status) in [
        (
            serde_json::json!({"plan": "SELECT 1"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (serde_json::json!({"text": "x"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(
            send(&app, json("/silk/api/plans", &body)).await.status,
            status
        );
    }
    let of_form = form("/silk/api/plans", &[("plan", "Seq Scan on t")]);
    assert_eq!(
        send(&app, of_form).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let plans_of = format!("/silk/api/statements/{}/plans", plans::STATEMENT);
    let plans_of = value(&get(&app, &plans_of).await.text);
    assert_eq!(plans_of["changes"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        plans_of["changes"][0]["before"]["plan"],
        plans::id(10).to_string()
    );
    assert!(plans_of["history"][0]["p95_us"].is_number());
    let id = support::repeated(693).summary.id;
    let explain = format!("/silk/api/requests/{id}/queries/2/explain");
    for (body, expected) in [
        (
            serde_json::json!({"analyze": true}),
            Err("needs_confirmation"),
        ),
        (
            serde_json::json!({"analyze": true, "confirmed": true}),
            Ok("analyzed"),
        ),
        (serde_json::json!({"generic": true}), Ok("generic")),
        (serde_json::json!({}), Ok("estimated")),
        (
            serde_json::json!({"analyze": true, "generic": true}),
            Err("bad_request"),
        ),
    ] {
        let answer = value(&send(&app, json(&explain, &body)).await.text);
        match expected {
            Ok(source) => assert_eq!(answer["source"], source, "{body}"),
            Err(kind) => assert_eq!(answer["error"]["kind"], kind, "{body}"),
        }
    }
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
    let store = FakeStore::of(vec![support::repeated(693), support::transaction(692)]);
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
