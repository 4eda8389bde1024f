//! Attempts to get at the dashboard, or to get something of one's own onto it.

mod common;

use common::weave::{Start, Weave, sqlite};

#[test]
fn nobody_gets_in_from_elsewhere() {
    let weave = Weave::start(&Start::on(&sqlite()));
    for path in [
        "/silk",
        "/silk/requests",
        "/silk/api/requests",
        "/silk/api/health",
        "/silk/nothing",
    ] {
        for headers in [
            &[("Host", "evil.example")][..],
            &[("Host", "127.0.0.1.evil.example")],
            &[("X-Forwarded-For", "203.0.113.7")],
            &[("Forwarded", "for=203.0.113.7")],
            &[("Host", "evil.example"), ("Authorization", "Bearer wrong")],
            &[("Host", "evil.example"), ("Cookie", "silk_token=00")],
        ] {
            let answer = weave.send("GET", path, headers, b"");
            assert!(
                matches!(answer.status, 401 | 403),
                "{path} {headers:?}: {}",
                answer.status
            );
        }
        let wrong = weave.get(&format!("{path}?token=wrong"));
        assert!(
            matches!(wrong.status, 401 | 403),
            "{path}: {}",
            wrong.status
        );
    }
    assert_eq!(weave.get("/silk").status, 200);
}

#[test]
fn other_sites_change_nothing() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let answer = weave.get("/api/messages/list_some");
    let record = weave.record_of(&answer);
    let id = record["request"]["id"].as_str().unwrap();
    let explain = format!("/silk/api/requests/{id}/queries/1/explain");
    let origin = ("Origin", "https://evil.example");
    let json = ("Content-Type", "application/json");
    for (method, path, headers) in [
        ("POST", explain.as_str(), &[origin, json][..]),
        ("POST", explain.as_str(), &[("Content-Type", "text/plain")]),
        (
            "POST",
            explain.as_str(),
            &[json, ("Sec-Fetch-Site", "cross-site")],
        ),
        ("DELETE", "/silk/api/requests", &[origin]),
        (
            "POST",
            "/silk/health/clear",
            &[("Content-Type", "application/x-www-form-urlencoded")],
        ),
        ("POST", "/silk/health/recording", &[origin]),
    ] {
        let answer = weave.send(method, path, headers, b"{}");
        assert!(
            (400..500).contains(&answer.status),
            "{method} {path} {headers:?}: {}",
            answer.status
        );
    }
    assert_eq!(weave.health()["is_recording"], true);
    weave.record(id);
}

#[test]
fn what_came_from_outside_stays_text() {
    const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let weave = Weave::start(&Start::on(&sqlite()));
    let path = "/api/%3Cscript%3Ealert(1)%3C/script%3E?q=%22%3E%3Cimg%20src=x%20onerror=alert(2)%3E&a=%3Cscript%3Ex";
    let strange = weave.send(
        "GET",
        path,
        &[("X-Strange", SCRIPT), ("User-Agent", SCRIPT)],
        b"",
    );
    let body = serde_json::json!({ "text": SCRIPT, "sent_by_id": 1, "thread_id": 1 }).to_string();
    let headers = [("Content-Type", "application/json"), ("X-Strange", SCRIPT)];
    let created = weave.send("POST", "/api/messages", &headers, body.as_bytes());
    assert_eq!(created.status, 201);
    let mut pages = vec![
        "/silk".to_owned(),
        "/silk/requests".to_owned(),
        "/silk/statements".to_owned(),
    ];
    for answer in [&strange, &created] {
        let record = weave.record_of(answer);
        let id = record["request"]["id"].as_str().unwrap();
        pages.push(format!("/silk/requests/{id}"));
        for query in record["queries"].as_array().unwrap() {
            pages.push(format!("/silk/requests/{id}/queries/{}", query["seq"]));
        }
    }
    pages.push("/silk/requests?path=%3Cscript%3Ealert(1)%3C/script%3E".to_owned());
    pages.push("/silk/requests?nonsense=%3Cscript%3Ealert(1)%3C/script%3E".to_owned());
    pages.push("/silk/%3Cscript%3Ealert(1)%3C/script%3E".to_owned());
    for path in pages {
        let page = weave.get(&path);
        let text = page.text();
        for raw in ["<script>alert", "<img src=x", "<script>x"] {
            assert!(!text.contains(raw), "{path}: {text}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(
            page.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[test]
fn what_is_not_there_or_makes_no_sense_is_said_so() {
    let weave = Weave::start(&Start::on(&sqlite()));
    weave.get("/hello");
    const UNKNOWN: &str = "01890000-0000-7000-8000-000000000000";
    for base in ["/silk", "/silk/api"] {
        for (path, expected) in [
            (format!("/requests/{UNKNOWN}"), 404),
            ("/requests/nonsense".to_owned(), 404),
            ("/requests/..%2f..%2fetc%2fpasswd".to_owned(), 404),
            ("/statements/0123456789abcdef".to_owned(), 404),
            ("/statements/nonsense".to_owned(), 404),
            (format!("/plans/{UNKNOWN}"), 404),
            ("/requests?cursor=nonsense".to_owned(), 400),
            ("/requests?sort=nonsense".to_owned(), 400),
            ("/requests?min_duration_ms=many".to_owned(), 400),
            ("/requests?status=9999999999".to_owned(), 400),
            ("/requests?since=yesterday-ish".to_owned(), 400),
            ("/nothing/here".to_owned(), 404),
        ] {
            let answer = weave.get(&format!("{base}{path}"));
            let is_expected = answer.status == expected
                // An id that cannot be one may be called either.
                || (path.contains("nonsense") || path.contains("..")) && answer.status == 400;
            assert!(
                is_expected,
                "{base}{path}: {} instead of {expected}",
                answer.status
            );
            if base.ends_with("api") {
                assert!(
                    answer.json()["error"]["message"].is_string(),
                    "{}",
                    answer.text()
                );
            } else {
                assert!(answer.text().contains("</html>"), "{}", answer.text());
            }
        }
    }
}
