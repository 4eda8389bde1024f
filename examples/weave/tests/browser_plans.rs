//! Plans of every kind in a real Chromium: in every look, kept by a click, and by keys alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::{collections::BTreeSet, fs};

use common::{
    plans, server,
    weave::{Start, Weave, sqlite},
    webdriver::{Browser, ENTER, TAB},
};
use serde_json::{Value, json};

const LOOKS: [(u32, bool); 5] = [
    (1280, false),
    (1280, true),
    (700, true),
    (390, false),
    (390, true),
];

/// What cannot be reached by keys must not be there: everything that can be pressed or followed.
const CONTROLS: &str = "[...document.querySelectorAll(
        'a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex=\"0\"]')]
    .filter(e => e.checkVisibility({ visibilityProperty: true }))";

/// A plan printed by a real server.
fn corpus(name: &str) -> String {
    plan_corpus::plan(name).to_owned()
}

/// The page of a plan that a script gave to be kept.
fn kept(weave: &Weave, text: &str) -> String {
    let body = json!({ "plan": text, "keep": true }).to_string();
    let headers = [("Content-Type", "application/json")];
    let answer = weave.send("POST", "/silk/api/plans", &headers, body.as_bytes());
    assert!((200..300).contains(&answer.status), "{}", answer.text());
    format!("/silk/plans/{}", answer.json()["id"].as_str().unwrap())
}

/// Pastes a plan as a person does, and comes to its page; the id of the plan.
fn paste(weave: &Weave, browser: &Browser, text: &str) -> String {
    browser.open(&format!("http://{}/silk/paste", weave.address));
    let text = json!(text);
    browser.script(&format!("document.getElementById('plan').value = {text};"));
    browser.click("form.paste button");
    browser.until(
        "return location.pathname.startsWith('/silk/paste/') && document.readyState === 'complete';",
    );
    let url = browser.url();
    url.rsplit('/').next().unwrap().to_owned()
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn plans_of_every_database_are_clean_in_every_look() {
    let axe = fs::read_to_string(server("SILK_TEST_AXE")).unwrap();
    let weave = Weave::start(&Start::on(&sqlite()));
    let mut pages: Vec<String> = [
        "edited/jit_long.txt",
        "mariadb-10.11/union.analyze.json",
        "mysql-8/analyze_nested.txt",
        "mysql-8/explain.json",
        "sqlite/correlated.txt",
        "postgres-15/insert_triggers.json",
        "postgres-15/hash_join.estimated.json",
        "lab-15/cte_spills.json",
    ]
    .map(|name| kept(&weave, &corpus(name)))
    .to_vec();
    let cte = kept(&weave, &corpus("postgres-15/cte_two_readers.json"));
    let maria = kept(&weave, &corpus("mariadb-10.11/join.analyze.json"));
    for plan in [&cte, &maria] {
        pages.extend(
            ["tree", "table", "flame", "sums", "text", "json"]
                .map(|view| format!("{plan}?view={view}")),
        );
    }
    let id = |page: &str| page.rsplit('/').next().unwrap().to_owned();
    let (a, b) = (id(&cte), id(&maria));
    pages.push(format!("/silk/plans/compare?a={a}&b={b}"));
    pages.push(format!("/silk/plans/compare?a={a}&b={a}"));
    let browser = Browser::start(&weave);
    let mut troubles = Vec::new();
    for (width, is_dark) in LOOKS {
        browser.look(width, is_dark);
        for path in &pages {
            browser.open(&format!("http://{}{path}", weave.address));
            let page = format!("{path} ({width}, dark: {is_dark})");
            let over = browser.script(
                "const root = document.documentElement;
                 return root.scrollWidth - root.clientWidth;",
            );
            if over != 0 {
                troubles.push(format!("{page}: {over} pixels too wide"));
            }
            let console = browser.console();
            troubles.extend(console.iter().map(|line| format!("{page}: {line}")));
            let found = browser.accessibility(&axe);
            troubles.extend(found.iter().map(|line| format!("{page}: axe: {line}")));
            // What the checker itself provokes is not the page's.
            browser.console();
        }
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_pasted_plan_is_kept_by_a_click() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let browser = Browser::start(&weave);
    browser.look(1280, false);
    let id = paste(&weave, &browser, plans::NEVER);
    let page = format!("/silk/plans/{id}");
    assert_eq!(weave.get(&page).status, 404, "it is not kept unasked");

    browser.click("form.keep button");
    browser.until(&format!(
        "return location.pathname === '{page}' && document.readyState === 'complete';"
    ));
    let text = browser.script("return document.querySelector('main').innerText;");
    let text = text.as_str().unwrap();
    for words in ["Pasted plan", "never executed", "815 ms"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("not kept"), "{text}");
    assert_eq!(
        browser.script("return document.querySelectorAll('form.keep').length;"),
        0
    );
    // It is the store's now, not the page's.
    assert_eq!(weave.get(&page).status, 200);
    let plan = weave.get(&format!("/silk/api/plans/{id}"));
    assert_eq!(plan.status, 200, "{}", plan.text());
    assert_eq!(plan.json()["source"], "pasted");
    let console = browser.console();
    assert!(console.is_empty(), "{console:?}");
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn keys_alone_reach_everything_on_a_plan() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let plan = kept(&weave, plans::PARALLEL);
    let browser = Browser::start(&weave);
    browser.look(1280, false);
    let pasted = format!("/silk/paste/{}", paste(&weave, &browser, plans::NEVER));
    for (width, is_dark) in [(1280, false), (390, true)] {
        browser.look(width, is_dark);
        for path in [
            &plan,
            &format!("{plan}?view=table"),
            &format!("{plan}?view=flame"),
            &format!("{plan}?view=text"),
            &pasted,
        ] {
            browser.open(&format!("http://{}{path}", weave.address));
            everything_is_reached_by_tab(&browser, path);
        }
    }
    nodes_are_walked_and_folded(&weave, &browser, &plan);
    let console = browser.console();
    assert!(console.is_empty(), "{console:?}");
}

/// Presses Tab until it comes round; each stop shows that it has the focus.
fn everything_is_reached_by_tab(browser: &Browser, path: &str) {
    let count = browser.script(&format!(
        "const all = {CONTROLS};
         all.forEach((e, at) => {{ e.dataset.control = at; }});
         return all.length;"
    ));
    let count = count.as_u64().unwrap();
    assert!(count > 10, "{path}: {count} controls");
    let mut reached = BTreeSet::new();
    for _ in 0..count + 2 {
        browser.keys(TAB);
        let at = browser.script(
            "const e = document.activeElement, style = getComputedStyle(e);
             // Of a picture the part that has the focus is framed by its own shape.
             const framed = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
             return [e.dataset.control ?? null, framed, e.outerHTML.slice(0, 120)];",
        );
        let Some(control) = at[0].as_str() else {
            continue;
        };
        assert_eq!(at[1], true, "{path}: the focus is not seen at {}", at[2]);
        reached.insert(control.parse::<u64>().unwrap());
    }
    let missed: Vec<Value> = (0..count)
        .filter(|at| !reached.contains(at))
        .map(|at| {
            browser.script(&format!(
                "return document.querySelector('[data-control=\"{at}\"]').outerHTML.slice(0, 120);"
            ))
        })
        .collect();
    assert!(missed.is_empty(), "{path}: never reached: {missed:#?}");
}

fn nodes_are_walked_and_folded(weave: &Weave, browser: &Browser, plan: &str) {
    let title = |text: &str| {
        browser.until(&format!(
            "const at = document.querySelector('.pn.at');
             return at === document.activeElement && at.querySelector('b').textContent === '{text}';"
        ));
    };
    browser.look(1280, false);
    browser.open(&format!("http://{}{plan}", weave.address));
    browser.keys("j");
    title("Limit");
    browser.keys("jjj");
    title("Parallel Seq Scan");
    browser.keys("kk");
    title("Gather Merge");
    // What is folded is stepped over.
    browser.keys(ENTER);
    browser.until("return !document.querySelector('.pn.at').parentElement.open;");
    browser.keys("j");
    title("Gather Merge");
    browser.keys(ENTER);
    browser.until("return document.querySelector('.pn.at').parentElement.open;");
    browser.keys("j");
    title("Sort");

    // In the table a row leads to its node as the top of a tree.
    browser.open(&format!("http://{}{plan}?view=table", weave.address));
    browser.keys("jj");
    browser.keys(ENTER);
    browser.until("return document.querySelector('.plan b')?.textContent === 'Gather Merge';");
}
