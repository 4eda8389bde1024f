//! Every page in a real Chromium: wide and narrow, light and dark.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::{fs, path::PathBuf};

use common::{
    plans, server,
    weave::{Start, Weave, sqlite},
    webdriver::Browser,
};

const LOOKS: [(u32, bool, &str); 4] = [
    (1280, false, "1280-light"),
    (1280, true, "1280-dark"),
    (390, false, "390-light"),
    (390, true, "390-dark"),
];

/// Something of everything, and the pages that show it: name and path.
fn pages(weave: &Weave) -> Vec<(&'static str, String)> {
    for path in ["/hello", "/api/stream?limit=50", "/api/pool_wait"] {
        weave.get(path);
    }
    let id_of = |path: &str| {
        let record = weave.record_of(&weave.get(path));
        record["request"]["id"].as_str().unwrap().to_owned()
    };
    let failed = id_of("/api/error");
    let parallel = id_of("/api/parallel");
    let joined = id_of("/api/messages/list_some_joined");
    let answer = weave.get("/api/messages/list_some");
    let record = weave.record_of(&answer);
    let id = record["request"]["id"].as_str().unwrap();
    let fingerprint = record["queries"][1]["fingerprint"].as_str().unwrap();
    let created = weave.send(
        "POST",
        "/api/messages",
        &[("Content-Type", "application/json")],
        br#"{"text":"seen in a browser","sent_by_id":3,"thread_id":4}"#,
    );
    let transaction = weave.record_of(&created);
    let transaction = transaction["request"]["id"].as_str().unwrap();
    let threads = weave.record_of(&weave.get("/api/threads"));
    let threads = threads["request"]["id"].as_str().unwrap();
    let json = [("Content-Type", "application/json")];
    let explain = |seq: u32| {
        let path = format!("/silk/api/requests/{id}/queries/{seq}/explain");
        let plan = weave.send("POST", &path, &json, b"{}");
        assert_eq!(plan.status, 200, "{}", plan.text());
        plan.json()["id"].as_str().unwrap().to_owned()
    };
    let (listed, plan) = (explain(1), explain(2));
    let pasted = |text: &str| {
        let body = serde_json::json!({ "plan": text, "keep": true }).to_string();
        let plan = weave.send("POST", "/silk/api/plans", &json, body.as_bytes());
        assert!((200..300).contains(&plan.status), "{}", plan.text());
        plan.json()["id"].as_str().unwrap().to_owned()
    };
    let (never, parallel_plan) = (pasted(plans::NEVER), pasted(plans::PARALLEL));
    let large = pasted(&plans::large(500));
    let mut pages = vec![
        ("overview", "/silk".to_owned()),
        ("requests", "/silk/requests".to_owned()),
        (
            "requests-filtered",
            "/silk/requests?min_queries=2&sort=-query_count".to_owned(),
        ),
        (
            "requests-none",
            "/silk/requests?min_queries=999999".to_owned(),
        ),
        ("requests-text", "/silk/requests?text=person".to_owned()),
        ("findings", "/silk/findings".to_owned()),
        ("findings-all", "/silk/findings?state=all".to_owned()),
        (
            "findings-none",
            "/silk/findings?state=came_back".to_owned(),
        ),
        ("findings-across", "/silk/findings?look=1".to_owned()),
        ("hotspots", "/silk/hotspots".to_owned()),
        ("hotspots-none", "/silk/hotspots?since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z".to_owned()),
        (
            "route",
            "/silk/route?method=GET&route=/api/messages/list_some".to_owned(),
        ),
        (
            "compare",
            format!("/silk/compare?a={id}&b={joined}"),
        ),
        (
            "compare-route",
            "/silk/compare?a=route:GET%20/api/messages/list_some@2h..1h&b=route:GET%20/api/messages/list_some@1h..0m".to_owned(),
        ),
        ("compare-empty", "/silk/compare".to_owned()),
        ("prove", format!("/silk/requests/{id}/prove/{fingerprint}")),
        ("request", format!("/silk/requests/{id}")),
        (
            "request-unfolded",
            format!("/silk/requests/{id}?statement={fingerprint}"),
        ),
        ("request-failed", format!("/silk/requests/{failed}")),
        ("request-parallel", format!("/silk/requests/{parallel}")),
        ("query-failed", format!("/silk/requests/{failed}/queries/2")),
        (
            "request-transaction",
            format!("/silk/requests/{transaction}"),
        ),
        ("request-10000-queries", format!("/silk/requests/{threads}")),
        ("query", format!("/silk/requests/{id}/queries/2")),
        ("statements", "/silk/statements".to_owned()),
        ("statement", format!("/silk/statements/{fingerprint}")),
        ("plan", format!("/silk/plans/{plan}")),
        ("database", "/silk/database".to_owned()),
        ("paste", "/silk/paste".to_owned()),
        ("health", "/silk/health".to_owned()),
        ("health-clear", "/silk/health/clear".to_owned()),
        ("not-found", "/silk/nothing/here".to_owned()),
        (
            "not-understood",
            "/silk/requests?min_queries=many".to_owned(),
        ),
        ("plan-sorted", format!("/silk/plans/{listed}")),
        ("plan-never-executed", format!("/silk/plans/{never}")),
        (
            "plan-compared",
            format!("/silk/plans/compare?a={never}&b={parallel_plan}"),
        ),
        ("plan-large", format!("/silk/plans/{large}")),
        ("analyze", format!("/silk/requests/{id}/queries/1/analyze")),
        ("indexes", format!("/silk/requests/{id}/queries/1/indexes")),
    ];
    for (name, view) in [
        ("plan-tree", "tree"),
        ("plan-table", "table"),
        ("plan-flame", "flame"),
        ("plan-sums", "sums"),
        ("plan-text", "text"),
        ("plan-json", "json"),
    ] {
        pages.push((name, format!("/silk/plans/{parallel_plan}?view={view}")));
    }
    pages
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn every_page_is_clean_in_every_look() {
    let axe = fs::read_to_string(server("SILK_TEST_AXE")).unwrap();
    let weave = Weave::start(&Start::on(&sqlite()));
    let pages = pages(&weave);
    let browser = Browser::start(&weave);
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    let mut troubles = Vec::new();
    for (width, is_dark, look) in LOOKS {
        browser.look(width, is_dark);
        for (name, path) in &pages {
            browser.open(&format!("http://{}{path}", weave.address));
            let page = format!("{name} ({look})");
            browser.screenshot(&pictures.join(format!("{name}-{look}.png")));
            let over = browser.script(
                "const root = document.documentElement;
                 return root.scrollWidth - root.clientWidth;",
            );
            if over.as_i64().unwrap_or(0) > 0 {
                let widest = browser.script(
                    "return [...document.querySelectorAll('body *')]
                        .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
                        .slice(0, 5)
                        .map(e => e.tagName + '.' + e.getAttribute('class'));",
                );
                troubles.push(format!("{page}: {over} pixels too wide: {widest}"));
            }
            // The page of an unknown address is a 404, which the console tells as an error.
            let console = browser.console();
            let console = console.iter().filter(|line| {
                !(name.starts_with("not-") && (line.contains("404") || line.contains("400")))
            });
            troubles.extend(console.map(|line| format!("{page}: console: {line}")));
            let found = browser.accessibility(&axe);
            troubles.extend(found.iter().map(|line| format!("{page}: axe: {line}")));
            // What the checker itself provokes is not the page's.
            browser.console();
        }
    }
    assert!(
        troubles.is_empty(),
        "{} troubles:\n{}",
        troubles.len(),
        troubles.join("\n")
    );
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_person_gets_from_the_overview_to_a_plan() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let record = weave.record_of(&weave.get("/api/messages/list_some"));
    let id = record["request"]["id"].as_str().unwrap();
    let browser = Browser::start(&weave);
    browser.look(1280, false);
    browser.open(&format!("http://{}/silk", weave.address));
    browser.click("a[href^='/silk/requests']");
    assert!(
        browser.url().contains("/silk/requests"),
        "{}",
        browser.url()
    );

    browser.open(&format!(
        "http://{}/silk/requests?min_queries=100",
        weave.address
    ));
    let rows = browser.script("return document.querySelectorAll('tbody tr').length;");
    assert_eq!(rows, 1);
    browser.click(&format!("a[href*='{id}']"));
    assert!(browser.url().contains(id), "{}", browser.url());
    let text = browser.script("return document.body.innerText;");
    assert!(text.as_str().unwrap().contains("101"), "{text}");

    // Everything that folds unfolds.
    let folded = browser.script(
        "document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click());
         return document.querySelectorAll('details:not([open])').length;",
    );
    assert_eq!(folded, 0);

    browser.open(&format!(
        "http://{}/silk/requests/{id}/queries/2",
        weave.address
    ));
    browser.click("form[action$='/explain'] button");
    let text = browser.script("return document.body.innerText;");
    let text = text.as_str().unwrap();
    assert!(text.contains("person"), "{text}");
    assert!(browser.url().contains("/silk/"), "{}", browser.url());
    let console = browser.console();
    assert!(console.is_empty(), "{console:?}");
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_pasted_plan_is_drawn_and_what_is_none_is_told() {
    let axe = fs::read_to_string(server("SILK_TEST_AXE")).unwrap();
    let weave = Weave::start(&Start::on(&sqlite()));
    let browser = Browser::start(&weave);
    for (width, is_dark, _) in LOOKS {
        browser.look(width, is_dark);
        for (text, says) in [
            (plans::NEVER, "never executed"),
            ("no plan at all", "looks like none of"),
        ] {
            browser.open(&format!("http://{}/silk/paste", weave.address));
            let text = serde_json::json!(text);
            browser.script(&format!("document.getElementById('plan').value = {text};"));
            browser.click("form.paste button");
            browser.until(&format!(
                "return document.readyState === 'complete'
                    && document.querySelector('main').innerText.includes('{says}');"
            ));
            let over = browser.script(
                "const root = document.documentElement;
                 return root.scrollWidth - root.clientWidth;",
            );
            assert_eq!(over, 0, "{says} at {width}");
            assert_eq!(browser.accessibility(&axe), [""; 0], "{says} at {width}");
        }
    }
}
