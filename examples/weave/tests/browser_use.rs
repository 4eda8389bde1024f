//! The dashboard as a person uses it, in a real Chromium: keys, filters, folding, live rows.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{
    weave::{Start, Weave, sqlite},
    webdriver::{Browser, ENTER, ESCAPE},
};

struct Desk<'a> {
    weave: &'a Weave,
    browser: &'a Browser,
}

impl Desk<'_> {
    fn open(&self, path: &str) {
        self.browser
            .open(&format!("http://{}{path}", self.weave.address));
    }

    fn is_at(&self, path: &str) {
        self.browser.until(&format!(
            "return location.pathname + location.search + location.hash === '{path}'
                && document.readyState === 'complete';"
        ));
    }

    fn counts(&self, selector: &str, count: usize) {
        self.browser.until(&format!(
            "return document.querySelectorAll(\"{selector}\").length === {count};"
        ));
    }

    fn says(&self, text: &str) {
        self.browser.until(&format!(
            "return document.body.innerText.includes('{text}');"
        ));
    }
}

#[test]
#[ignore = "needs Chromium: run cargo xtask test"]
fn a_person_works_with_it() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let record = weave.record_of(&weave.get("/api/messages/list_some"));
    let id = record["request"]["id"].as_str().unwrap().to_owned();
    let fingerprint = record["queries"][1]["fingerprint"].as_str().unwrap();
    weave.record_of(&weave.get("/hello"));
    let browser = Browser::start(&weave);
    let desk = Desk {
        weave: &weave,
        browser: &browser,
    };
    for (width, is_dark) in [(1280, false), (390, true)] {
        browser.look(width, is_dark);
        the_n_plus_one_is_in_sight(&desk, &id);
        keys_reach_everything(&desk, &id);
        filters_stand_in_the_address(&desk, &id);
        folds_open_and_are_remembered(&desk, &id, fingerprint);
        rows_come_in_live(&desk);
    }
    let console = browser.console();
    assert!(console.is_empty(), "{console:?}");
}

/// The first page of a newcomer: what is wrong, the line, and what to write instead.
fn the_n_plus_one_is_in_sight(desk: &Desk<'_>, id: &str) {
    desk.open("/silk");
    desk.says("The same query on person ran 100 times");
    // Which finding weighs most depends on how busy the machine is: that of a plan may stand first.
    desk.browser
        .click(&format!("ol.findings a[href='/silk/requests/{id}']"));
    desk.is_at(&format!("/silk/requests/{id}"));
    for text in [
        "The same query on person ran 100 times",
        "comes from a row of query 1 (100 rows)",
        "routes/messages.rs:",
        "for message in",
        "WHERE id IN (?, ?, …)",
    ] {
        desk.says(text);
    }
    desk.counts(".source .here", 2);
}

fn keys_reach_everything(desk: &Desk<'_>, id: &str) {
    let browser = desk.browser;
    desk.open("/silk/requests?sort=-query_count");
    // Without it, a key goes nowhere.
    browser.until("return document.hasFocus();");
    browser.keys("j");
    browser.until(&format!(
        "return document.querySelector('tr.at a').getAttribute('href').endsWith('{id}')
            && document.activeElement === document.querySelector('tr.at a');"
    ));
    browser.keys("j");
    browser.until(&format!(
        "return !document.querySelector('tr.at a').getAttribute('href').endsWith('{id}');"
    ));
    browser.keys("k");
    browser.keys(ENTER);
    desk.is_at(&format!("/silk/requests/{id}"));

    desk.open(&format!("/silk/requests/{id}/queries/2"));
    browser.keys("n");
    desk.is_at(&format!("/silk/requests/{id}/queries/3"));
    browser.keys("p");
    desk.is_at(&format!("/silk/requests/{id}/queries/2"));
    browser.keys("e");
    browser.until("return location.pathname.startsWith('/silk/plans/');");
    desk.open(&format!("/silk/requests/{id}/queries/2"));
    browser.keys("u");
    desk.is_at(&format!("/silk/requests/{id}"));
    for (keys, path) in [
        ("gs", "/silk/statements"),
        ("gh", "/silk/health"),
        ("gr", "/silk/requests"),
        ("go", "/silk/"),
    ] {
        browser.keys(keys);
        desk.is_at(path);
    }

    browser.keys("?");
    desk.counts("dialog.keys[open]", 1);
    desk.says("next, previous row");
    let axe = std::fs::read_to_string(common::server("SILK_TEST_AXE")).unwrap();
    assert_eq!(browser.accessibility(&axe), [""; 0], "the list of keys");
    browser.keys(ESCAPE);
    desk.counts("dialog.keys", 0);

    desk.open("/silk/requests");
    browser.keys("/");
    browser.until("return document.activeElement.name === 'route';");
    // What is typed into a field is no command.
    browser.keys("gh?");
    browser.until("return document.activeElement.value === 'gh?';");
    browser.keys(ESCAPE);
    browser.until("return document.activeElement === document.body;");
    desk.counts("dialog.keys", 0);
}

fn filters_stand_in_the_address(desk: &Desk<'_>, id: &str) {
    let browser = desk.browser;
    desk.open("/silk/requests");
    browser.keys("/");
    browser.keys("/api/messages/*");
    browser.keys(ENTER);
    desk.counts("tbody[data-rows] tr", 1);
    browser.until("return location.search.includes('route=%2Fapi%2Fmessages%2F*');");
    browser.until(&format!(
        "return document.querySelector('[data-rows] a').href.endsWith('{id}');"
    ));
    desk.counts("a.chip", 1);
    // A sort keeps the condition; the chip takes it away and keeps the sort.
    browser.script(
        "[...document.querySelectorAll('thead a')].find(a => a.href.includes('query_count')).focus();",
    );
    browser.keys(ENTER);
    browser.until(
        "return location.search.includes('sort=-query_count') && location.search.includes('route=');",
    );
    desk.counts("[aria-sort]", 1);
    browser.click("a.chip");
    browser.until(
        "return location.search.includes('sort=-query_count') && !location.search.includes('route=');",
    );
    desk.counts("a.chip", 0);

    desk.open("/silk/requests?min_queries=999999");
    desk.says("No request fits");
}

fn folds_open_and_are_remembered(desk: &Desk<'_>, id: &str, fingerprint: &str) {
    let browser = desk.browser;
    let page = format!("/silk/requests/{id}");
    desk.open(&page);
    desk.counts("table.executions tbody tr", 0);
    browser.click(&format!("tr[id='s{fingerprint}'] td.main a"));
    desk.is_at(&format!("{page}?statement={fingerprint}#s{fingerprint}"));
    desk.counts("table.executions tbody tr", 100);

    desk.open(&page);
    browser.script("localStorage.clear(); return true;");
    desk.open(&page);
    desk.counts("details[data-fold='curl'][open]", 0);
    browser
        .script("document.querySelector('details[data-fold=curl] summary').click(); return true;");
    desk.counts("details[data-fold='curl'][open]", 1);
    browser.until("return localStorage.getItem('silk-fold-curl') === 'open';");
    desk.open(&page);
    desk.counts("details[data-fold='curl'][open]", 1);
    // `f` unfolds all there is.
    browser.keys("f");
    desk.counts("main details:not([open])", 0);
    browser.until("return localStorage.getItem('silk-fold-remedy') === 'open';");
}

fn rows_come_in_live(desk: &Desk<'_>) {
    let (weave, browser) = (desk.weave, desk.browser);
    desk.open("/silk/requests");
    browser.until("return !document.querySelector('[data-live]').hidden;");
    browser.keys("l");
    desk.is_at("/silk/requests#live");
    desk.counts("[data-live][aria-pressed=true]", 1);
    let sent = weave.record_of(&weave.get("/hello?live"));
    let id = sent["request"]["id"].as_str().unwrap();
    let first = format!(
        "return document.querySelector('[data-rows] tr a').getAttribute('href').endsWith('{id}');"
    );
    browser.until(&first);
    // The rows came because the server told of a request, not because a clock asked.
    browser.until(
        "return performance.getEntriesByType('resource').some((one) => one.name.includes('/silk/api/live'));",
    );
    browser.keys("l");
    desk.is_at("/silk/requests");
    desk.counts("[data-live][aria-pressed=false]", 1);
    // A bookmark of the live list is live.
    desk.open("/silk/health");
    desk.open("/silk/requests#live");
    desk.counts("[data-live][aria-pressed=true]", 1);
    // The rows of later parts are told apart by their order, so nothing of this one is left.
    browser.keys("l");
    desk.counts("[data-live][aria-pressed=false]", 1);
}
