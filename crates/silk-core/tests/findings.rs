//! The corpus of findings: requests recorded from real runs of real SQL, each with what the rules
//! must say of it, and nothing else. Prints precision and recall of each rule.
//!
//! `findings/*.tsv` are written by `silk-capture/tests/record_findings.rs`; their first lines say
//! what the request is about, where the case comes from, and what is expected.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use silk_core::{
    CallSite, CapturedBy, ConnectionWait, Database, DatabaseKind, Finding, Holder, PoolUse,
    QueryError, QueryRecord, Redactor, RequestRecord, SpanRecord, TransactionRecord, Value,
    ValueState,
    finding::{Identities, Thresholds, rules},
    sql::SqlReader,
    testing,
};

struct Scenario {
    name: String,
    expected: Vec<String>,
    /// The rule that is to stand on top: the first that is expected.
    first: Option<String>,
    record: RequestRecord,
    identities: Vec<Option<u64>>,
    thresholds: Thresholds,
}

impl Scenario {
    fn found(&self) -> Vec<Finding> {
        rules::find(&self.record, &self.identities, &self.thresholds)
    }
}

fn corpus() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "tsv"))
        .collect();
    files.sort();
    files.iter().map(|path| scenario(path)).collect()
}

fn scenario(path: &Path) -> Scenario {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let mut scenario = Scenario {
        name,
        expected: Vec::new(),
        first: None,
        record: testing::request(),
        identities: Vec::new(),
        thresholds: Thresholds::default(),
    };
    let mut database = Arc::new(Database {
        kind: DatabaseKind::Postgres,
        name: String::new(),
    });
    let mut same = Identities::default();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let (kind, cells) = cells.split_first().unwrap();
        let detail = &mut scenario.record.detail;
        match *kind {
            "about" | "source" => {}
            "expect" => {
                scenario.expected = cells
                    .iter()
                    .filter(|rule| **rule != "nothing")
                    .map(|rule| (*rule).to_owned())
                    .collect();
                scenario.first = scenario.expected.first().cloned();
                scenario.expected.sort();
            }
            "threshold" => set(&mut scenario.thresholds, cells[0], cells[1]),
            "database" => {
                database = Arc::new(Database {
                    kind: cells[0].parse().unwrap(),
                    name: String::new(),
                });
            }
            "request" => request(&mut scenario.record, cells),
            "text" => detail
                .texts
                .push(reader.read(&unescaped(cells[1]), &database)),
            "site" => {
                let (file, line) = cells[1].rsplit_once(':').unwrap();
                detail.call_sites.push(CallSite {
                    function: cells[2].to_owned(),
                    file: file.to_owned(),
                    line: line.parse().unwrap(),
                });
            }
            "query" => {
                let query = query(cells, database.kind);
                let text = &detail.texts[usize::try_from(query.text).unwrap()];
                let sensitive = reader.sensitive(&text.text, database.kind);
                let identity = same.of(&sensitive, query.values.as_deref());
                scenario
                    .identities
                    .push(same.within_session(&sensitive, identity));
                detail.queries.push(query);
            }
            "error" => {
                detail.queries.last_mut().unwrap().error = Some(error(cells[0], cells[1]));
            }
            "wait" => detail.waits.push(wait(cells)),
            "holder" => {
                let wait = detail.waits.last_mut().unwrap();
                wait.holders.push(Holder {
                    route: cells[0].to_owned(),
                    fingerprint: None,
                    normalized: some(cells[1]).map(ToOwned::to_owned),
                    call_site: None,
                    connections: number(cells[2]),
                    idle_in_transaction: number(cells[3]),
                    held_us: number(cells[4]),
                });
            }
            "transaction" => detail.transactions.push(TransactionRecord {
                started_us: number(cells[0]),
                duration_us: number(cells[1]),
                begin_us: number(cells[2]),
                end_us: number(cells[3]),
                depth: number(cells[4]),
                end: cells[5].parse().unwrap(),
                error: cells.get(6).map(|message| error("-", message)),
            }),
            "span" => detail.spans.push(span(cells)),
            "failure" => {
                detail.error = Some(unescaped(cells[0]));
                detail.error_site = some(cells[1]).map(|at| {
                    let (file, line) = at.rsplit_once(':').unwrap();
                    CallSite {
                        function: String::new(),
                        file: file.to_owned(),
                        line: line.parse().unwrap(),
                    }
                });
            }
            other => panic!("{}: no line is called {other}", scenario.name),
        }
    }
    let count = u64::try_from(scenario.record.detail.queries.len()).unwrap();
    scenario.record.summary.query_count = count;
    scenario
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(cell: &str) -> T {
    cell.parse().unwrap()
}

fn some(cell: &str) -> Option<&str> {
    (cell != "-").then_some(cell)
}

fn unescaped(cell: &str) -> String {
    cell.replace("\\n", "\n").replace("\\t", "\t")
}

fn error(code: &str, message: &str) -> QueryError {
    QueryError {
        code: some(code).map(ToOwned::to_owned),
        message: unescaped(message),
    }
}

fn set(thresholds: &mut Thresholds, name: &str, value: &str) {
    match name {
        "min_calls" => thresholds.min_calls = number(value),
        "min_lost_us" => thresholds.min_lost = std::time::Duration::from_micros(number(value)),
        other => panic!("no threshold {other}"),
    }
}

fn request(record: &mut RequestRecord, cells: &[&str]) {
    let detail = &mut record.detail;
    let times = &mut record.summary.times;
    for cell in cells {
        let (name, value) = cell.split_once('=').unwrap();
        match name {
            "status" => record.summary.status = some(value).map(number),
            "outcome" => record.summary.outcome = value.parse().unwrap(),
            "kind" => record.summary.kind = value.parse().unwrap(),
            "head_us" => times.head_us = number(value),
            "total_us" => times.total_us = number(value),
            "sql_us" => times.sql_us = number(value),
            "wait_us" => times.wait_us = number(value),
            "longest_poll_us" => times.longest_poll_us = number(value),
            "longest_poll_started_us" => {
                detail.longest_poll_started_us = some(value).map(number);
            }
            other => panic!("no field {other}"),
        }
    }
}

fn query(cells: &[&str], kind: DatabaseKind) -> QueryRecord {
    QueryRecord {
        text: number::<u32>(cells[1]) - 1,
        first_row_us: some(cells[4]).map(number),
        consumer_us: number(cells[5]),
        rows_returned: number(cells[6]),
        rows_read: number(cells[7]),
        rows_affected: number(cells[8]),
        outcome: cells[9].parse().unwrap(),
        call_site: some(cells[10]).map(|site| number::<u32>(site) - 1),
        transaction: some(cells[11]).map(|transaction| number::<u32>(transaction) - 1),
        values: some(cells[12]).map(|_| cells[13..].iter().map(|cell| value(cell, kind)).collect()),
        captured_by: if cells[12] == "-" {
            CapturedBy::Layer
        } else {
            CapturedBy::Pool
        },
        ..testing::query(number(cells[0]), number(cells[2]), number(cells[3]))
    }
}

/// `INT8=7`: the value as shown, in the bytes that its database sends where a rule reads it: whole
/// numbers, text, the length of arrays. Of all others it only matters whether they are equal.
fn value(cell: &str, kind: DatabaseKind) -> Value {
    let (type_name, shown) = cell.split_once('=').unwrap();
    let state = match shown {
        "NULL" => ValueState::Null,
        "[redacted]" => ValueState::Redacted,
        shown if type_name.ends_with("[]") => {
            let elements = shown.trim_matches(['{', '}']);
            let length = if elements.is_empty() {
                0
            } else {
                elements.split(',').count()
            };
            let mut bytes = Vec::new();
            for part in [1, 0, 20, u32::try_from(length).unwrap(), 1] {
                bytes.extend(part.to_be_bytes());
            }
            bytes.extend(shown.as_bytes());
            ValueState::Bytes(bytes)
        }
        // Of numbers a rule may ask how large they are.
        shown => ValueState::Bytes(match (type_name, kind, shown.parse::<i64>()) {
            ("INT8", DatabaseKind::Postgres, Ok(number)) => number.to_be_bytes().to_vec(),
            ("INT4", DatabaseKind::Postgres, Ok(number)) => {
                i32::try_from(number).unwrap().to_be_bytes().to_vec()
            }
            (
                "INT" | "BIGINT" | "INTEGER",
                DatabaseKind::MySql | DatabaseKind::Sqlite,
                Ok(number),
            ) => number.to_le_bytes().to_vec(),
            _ => unescaped(shown).into_bytes(),
        }),
    };
    Value {
        type_name: type_name.to_owned(),
        state,
    }
}

fn span(cells: &[&str]) -> SpanRecord {
    SpanRecord {
        name: unescaped(cells[0]),
        target: cells[1].to_owned(),
        file: None,
        line: None,
        started_us: number(cells[2]),
        duration_us: number(cells[3]),
        busy_us: 0,
        parent: None,
        fields: cells[4..]
            .iter()
            .map(|cell| {
                let (name, value) = cell.split_once('=').unwrap();
                (name.to_owned(), unescaped(value))
            })
            .collect(),
    }
}

fn wait(cells: &[&str]) -> ConnectionWait {
    let pool = some(cells[3]).map(|pool| {
        let parts: Vec<u32> = pool.split('/').map(number).collect();
        PoolUse {
            open: parts[0],
            idle: parts[1],
            most: parts[2],
        }
    });
    ConnectionWait {
        started_us: number(cells[0]),
        duration_us: number(cells[1]),
        error: some(cells[2]).map(ToOwned::to_owned),
        pool,
        holders: Vec::new(),
    }
}

#[test]
fn each_rule_names_what_it_must_and_nothing_else() {
    // Found rightly, found wrongly, missed, and left alone where another request has it.
    let mut tallies: BTreeMap<&str, [u32; 3]> = rules::RULES
        .iter()
        .map(|rule| (rule.name, [0; 3]))
        .collect();
    let mut wrong = Vec::new();
    let corpus = corpus();
    let mut quiet = 0;
    for scenario in &corpus {
        let found = scenario.found();
        let mut missed = scenario.expected.clone();
        quiet += usize::from(missed.is_empty());
        for finding in &found {
            let tally = tallies.get_mut(&*finding.rule).unwrap();
            match missed.iter().position(|rule| *rule == finding.rule) {
                Some(at) => {
                    missed.swap_remove(at);
                    tally[0] += 1;
                }
                None => {
                    tally[1] += 1;
                    wrong.push(format!("{}: {}", scenario.name, finding.title));
                }
            }
        }
        for rule in missed {
            tallies.get_mut(&*rule).unwrap()[2] += 1;
            wrong.push(format!("{}: no {rule}", scenario.name));
        }
    }
    println!(
        "{} requests, {quiet} of them harmless\n{:<20} {:>5} {:>5} {:>6}  precision recall",
        corpus.len(),
        "rule",
        "right",
        "wrong",
        "missed"
    );
    for (rule, [right, false_alarms, missed]) in &tallies {
        let rate = |others: u32| match right + others {
            0 => "–".to_owned(),
            all => format!("{:.3}", f64::from(*right) / f64::from(all)),
        };
        println!(
            "{rule:<20} {right:>5} {false_alarms:>5} {missed:>6}  {:>9} {:>6}",
            rate(*false_alarms),
            rate(*missed)
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (rule, [right, ..]) in &tallies {
        assert!(*right >= 2, "{rule} has {right} requests that show it");
    }
}

/// The same requests as the tracing layer sees them: no values, no call sites, no transactions.
#[test]
fn what_is_harmless_stays_so_where_values_are_not_known() {
    let mut wrong = Vec::new();
    for mut scenario in corpus() {
        if !scenario.expected.is_empty() {
            continue;
        }
        for (query, identity) in scenario
            .record
            .detail
            .queries
            .iter_mut()
            .zip(&mut scenario.identities)
        {
            let has_values = query.values.take().is_some_and(|values| !values.is_empty());
            query.call_site = None;
            if has_values {
                *identity = None;
            }
        }
        for finding in scenario.found() {
            wrong.push(format!("{}: {}", scenario.name, finding.title));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn named(name: &str) -> Scenario {
    corpus()
        .into_iter()
        .find(|scenario| scenario.name == name)
        .unwrap()
}

fn of_rule(scenario: &Scenario, rule: &str) -> Finding {
    scenario
        .found()
        .into_iter()
        .find(|finding| finding.rule == rule)
        .unwrap()
}

#[test]
fn case_pages_08_saving_above_total() {
    let scenario = named("concurrent_50");
    let record = &scenario.record;
    let finding = of_rule(&scenario, rules::REPEATED_STATEMENT);
    let sum_us: u64 = record.detail.queries.iter().map(|q| q.duration_us).sum();
    let (lost_us, times) = (finding.lost_us.unwrap(), record.summary.times);
    assert!(sum_us > times.total_us, "the queries overlap");
    assert!(
        lost_us <= times.sql_us && lost_us <= times.total_us,
        "{lost_us}"
    );
}

#[test]
fn case_apps_03_insert_loop_is_no_finding() {
    let finding = of_rule(&named("insert_per_row"), rules::SMALL_WRITES);
    assert!(
        finding
            .title
            .starts_with("30 inserts into thing, one row at a time, from crates/"),
        "{}",
        finding.title
    );
    let remedy = finding.remedy.unwrap();
    assert!(
        remedy.contains("UNNEST") && remedy.contains("push_values"),
        "{remedy}"
    );
    let alone = of_rule(&named("insert_returning_per_row"), rules::SMALL_WRITES);
    assert!(
        alone.detail.ends_with("each was committed by itself."),
        "{}",
        alone.detail
    );
}

#[test]
fn case_sql_06_findings() {
    // Values written into the text count as values.
    let literal = of_rule(&named("literals_in_the_text"), rules::REPEATED_STATEMENT);
    assert!(
        literal.title.contains("(100 different values)"),
        "{}",
        literal.title
    );
    named("literal_and_constant_bind");
    // Two places of one statement are one finding.
    let sites = of_rule(&named("two_sites_of_one_query"), rules::REPEATED_STATEMENT);
    assert!(
        sites
            .title
            .starts_with("The same query on person ran 12 times, from ")
    );
    assert!(sites.title.contains(" and crates/"), "{}", sites.title);
    // The same values again, and two values again and again, are another matter.
    let same = of_rule(&named("same_values_100"), rules::SAME_QUERY);
    assert!(
        same.title.contains("ran 100 times with the same values"),
        "{}",
        same.title
    );
    let two = of_rule(&named("two_values_100_times"), rules::SAME_QUERY);
    assert!(
        two.title.contains("with only 2 different values"),
        "{}",
        two.title
    );
    // Batches, what takes no time, and texts in which nothing can vary are no N+1.
    for name in [
        "chunks_of_100",
        "chunks_in_lists",
        "takes_no_time",
        "functions",
        "pings_alone",
    ] {
        assert_eq!(named(name).found(), [], "{name}");
    }
    let fixed = named("same_text_without_values");
    assert!(
        fixed
            .found()
            .iter()
            .all(|f| f.rule != rules::REPEATED_STATEMENT)
    );
}

#[test]
fn a_blocked_executor_says_what_ran_before() {
    let finding = of_rule(&named("blocked"), rules::BLOCKED_EXECUTOR);
    assert!(
        finding
            .detail
            .contains("It came right after query 1, SELECT on message, from crates/"),
        "{}",
        finding.detail
    );
}

#[test]
fn an_error_takes_along_what_the_transaction_refused_after_it() {
    let scenario = named("app_goes_on_in_a_failed_transaction");
    let found = scenario.found();
    let [finding] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert!(
        finding.title.starts_with("INSERT on tag failed, from ")
            && finding.title.ends_with("(code 23505)."),
        "{}",
        finding.title
    );
    assert!(
        finding
            .detail
            .ends_with(" The transaction refused the 5 queries that came after it."),
        "{}",
        finding.detail
    );
}

/// Errors that were handled stand below the one that the request failed of, whatever they cost.
#[test]
fn the_error_that_ended_the_request_is_on_top() {
    let found = named("app_handled_then_fatal").found();
    assert!(
        found[0].title.starts_with("SELECT on article failed"),
        "{found:#?}"
    );
    assert!(
        found[1..]
            .iter()
            .all(|f| f.severity == silk_core::Severity::Info
                && f.detail.ends_with("The request went on after it.")),
        "{found:#?}"
    );
}

#[test]
fn a_slow_commit_is_named() {
    let finding = of_rule(&named("app_slow_commit"), rules::SLOW_QUERY);
    assert!(
        finding.title.starts_with("COMMIT took 2"),
        "{}",
        finding.title
    );
    assert!(
        finding
            .detail
            .starts_with("1 query ran in the transaction. The last query before it was query 1"),
        "{}",
        finding.detail
    );
    assert!(finding.remedy.unwrap().contains("deferred constraints"));
}

#[test]
fn a_request_that_waits_for_itself_is_told_so() {
    let twice = of_rule(&named("app_waits_for_itself"), rules::CONNECTION_WAIT);
    let remedy = twice.remedy.unwrap();
    assert!(remedy.contains("(&mut *tx), not on the pool"), "{remedy}");
    let queue = of_rule(&named("app_six_at_once_over_one"), rules::CONNECTION_WAIT);
    assert!(
        queue.title.contains(
            "with 5 queries of this request waiting for the only connection, held by its other \
             queries."
        ),
        "{}",
        queue.title
    );
}

/// UPDATEs of one row are no batch: the finding says so in other words.
#[test]
fn writes_of_one_row_are_told_as_such() {
    for name in ["app_one_counter", "read_after_write"] {
        let finding = of_rule(&named(name), rules::SMALL_WRITES);
        assert!(
            finding.title.contains("all of the same row"),
            "{}",
            finding.title
        );
        assert!(finding.remedy.unwrap().starts_with("Write it once"));
    }
    let each = of_rule(&named("app_transaction_per_row"), rules::SMALL_WRITES);
    assert!(
        each.detail.contains("Each ran in a transaction of its own"),
        "{}",
        each.detail
    );
}

fn remedy_of(name: &str, rule: &str) -> String {
    of_rule(&named(name), rule).remedy.unwrap()
}

/// The form by key is that of the very query.
#[test]
fn a_deep_offset_gives_the_page_by_key() {
    let deep = of_rule(&named("costly_offset_bound"), rules::DEEP_OFFSET);
    assert!(
        deep.title.starts_with(
            "OFFSET 400,000 makes the database read rows to skip them: SELECT on entry, from "
        ),
        "{}",
        deep.title
    );
    let remedy = deep.remedy.unwrap();
    assert!(
        remedy.starts_with(
            "Page by key: SELECT id, title FROM entry WHERE (created, id) < ($2, $3) ORDER BY created \
             DESC, id DESC LIMIT $1 — bind "
        ),
        "{remedy}"
    );
    let mysql = remedy_of("costly_mariadb_offset", rules::DEEP_OFFSET);
    assert!(
        mysql.contains("WHERE (created < ? OR (created = ? AND id < ?)) ORDER BY"),
        "{mysql}"
    );
    let sqlite = remedy_of("costly_sqlite_offset", rules::DEEP_OFFSET);
    assert!(
        sqlite.contains("WHERE id > ? ORDER BY id LIMIT ?"),
        "{sqlite}"
    );
}

#[test]
fn a_count_gives_estimate_sample_and_cap() {
    let all = of_rule(&named("costly_count_of_all"), rules::COUNTS_EVERYTHING);
    assert!(
        all.title
            .starts_with("Counting rows of entry one by one took "),
        "{}",
        all.title
    );
    let remedy = all.remedy.unwrap();
    for part in [
        "SELECT reltuples::bigint FROM pg_class WHERE oid = 'entry'::regclass",
        "TABLESAMPLE SYSTEM (1)",
        "SELECT count(*) FROM (SELECT 1 FROM entry LIMIT 1001) AS capped",
    ] {
        assert!(remedy.contains(part), "{remedy}");
    }
    let some = remedy_of("costly_count_of_some", rules::COUNTS_EVERYTHING);
    assert!(
        some.contains("(SELECT 1 FROM entry e WHERE e.kind = $1 LIMIT 1001)")
            && !some.contains("reltuples"),
        "{some}"
    );
}

#[test]
fn a_wildcard_and_not_in_give_what_does_better() {
    let like = of_rule(&named("costly_like_bound"), rules::LEADING_WILDCARD);
    assert!(
        like.title
            .starts_with("Column title is searched by a pattern that begins with a wildcard"),
        "{}",
        like.title
    );
    assert!(
        like.remedy
            .unwrap()
            .contains("CREATE INDEX ON entry USING gin (title gin_trgm_ops)")
    );
    assert!(remedy_of("costly_mariadb_like", rules::LEADING_WILDCARD).contains("FULLTEXT"));
    assert!(remedy_of("costly_sqlite_like", rules::LEADING_WILDCARD).contains("FTS5"));
    let not_in = remedy_of("costly_not_in", rules::NOT_IN_SUBQUERY);
    assert!(
        not_in.contains("NOT EXISTS (SELECT 1 FROM blocked WHERE blocked.account_id = account.id)"),
        "{not_in}"
    );
}

#[test]
fn what_a_transaction_or_a_cache_waits_for_is_named() {
    let http = of_rule(&named("foreign_http"), rules::FOREIGN_WAIT);
    assert!(
        http.title
            .contains("while the app waited for POST pay.example, from "),
        "{}",
        http.title
    );
    assert!(
        http.detail.contains("after query 1, UPDATE on stock"),
        "{}",
        http.detail
    );
    let grpc = of_rule(&named("foreign_grpc"), rules::FOREIGN_WAIT);
    assert!(grpc.title.contains("mail.Mail Send"), "{}", grpc.title);
    assert!(
        grpc.detail.ends_with("It was one of 2 calls."),
        "{}",
        grpc.detail
    );
    let cache = of_rule(&named("cache_of_nothing"), rules::CACHE_MISSES);
    assert_eq!(
        cache.title,
        "The cache missed 38 of 40 look-ups: cache.get."
    );
    let parts = of_rule(&named("costly_page_of_parts"), rules::TOO_MANY_QUERIES);
    assert_eq!(
        parts.title,
        "The request ran 60 queries of 20 kinds, none of them a loop."
    );
}

/// A conflict with another transaction is recognised by its code, and the finding says what to do.
#[test]
fn conflicts_are_told_with_what_to_do() {
    for (name, title, remedy) in [
        (
            "app_deadlock",
            " in a deadlock: ",
            "Take locks in one order",
        ),
        (
            "app_serialization_retry",
            " because another transaction changed the same rows: ",
            "Run the whole transaction again",
        ),
        (
            "app_mariadb_lock_timeout",
            " because another transaction held the lock: ",
            "Shorten the transaction",
        ),
        (
            "app_sqlite_busy",
            " because another connection was writing: ",
            "SQLite has one writer",
        ),
        (
            "costly_sqlite_stale_read",
            " because another connection wrote since this transaction began to read: ",
            "BEGIN IMMEDIATE",
        ),
    ] {
        let finding = of_rule(&named(name), rules::FAILED_QUERY);
        assert!(finding.title.contains(title), "{}", finding.title);
        assert!(finding.remedy.unwrap().contains(remedy), "{name}");
    }
    // A time limit may have been waited out for anything.
    let late = of_rule(&named("app_statement_timeout"), rules::FAILED_QUERY);
    assert_eq!(late.remedy, None);
}

#[test]
fn thresholds_decide() {
    let mut few = named("five_rows_in_development");
    assert_eq!(few.found().len(), 1);
    few.thresholds = Thresholds::default();
    assert_eq!(few.found(), []);
    let mut many = named("classic_100_rows");
    many.thresholds.min_calls = 101;
    assert!(
        many.found()
            .iter()
            .all(|f| f.rule != rules::REPEATED_STATEMENT)
    );
    let mut costly = named("classic_100_rows");
    costly.thresholds.min_share = 1.0;
    assert_eq!(costly.found(), []);
}

#[test]
fn no_finding_costs_more_than_the_request_or_its_own_queries() {
    for scenario in corpus() {
        let record = &scenario.record;
        for finding in scenario.found() {
            let lost_us = finding.lost_us.unwrap_or(0);
            assert!(
                lost_us <= record.summary.times.total_us,
                "{}: {}",
                scenario.name,
                finding.title
            );
        }
    }
}

/// The first rule that a scenario expects is its first line: the cause.
#[test]
fn the_cause_stands_on_top() {
    let mut wrong = Vec::new();
    for scenario in corpus() {
        let found = scenario.found();
        let top = found.first().map(|finding| finding.rule.clone());
        if top != scenario.first {
            let titles: Vec<_> = found.iter().map(|f| (&f.title, f.lost_us)).collect();
            wrong.push(format!("{}: {titles:#?}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn findings_come_by_time_lost_and_severity_follows() {
    for scenario in corpus() {
        let measured: Vec<Finding> = scenario
            .found()
            .into_iter()
            .filter(|finding| {
                ![
                    rules::FAILED_QUERY,
                    rules::PANIC,
                    rules::BUILT_SQL,
                    rules::ABANDONED_QUERY,
                    rules::IDLE_IN_TRANSACTION,
                    rules::FOREIGN_WAIT,
                ]
                .contains(&&*finding.rule)
            })
            .collect();
        for pair in measured.windows(2) {
            assert!(pair[0].lost_us >= pair[1].lost_us, "{}", scenario.name);
            assert!(
                pair[0].severity >= pair[1].severity || pair[0].rule == rules::CONNECTION_WAIT,
                "{}: {pair:#?}",
                scenario.name
            );
        }
    }
}
