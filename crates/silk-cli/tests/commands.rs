//! Each command, run as the real program against a running app and against its store's file.

mod support;

use std::time::Duration;

use support::{App, BASELINE, program, silk};
use tower_silk::Silk;

/// A list with everything in it: two routes, a failure, an N+1.
async fn app() -> (App, String) {
    let app = App::start().await;
    app.get("/people/7").await;
    app.get("/broken").await;
    let slow = app.get("/people").await;
    (app, slow)
}

#[tokio::test(flavor = "multi_thread")]
async fn app_and_store_give_the_same_lists() {
    let (app, slow) = app().await;
    for arguments in [
        &["requests"][..],
        &["requests", "--route", "/people*", "--min-queries", "2"],
        &["requests", "--status", "5xx"],
        &["requests", "--sort", "-query_count", "--limit", "1"],
        &["findings"],
        &["findings", "--state", "all", "--rule", "repeated_statement"],
        &["routes", "--window", "24h"],
        &["route", "GET /people"],
        &["hotspots", "--since", "3h"],
        &["statements"],
        &["statements", "--command", "select", "--sort=-calls"],
        &["request", &slow],
        &["request", &slow, "--queries"],
    ] {
        let over_http = app.silk(arguments).await.done();
        let from_file = app.silk_on_store(arguments).await.done();
        assert_eq!(over_http, from_file, "{arguments:?}");
        assert!(over_http.lines().count() >= 2, "{arguments:?}: {over_http}");
        let json = [&["--json"], arguments].concat();
        let json = app.silk(&json).await.json();
        assert!(json.is_object(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_a_table_with_aligned_columns() {
    let (app, slow) = app().await;
    let run = app.silk(&["requests"]).await;
    assert!(run.err.is_empty(), "{}", run.err);
    let table = run.done();
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    assert!(head.starts_with("ID "), "{head}");
    assert!(!table.contains('\u{1b}'), "no colours where no terminal is");
    let at = head.find("REQUEST").unwrap();
    let rows: Vec<&str> = lines.collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows[0].starts_with(&slow));
    assert!(rows[0][at..].starts_with("GET /people "), "{table}");
    assert!(rows[0].contains("repeated_statement"), "{table}");
    assert!(rows[1][at..].starts_with("GET /broken"), "{table}");
    assert!(rows[2][at..].starts_with("GET /people/{id}"), "{table}");
    let coloured = app.silk(&["requests", "--color", "always"]).await.done();
    assert!(coloured.contains("\u{1b}["));
    let nothing = app.silk(&["requests", "--status", "418"]).await;
    assert!(nothing.err.contains("No request matches"));
    assert_eq!(nothing.done(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_how_much_of_it_is_shown() {
    let (app, _) = app().await;
    let run = app.silk(&["requests", "--limit", "2"]).await;
    assert!(run.err.contains("2 of 3 requests"), "{}", run.err);
    let cursor = run.err.split_once("--cursor=").unwrap().1.trim();
    let next = app
        .silk(&["requests", "--limit", "2", &format!("--cursor={cursor}")])
        .await
        .done();
    assert_eq!(next.lines().count(), 2, "{next}");
    assert!(next.contains("/people/{id}"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_tells_its_cause_its_line_and_its_fix() {
    let (app, slow) = app().await;
    // Plans of its two statements come in the background: what is read twice must have both.
    let mut text = String::new();
    for _ in 0..200 {
        text = app.silk(&["request", &slow, "--queries"]).await.done();
        let (_, queries) = text.split_once("\nQUERIES\n").unwrap();
        let planned = queries.lines().skip(1).filter(|one| !one.ends_with('–'));
        if planned.count() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for part in [
        "GET /people  200",
        &slow,
        "26 queries",
        "FINDINGS",
        "repeated_statement",
        "support/mod.rs:",
        "STATEMENTS",
        "QUERIES",
        "SELECT name FROM person WHERE id = ?",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The end of an id is enough, in whatever case.
    let end = slow.replace('-', "")[20..].to_uppercase();
    assert_eq!(app.silk(&["request", &end, "--queries"]).await.done(), text);
    // The API's own JSON, unchanged.
    let path = format!("/silk/api/requests/{slow}");
    let bearer = format!("authorization: Bearer {}", support::TOKEN);
    let answer = support::send(&app.address, "GET", &path, &[&bearer]).await;
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let json = app.silk(&["request", &slow, "--json"]).await.done();
    assert_eq!(json.trim_end(), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_leads_to_its_plans() {
    let (app, _) = app().await;
    let list = app.silk(&["statements", "--json"]).await.json();
    let statement = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| {
            item["normalized"]
                .as_str()
                .unwrap()
                .contains("WHERE id = ?")
        })
        .unwrap();
    let fingerprint = statement["fingerprint"].as_str().unwrap();
    let text = app
        .silk(&["statement", fingerprint, "--window", "24h"])
        .await
        .done();
    for part in [
        "26 by 2 requests",
        "ROUTES",
        "GET /people/{id}",
        "LINES",
        "support/mod.rs:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Plans of new statements are asked for in the background.
    let mut plan = None;
    for _ in 0..100 {
        let path = ["statement", fingerprint];
        let text = app.silk(&path).await.done();
        plan = text.split_once("\nPLANS\n").and_then(|(_, plans)| {
            Some(plans.lines().nth(1)?.split_whitespace().next()?.to_owned())
        });
        if plan.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let plan = plan.expect("a plan is kept");
    let text = app.silk(&["plan", &plan]).await.done();
    assert!(
        text.contains(&plan) && text.contains("SEARCH on person"),
        "{text}"
    );
    assert_eq!(
        app.silk(&["plan", &plan, "--json"]).await.json()["id"],
        *plan
    );
    assert!(
        app.silk_on_store(&["plan", &plan])
            .await
            .done()
            .contains("SEARCH on person")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_of_the_app_or_of_the_file_alone() {
    let (app, _) = app().await;
    let text = app.silk(&["health"]).await.done();
    for part in [
        "people",
        "recording",
        "3 seen, 3 recorded",
        "0 lost",
        "3 requests",
        "values",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let of_file = app.silk_on_store(&["health"]).await.done();
    assert!(of_file.contains("3 requests"), "{of_file}");
    assert!(
        !of_file.contains("seen"),
        "a file does not know that: {of_file}"
    );
    assert_eq!(app.silk(&["health", "--json"]).await.json()["recorded"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_asks_first() {
    let (app, _) = app().await;
    let told = app.silk(&["clear"]).await.failed(2);
    assert!(
        told.contains("all 3 requests") && told.contains("--yes"),
        "{told}"
    );
    let count = async || {
        app.silk(&["requests", "--json"]).await.json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count().await, 3);
    let run = app.silk(&["clear", "--yes"]).await;
    assert!(run.err.contains("Removed all 3 requests"), "{}", run.err);
    assert_eq!(count().await, 0);
    app.get("/people/1").await;
    assert_eq!(count().await, 1);
    app.silk_on_store(&["clear", "--yes"]).await.done();
    assert_eq!(count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn await_gives_the_next_request_that_matches() {
    let (app, slow) = app().await;
    let url = app.url();
    let mut waiting = program(app.folder.path());
    waiting.args(["--url", &url, "--token", support::TOKEN, "--json", "await"]);
    waiting.args([
        "--route",
        "/people/{id}",
        "--status",
        "404",
        "--timeout",
        "30",
    ]);
    let waiting = waiting
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut waiting = waiting.spawn().unwrap();
    // It says when it waits.
    let mut said = std::io::BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.contains("waiting"), "{line}");
    app.get("/people/8").await;
    app.get("/people").await;
    let wanted = app.get("/people/999").await;
    let output = tokio::task::spawn_blocking(move || waiting.wait_with_output().unwrap())
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["request"]["id"], *wanted);
    // What came after a request that is known is found at once.
    let after = [
        "await",
        "--after",
        &slow,
        "--route",
        "/people/{id}",
        "--json",
    ];
    let json = app.silk(&after).await.json();
    assert_eq!(json["request"]["path"], "/people/8");
    let told = app
        .silk(&["await", "--route", "/never", "--timeout", "1"])
        .await;
    assert_eq!(told.code, 1, "the answer is no");
    assert!(told.err.contains("within 1 s"), "{}", told.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_sends_what_was_recorded_and_nothing_else() {
    let (app, slow) = app().await;
    let to = format!("http://{}", app.address);
    let json = app
        .silk(&["--json", "replay", &slow, "--to", &to])
        .await
        .json();
    assert_eq!(json["status"], 200);
    let id = json["request_id"].as_str().unwrap().to_owned();
    assert!(app.silk.flush(Duration::from_secs(20)).await);
    let record = app.silk(&["--json", "request", &id]).await.json();
    assert_eq!(record["request"]["path"], "/people");
    assert_eq!(record["request"]["query_count"], 26);

    let post = app.send("POST", "/people", &["content-length: 0"]).await;
    let told = app.silk(&["replay", &post, "--to", &to]).await.failed(2);
    assert!(
        told.contains("POST may change data") && told.contains("--allow-writes"),
        "{told}"
    );
    let sent = app
        .silk(&["replay", &post, "--to", &to, "--allow-writes"])
        .await
        .done();
    assert!(sent.starts_with("201"), "{sent}");

    let secret = app
        .send("GET", "/people/3", &["authorization: Bearer 12345"])
        .await;
    let told = app.silk(&["replay", &secret, "--to", &to]).await.failed(2);
    assert!(
        told.contains("the header authorization was redacted"),
        "{told}"
    );
    assert!(told.contains("--header"), "{told}");
    let with = [
        "replay",
        &secret,
        "--to",
        &to,
        "--header",
        "authorization: Bearer 12345",
    ];
    assert!(app.silk(&with).await.done().starts_with("200"));

    let job = "http://127.0.0.1:9";
    let told = app.silk(&["replay", &slow, "--to", job]).await.failed(2);
    assert!(
        told.contains("No app answers at http://127.0.0.1:9"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compare_says_what_is_gone_and_what_was_added() {
    let (app, slow) = app().await;
    let told = app.silk(&["diff", &slow]).await;
    assert_eq!(told.code, 1, "no other came: {}", told.err);
    let fast = app.get("/people/at-once").await;
    let text = app.silk(&["compare", &slow, &fast]).await.done();
    for part in [
        "SIDE",
        "26",
        "gone",
        "added",
        "SELECT name FROM person WHERE id = ?",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(app.silk(&["diff", &slow, &fast]).await.done(), text);
    assert_eq!(
        app.silk_on_store(&["diff", &slow, &fast]).await.done(),
        text
    );
    let again = app.get("/people").await;
    let newest = app.silk(&["diff", &slow, "--json"]).await.json();
    assert_eq!(newest["b"]["id"], *again);
}

#[tokio::test(flavor = "multi_thread")]
async fn save_as_test_prints_the_test_that_the_dashboard_writes() {
    let (app, slow) = app().await;
    let test = app.silk(&["save-as-test", &slow]).await.done();
    assert!(test.contains("#[tokio::test]"), "{test}");
    assert!(test.contains(".uri(\"/people\")"), "{test}");
    assert_eq!(
        app.silk_on_store(&["save-as-test", &slow]).await.done(),
        test
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_opens_the_dashboard_on_a_file_by_its_token_alone() {
    let (app, slow) = app().await;
    let mut serving = program(app.folder.path());
    serving
        .arg("--store")
        .arg(app.store())
        .args(["serve", "--listen", "127.0.0.1:0"]);
    let mut serving = serving
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(serving.stdout.take().unwrap());
    let mut link = String::new();
    std::io::BufRead::read_line(&mut out, &mut link).unwrap();
    let link = link.trim().strip_prefix("dashboard ").unwrap().to_owned();
    let address = link
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let path = format!("/silk/requests/{slow}");
    let stranger = support::send(address, "GET", &path, &[]).await;
    assert!(stranger.starts_with("HTTP/1.1 403"), "{stranger}");
    let token = link.split_once("token=").unwrap().1;
    let bearer = format!("authorization: Bearer {token}");
    let page = support::send(address, "GET", &path, &[&bearer]).await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("26"),
        "{page}"
    );
    // The link is good for the program too.
    let list = silk(&["--url", &link, "requests"]).await.done();
    assert_eq!(list.lines().count(), 4, "{list}");
    let told = silk(&["--url", &link, "clear", "--yes"]).await.failed(2);
    assert!(told.contains("reading only"), "{told}");
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = silk(&["completions", shell]).await.done();
        for subcommand in silk_cli::command().get_subcommands() {
            assert!(
                script.contains(subcommand.get_name()),
                "{shell}: {}",
                subcommand.get_name()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_users_sent_does_not_move_the_cursor() {
    let app = App::start().await;
    app.get("/people/%1b%5b2J%e2%80%ae").await;
    app.send("GET", "/people/1", &["user-agent: \u{9b}0;title"])
        .await;
    for arguments in [&["requests"][..], &["requests", "--path", "/people/*"]] {
        let text = app.silk(arguments).await.done();
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offered_query_is_proved_by_the_running_app_only() {
    let (app, slow) = app().await;
    let out = app.silk(&["prove", &slow]).await.done();
    assert!(
        out.starts_with("Proved: the same rows for all 25 values.\n"),
        "{out}"
    );
    assert!(out.contains("one query") && out.contains(" IN ("), "{out}");
    assert!(out.contains("as recorded: 25 queries in "), "{out}");
    let json = app.silk(&["--json", "prove", &slow]).await.json();
    assert_eq!(json["verdict"], "equal");
    let statement = json["statement"].as_str().unwrap();
    let named = app
        .silk(&["prove", &slow, "--statement", statement, "--confirmed"])
        .await;
    named.done();

    let nobody = app.silk_on_store(&["prove", &slow]).await.failed(2);
    assert!(nobody.contains("only the running app"), "{nobody}");
    let single = app.get("/people/1").await;
    let nothing = app.silk(&["prove", &single]).await.failed(2);
    assert!(nothing.contains("offers a query"), "{nothing}");
    let unknown = app
        .silk(&["prove", &slow, "--statement", "ffffffffffffffff"])
        .await
        .failed(2);
    assert!(unknown.contains("No query is offered"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_on_the_first_day_is_folded_and_what_is_new_speaks() {
    let (old, _) = app().await;
    let file = old.folder.path().join(BASELINE);
    let path = file.to_str().unwrap();
    let only = ["findings", "--rule", "repeated_statement"];
    let write = [&only[..], &["--write-baseline", path]].concat();
    let run = old.silk(&write).await;
    assert!(run.err.contains(": 1 known, 1 of them new."), "{}", run.err);
    run.done();
    let text = std::fs::read_to_string(&file).unwrap();
    for line in [
        "version = 1",
        "route = \"GET /people\"",
        "rule = \"repeated_statement\"",
        "statement = \"SELECT name FROM person WHERE id = ?\"",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    // Again, from the file of the store: nothing is new, and the text is the same.
    let run = old.silk_on_store(&write).await;
    assert!(run.err.contains(": 1 known, 0 of them new."), "{}", run.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    let folder = tempfile::TempDir::new().unwrap();
    std::fs::copy(&file, folder.path().join(BASELINE)).unwrap();
    let new = App::start_in(folder).await;
    let id = new.get("/people").await;
    new.get("/broken").await;
    let found = new.silk(&["--json", "findings"]).await.json();
    let rules: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["rule"])
        .collect();
    assert!(!rules.is_empty(), "the failure is new");
    assert!(
        rules.iter().all(|rule| **rule != "repeated_statement"),
        "{rules:?}"
    );
    let request = new.silk(&["--json", "request", &id]).await.json();
    assert_eq!(request["accepted"][0]["rule"], "repeated_statement");
    assert_eq!(request["accepted"][0]["reason"], "known by the baseline");

    // A file that is not understood is neither written over nor passed over.
    std::fs::write(&file, "version = 1\n[[finding]]\nruel = 'x'\n").unwrap();
    let run = old.silk(&write).await;
    assert!(
        run.err.contains("line 3: unknown field `ruel`"),
        "{}",
        run.err
    );
    let start = Silk::builder().in_memory().baseline(&file).build().await;
    let error = start.err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("line 3: unknown field `ruel`")));
    let nowhere = Silk::builder().in_memory().baseline("no such file").build();
    assert!(nowhere.await.is_err());
}
