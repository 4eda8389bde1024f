//! The Database page of a database that hangs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;
use http::StatusCode;
use silk_ui::dashboard;

use crate::support::{self, SlowExplain, client::get, config};

fn slow(after: Option<Duration>) -> (Arc<SlowExplain>, Router) {
    let explain = Arc::new(SlowExplain {
        after,
        asked: AtomicUsize::new(0),
    });
    let mut config = config(support::rich());
    config.explain = Arc::clone(&explain) as Arc<dyn silk_core::Explain>;
    (
        explain,
        Router::new().nest_service("/silk", dashboard(config)),
    )
}

/// Case faults, "a hanging database": a page at once that says what it waits for.
#[tokio::test]
async fn faults_a_hanging_database() {
    let (explain, app) = slow(None);
    for _ in 0..2 {
        let started = Instant::now();
        let page = get(&app, "/silk/database").await;
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.text.contains("Waiting for PostgreSQL app"),
            "{}",
            page.text
        );
        assert!(page.text.contains("s ago") && page.text.contains("after 15 s"));
        assert!(!page.text.contains("asked just now"));
        assert!(!page.text.contains("No database is known"), "it is known");
        assert_eq!(page.headers["refresh"], "2");
    }
    let asked = explain.asked.load(Ordering::Relaxed);
    assert_eq!(asked, 1, "whoever looks again joins the asking");
}

#[tokio::test]
async fn a_slow_database_answers_whoever_waited() {
    let (explain, app) = slow(Some(Duration::from_millis(1_500)));
    let page = get(&app, "/silk/database").await;
    assert!(
        page.text.contains("Waiting for PostgreSQL app"),
        "{}",
        page.text
    );
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let page = get(&app, "/silk/database").await;
        if !page.text.contains("Waiting for") {
            assert!(!page.headers.contains_key("refresh"));
            assert!(page.text.contains("class=\"check\""), "{}", page.text);
            break;
        }
        assert!(Instant::now() < until);
    }
    assert_eq!(explain.asked.load(Ordering::Relaxed), 1);
    // Programs wait.
    let answer = get(&app, "/silk/api/databases").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_quick_database_is_asked_anew_each_time() {
    let (explain, app) = slow(Some(Duration::ZERO));
    for times in 1..4 {
        let page = get(&app, "/silk/database").await;
        assert!(page.text.contains("class=\"check\"") && !page.text.contains("Waiting for"));
        assert_eq!(explain.asked.load(Ordering::Relaxed), times);
    }
}
