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
            &[][..],
            &[("Host", "evil.example")],
            &[("Host", "localhost")],
            &[("Host", "127.0.0.1.evil.example")],
            &[("X-Forwarded-For", "203.0.113.7")],
            &[("Forwarded", "for=203.0.113.7")],
            &[("Host", "evil.example"), ("Authorization", "Bearer wrong")],
            &[("Host", "evil.example"), ("Cookie", "silk_token=00")],
        ] {
            for method in ["GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS"] {
                let answer = weave.send_as_stranger(method, path, headers, b"");
                assert!(
                    matches!(answer.status, 401 | 403),
                    "{method} {path} {headers:?}: {}",
                    answer.status
                );
            }
        }
        let wrong = weave.send_as_stranger("GET", &format!("{path}?token=wrong"), &[], b"");
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

#[test]
fn no_name_of_this_machine_and_no_header_lets_anybody_in() {
    let weave = Weave::start(&Start::on(&sqlite()));
    for host in [
        "localhost",
        "LOCALHOST:9",
        "127.0.0.1",
        "[::1]:3000",
        "",
        "localhost.",
        "127.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "rebound.example",
    ] {
        let answer = weave.send_as_stranger("GET", "/silk", &[("Host", host)], b"");
        assert!(
            matches!(answer.status, 400 | 403),
            "{host}: {}",
            answer.status
        );
        // Whoever has the token may come by any name: it is the proxy's where one stands before.
        let answer = weave.send("GET", "/silk/requests", &[("Host", host)], b"");
        assert!(
            matches!(answer.status, 400 | 200),
            "{host}: {}",
            answer.status
        );
    }
    for name in common::proxies::HEADERS {
        for path in ["/silk", "/silk/api/requests"] {
            let headers = [("Host", "localhost"), (name, "127.0.0.1")];
            let answer = weave.send_as_stranger("GET", path, &headers, b"");
            assert_eq!(answer.status, 403, "{path} {name}");
        }
    }
}

#[test]
fn two_apps_of_one_host_do_not_log_each_other_out() {
    let (one, two) = (
        Weave::start(&Start::on(&sqlite())),
        Weave::start(&Start::on(&sqlite())),
    );
    // Browsers share cookies between the ports of a host.
    let mut jar = std::collections::BTreeMap::new();
    let mut open = |weave: &Weave| {
        let path = format!("/silk?token={}", weave.token());
        let sent: Vec<String> = jar.values().cloned().collect();
        let sent = sent.join("; ");
        let answer = weave.send_as_stranger("GET", &path, &[("Cookie", &sent)], b"");
        assert_eq!(answer.status, 303);
        let cookie = answer.header("set-cookie").unwrap().split(';').next();
        let cookie = cookie.unwrap().to_owned();
        assert!(!cookie.contains(weave.token()), "{cookie}");
        jar.insert(cookie.split('=').next().unwrap().to_owned(), cookie);
        jar.values().cloned().collect::<Vec<_>>().join("; ")
    };
    open(&one);
    let both = open(&two);
    for weave in [&one, &two] {
        let answer = weave.send_as_stranger("GET", "/silk/health", &[("Cookie", &both)], b"");
        assert_eq!(answer.status, 200, "{both}");
    }
    let of_one = both.split("; ").next().unwrap();
    let passes = [&one, &two].map(|weave| {
        let answer = weave.send_as_stranger("GET", "/silk/health", &[("Cookie", of_one)], b"");
        answer.status == 200
    });
    assert_eq!(passes.iter().filter(|passes| **passes).count(), 1);
}

#[test]
fn the_refusal_says_how_to_get_in() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let page = weave.send_as_stranger("GET", "/silk/requests", &[], b"");
    assert_eq!(page.status, 403);
    for words in [
        "printed when it started",
        "?token=",
        ".token(",
        "SILK_TOKEN",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    let json = weave
        .send_as_stranger("GET", "/silk/api/requests", &[], b"")
        .json();
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.contains("Authorization: Bearer"), "{message}");
    // A link on another site: the browser keeps the cookie back, our own page does not.
    let from_elsewhere = ("Sec-Fetch-Site", "cross-site");
    let page = weave.send_as_stranger("GET", "/silk/requests?status=5xx", &[from_elsewhere], b"");
    assert!(
        page.text().contains("href=\"/silk/requests?status=5xx\""),
        "{}",
        page.text()
    );
}

#[test]
fn odd_calls_are_answered_in_words_and_harm_nothing() {
    const ID: &str = "01890000-0000-7000-8000-000000000000";
    let weave = Weave::start(&Start::on(&sqlite()));
    let answer = weave.get("/api/messages/list_some_joined");
    let record = weave.record_of(&answer);
    let id = record["request"]["id"].as_str().unwrap();
    let long = "a".repeat(60_000);
    let mut paths: Vec<String> = [
        "/assets/../../Cargo.toml",
        "/assets/x/..%2f..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets//etc/passwd",
        "/assets/%00/style.css",
        "//evil.example/",
        "/requests/../health/..",
        "/requests/%00",
        "/requests/%FF%FE",
        "/requests/%E2%80%AE",
        "/requests/{id}",
        "/requests?cursor=9223372036854775807.ffffffffffffffffffffffffffffffff",
        "/requests?cursor=-9223372036854775808.00000000000000000000000000000000",
        "/requests?cursor=99999999999999999999.00000000000000000000000000000000",
        "/requests?cursor=1.zz",
        "/requests?cursor=.",
        "/requests?sort=-query_count&cursor=0.00000000000000000000000000000000",
        "/requests?limit=-1",
        "/requests?limit=0",
        "/requests?limit=1e9",
        "/requests?limit=%EF%BC%95",
        "/requests?limit=18446744073709551616",
        "/requests?min_duration_ms=-1",
        "/requests?min_duration_ms=NaN",
        "/requests?min_duration_ms=inf",
        "/requests?min_duration_ms=1e308",
        "/requests?min_queries=-0",
        "/requests?min_queries=18446744073709551615",
        "/requests?since=999999-01-01T00:00:00Z",
        "/requests?since=-262143-01-01T00:00:00Z",
        "/requests?since=2030-01-01T00:00:00Z&until=1970-01-01T00:00:00Z",
        "/requests?since=99999999999999999d",
        "/requests?status=0",
        "/requests?status=-5xx",
        "/requests?path=*",
        "/requests?path=%25_%5C*",
        "/requests?route=';DROP%20TABLE%20requests;--",
        "/requests?limit=1&limit=2",
        "/requests?=&&&==&",
        "/requests?%",
        "/statements?text=%25%5F%5C'%22",
        "/statements?table=';DROP%20TABLE%20statements;--",
        "/statements?offset=-1",
        "/statements?cursor=nonsense",
        "/statements/ffffffffffffffff",
        "/statements/FFFFFFFFFFFFFFFFF",
        "/plans/%00",
        "/?window=nonsense",
        "/?window=%00",
    ]
    .iter()
    .map(|path| (*path).to_owned())
    .collect();
    for seq in [
        "-1",
        "0",
        "2",
        "4294967296",
        "99999999999999999999",
        "%00",
        "1%2f..%2f1",
    ] {
        paths.push(format!("/requests/{id}/queries/{seq}"));
        paths.push(format!("/requests/{ID}/queries/{seq}"));
    }
    paths.push(format!("/requests?path={long}"));
    paths.push(format!("/requests/{long}"));
    paths.push(format!("/requests?cursor={long}"));
    paths.push(format!("/statements?text={long}"));
    paths.push(format!("/requests?{}", "a=b&".repeat(10_000)));
    for base in ["/silk", "/silk/api"] {
        for path in &paths {
            let answer = weave.get(&format!("{base}{path}"));
            let short: String = path.chars().take(99).collect();
            assert!(answer.status < 500, "{base}{short}: {}", answer.text());
            let text = answer.text();
            assert!(
                !text.contains("[workspace]") && !text.contains("root:"),
                "{short}"
            );
        }
    }
    // Neither a method in disguise nor one that is not spoken changes anything.
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (method, path, headers, body) in [
        (
            "POST",
            "/silk/api/requests",
            &[("X-HTTP-Method-Override", "DELETE")][..],
            "",
        ),
        (
            "GET",
            "/silk/api/requests",
            &[("X-HTTP-Method-Override", "DELETE")],
            "",
        ),
        ("GET", "/silk/api/requests?_method=DELETE", &[], ""),
        ("POST", "/silk/api/requests", &[form], "_method=DELETE"),
        ("POST", "/silk/health/clear", &[form], "csrf="),
        (
            "POST",
            "/silk/health/clear",
            &[form],
            "csrf=undefined&csrf=undefined",
        ),
        ("GET", "/silk/health/clear", &[], ""),
        ("PUT", "/silk/api/requests", &[], "{}"),
        ("PATCH", "/silk/api/requests", &[], "{}"),
        ("TRACE", "/silk/api/requests", &[], ""),
        (
            "OPTIONS",
            "/silk/api/requests",
            &[("Origin", "https://evil.example")],
            "",
        ),
        ("DELETE", "/silk/api/requests", &[("Origin", "null")], ""),
        ("DELETE", "/silk/api/requests", &[("Origin", "file://")], ""),
    ] {
        let answer = weave.send(method, path, headers, body.as_bytes());
        assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        let allows = answer.header("access-control-allow-origin");
        assert_eq!(allows, None, "{method} {path}");
    }
    // Many and large headers are the server's to refuse.
    let head: Vec<(String, String)> = (0..90)
        .map(|n| (format!("X-Large-{n}"), "x".repeat(2_000)))
        .collect();
    let head: Vec<(&str, &str)> = head
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert!(weave.send("GET", "/silk", &head, b"").status < 500);
    weave.record(id);
    assert!(!weave.log().contains("panicked"), "{}", weave.log());
}
