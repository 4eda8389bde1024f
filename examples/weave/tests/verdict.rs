//! README's first example: the page names the sort and its index, after that the N+1, after that
//! nothing. The SQL is taken from the page and run as it stands there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use std::{
    pin::Pin,
    thread,
    time::{Duration, Instant},
};

use common::weave::{Start, Weave, database_on};
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;

#[test]
fn the_first_example_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("first.db");
    let address = format!("sqlite:{}", path.display());
    let run = |sql: String| {
        let address = address.clone();
        Box::pin(async move {
            let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
        }) as Pin<Box<dyn Future<Output = ()>>>
    };
    first_example(&address, run);
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn the_first_example_on_postgres() {
    let address = database_on("SILK_TEST_POSTGRES");
    let run = |sql: String| {
        Box::pin(async move {
            let mut connection = sqlx::PgConnection::connect(address).await.unwrap();
            for statement in sql.split_inclusive(';') {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
        }) as Pin<Box<dyn Future<Output = ()>>>
    };
    first_example(address, run);
}

fn first_example(database: &str, run: impl Fn(String) -> Pin<Box<dyn Future<Output = ()>>>) {
    let is_postgres = database.starts_with("postgres");
    let weave = Weave::start(&Start::on(database));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    if is_postgres {
        // It sorts 100,000 rows in less time than 100 queries take to and fro.
        let more = "INSERT INTO message (created, updated, deleted, text, sent_by_id, thread_id) \
                    SELECT created, updated, deleted, text, sent_by_id, thread_id FROM message;";
        runtime.block_on(run(format!("{more}{more}{more} ANALYZE message;")));
    }

    // 1. A sort without an index: most of the time, so it comes before the N+1.
    let (id, record) = seen(&weave, "/api/messages/list_some", |record| {
        record["findings"][0]["sql"].is_string()
            && record["findings"][0]["is_verified"].as_bool() == Some(!is_postgres)
    });
    let verdict = &record["verdict"];
    let first = &record["findings"][0];
    assert_eq!(verdict["kind"], "finding", "{verdict}");
    assert_eq!(verdict["finding"], 0, "{verdict}");
    assert_eq!(first["rule"], "sorts_all_for_first_rows", "{first}");
    assert_eq!(
        (&first["source"], &first["query"]),
        (&"plan".into(), &1.into())
    );
    let sentence = verdict["sentence"].as_str().unwrap();
    for part in [
        " of ",
        "query 1 sorts all",
        "rows of message to give the first 100 (",
        "messages.rs:",
    ] {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
    let total_us = record["request"]["duration_us"].as_u64().unwrap();
    let lost: Vec<u64> = findings(&record)
        .iter()
        .map(|finding| finding["lost_us"].as_u64().unwrap_or(0))
        .collect();
    assert!(lost.is_sorted_by(|a, b| a >= b), "{lost:?}");
    assert!(
        lost[0] <= total_us && lost[0] > lost.get(1).copied().unwrap_or(0),
        "{lost:?} of {total_us}"
    );
    assert!(
        findings(&record)
            .iter()
            .any(|finding| finding["rule"] == "repeated_statement"),
        "{record}"
    );
    // The page says the same, and its SQL is run as it stands there.
    let page = weave.get(&format!("/silk/requests/{id}")).text();
    let top = section(&page, "class=\"verdict");
    assert!(plain(top).contains(sentence), "{top}");
    let sql = code(top);
    assert_eq!(sql, first["sql"].as_str().unwrap());
    assert!(
        sql.starts_with("CREATE INDEX ") && sql.ends_with(';'),
        "{sql}"
    );
    assert!(top.contains("data-copy"), "{top}");
    // Overview and statement name it too.
    let fingerprint = first["fingerprint"].as_str().unwrap();
    for path in ["/silk/", &format!("/silk/statements/{fingerprint}")] {
        until(|| {
            let page = weave.get(path).text();
            page.contains("<section class=\"now\"")
                && plain(section(&page, "class=\"now\"")).contains(&sql)
        });
    }
    runtime.block_on(run(sql));

    // 2. The N+1, with its line and the one query.
    let (id, record) = seen(&weave, "/api/messages/list_some", |record| {
        record["verdict"]["kind"] == "finding"
            && record["findings"][0]["rule"] == "repeated_statement"
    });
    let first = &record["findings"][0];
    assert!(
        findings(&record)
            .iter()
            .all(|finding| finding["rule"] != "sorts_all_for_first_rows"),
        "{record}"
    );
    let sentence = record["verdict"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("person") && sentence.contains("100"),
        "{sentence}"
    );
    let line = first["call_site"]["line"].as_u64().unwrap();
    let page = weave.get(&format!("/silk/requests/{id}")).text();
    let top = section(&page, "class=\"verdict");
    assert!(top.contains(&format!("messages.rs:{line}")), "{top}");
    let sql = first["sql"].as_str().unwrap();
    let list = if is_postgres { "= ANY($1)" } else { "IN (?" };
    assert!(sql.contains("FROM person") && sql.contains(list), "{sql}");
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&code(top)), squeezed(sql));

    // 3. With one query in place of 101, and the index: nothing.
    let (id, record) = seen(&weave, "/api/messages/list_some_joined", |record| {
        record["verdict"]["kind"] == "nothing"
    });
    assert_eq!(findings(&record).len(), 0, "{record}");
    let page = weave.get(&format!("/silk/requests/{id}")).text();
    assert!(
        plain(section(&page, "class=\"verdict")).contains("No findings."),
        "{page}"
    );
}

fn findings(record: &Value) -> &Vec<Value> {
    record["findings"].as_array().unwrap()
}

/// Asks for a path until its record is as it should be, and gives id and record. A machine that is
/// busy delays plans, and makes requests wait for what has nothing to do with them.
fn seen(weave: &Weave, path: &str, is_right: impl Fn(&Value) -> bool) -> (String, Value) {
    let mut last = Value::Null;
    for _ in 0..5 {
        let answer = weave.get(path);
        assert_eq!(answer.status, 200);
        let mut record = weave.record_of(&answer);
        let id = record["request"]["id"].as_str().unwrap().to_owned();
        let until = Instant::now() + Duration::from_secs(4);
        while !is_right(&record) && Instant::now() < until {
            thread::sleep(Duration::from_millis(100));
            record = weave.record(&id);
        }
        if is_right(&record) {
            return (id, record);
        }
        last = record;
    }
    panic!("{path}: {}\n{:#}", last["verdict"], last["findings"]);
}

fn until(mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "it does not come to hold");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The section with a class.
fn section<'a>(page: &'a str, class: &str) -> &'a str {
    let at = page
        .find(class)
        .unwrap_or_else(|| panic!("{class} in {page}"));
    page[at..].split("</section>").next().unwrap()
}

/// What the first piece of SQL in it says.
fn code(section: &str) -> String {
    let code = section.split("<pre class=\"sql\"").nth(1).unwrap();
    let code = &code[code.find('>').unwrap() + 1..];
    plain(code.split("</pre>").next().unwrap())
}

/// Markup as it is read.
fn plain(markup: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in markup.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    for (name, character) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(name, character);
    }
    text
}
