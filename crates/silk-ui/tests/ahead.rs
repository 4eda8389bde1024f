//! Requests that a clock dated ahead head no list, and are said.

mod support;

use chrono::{TimeDelta, Utc};
use silk_core::RequestRecord;
use support::{
    TestStore,
    client::{app, attributes, get, page},
    request,
};

/// A request that started so long before now.
fn ago(n: u128, path: &str, seconds: i64) -> RequestRecord {
    let mut record = request(n, "GET", path, path);
    record.summary.started_at = Utc::now() - TimeDelta::seconds(seconds);
    record
}

#[tokio::test]
async fn lists_end_at_now_and_say_how_many_lie_beyond() {
    const YEAR_S: i64 = 365 * 86_400;
    let further = ago(4, "/further", -2 * YEAR_S);
    let further_href = format!("/silk/requests/{}", further.summary.id);
    let store = TestStore::of(vec![
        ago(1, "/past", 600),
        // Clocks of two machines may differ by some seconds.
        ago(2, "/nearly", -20),
        ago(3, "/ahead", -YEAR_S),
        further,
    ]);
    let app = app(&store);
    for uri in [
        "/silk/requests",
        "/silk/requests?sort=-duration_us",
        "/silk/requests?since=1h",
    ] {
        let html = page(&app, uri).await;
        assert!(html.contains("2 requests lie in the future"), "{uri}");
        assert!(html.contains("/past") && html.contains("/nearly"), "{uri}");
        assert!(!html.contains(">GET /ahead"), "{uri}");
    }
    let html = page(&app, "/silk/").await;
    assert!(html.contains("2 requests lie in the future"));
    assert!(!html.contains(&further_href), "not among the worst either");
    let json = get(&app, "/silk/api/requests").await.json();
    assert_eq!(json["requests_ahead"], 2);
    assert_eq!(json["items"].as_array().unwrap().len(), 2);

    // The link shows those alone.
    let html = page(&app, "/silk/requests").await;
    let href = attributes(&html, "href")
        .into_iter()
        .find(|href| href.contains("until=9999"))
        .expect("there is a link to them")
        .replace("&#38;", "&");
    let html = page(&app, &href).await;
    assert!(html.contains("/ahead") && html.contains("/further"));
    assert!(!html.contains("lie in the future") && !html.contains("/nearly"));
    // A filter that none of them fits says nothing of them.
    let html = page(&app, "/silk/requests?path=/past").await;
    assert!(!html.contains("in the future"));
}

#[tokio::test]
async fn a_store_of_nothing_but_the_future_is_not_called_empty() {
    let store = TestStore::of(vec![ago(1, "/ahead", -86_400)]);
    let app = app(&store);
    for uri in ["/silk/", "/silk/requests"] {
        let html = page(&app, uri).await;
        assert!(html.contains("1 request lies in the future"), "{uri}");
        assert!(!html.contains("silk.layer()"), "{uri}");
    }
}

#[tokio::test]
async fn without_any_ahead_nothing_is_said() {
    let app = app(&TestStore::of(vec![ago(1, "/past", 60)]));
    for uri in ["/silk/", "/silk/requests"] {
        assert!(!page(&app, uri).await.contains("in the future"), "{uri}");
    }
    let json = get(&app, "/silk/api/requests").await.json();
    assert!(json.get("requests_ahead").is_none());
}
