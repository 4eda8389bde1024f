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

mod recorded;

use std::{fs, path::Path};

use silk_core::{
    Finding, RequestRecord,
    finding::{Thresholds, rules},
};

use recorded::{Reading, Tally, number};

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

    /// Makes it the request that the tracing layer sees: no values, no call sites.
    fn take_values(&mut self) {
        let queries = &mut self.record.detail.queries;
        for (query, identity) in queries.iter_mut().zip(&mut self.identities) {
            let has_values = query.values.take().is_some_and(|values| !values.is_empty());
            query.call_site = None;
            if has_values {
                *identity = None;
            }
        }
    }
}

fn corpus() -> Vec<Scenario> {
    let files = recorded::files("findings");
    files.iter().map(|path| scenario(path)).collect()
}

fn scenario(path: &Path) -> Scenario {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let mut reading = Reading::default();
    let (mut expected, mut thresholds) = (Vec::new(), Thresholds::default());
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let (kind, cells) = cells.split_first().unwrap();
        match *kind {
            "about" | "source" => {}
            "expect" => expected = recorded::expected(cells),
            "threshold" => set(&mut thresholds, cells[0], cells[1]),
            kind => assert!(
                reading.line(kind, cells),
                "{name}: no line is called {kind}"
            ),
        }
    }
    let first = expected.first().cloned();
    expected.sort();
    Scenario {
        name,
        expected,
        first,
        record: reading.record,
        identities: reading.identities,
        thresholds,
    }
}

fn set(thresholds: &mut Thresholds, name: &str, value: &str) {
    match name {
        "min_calls" => thresholds.min_calls = number(value),
        "min_lost_us" => thresholds.min_lost = std::time::Duration::from_micros(number(value)),
        other => panic!("no threshold {other}"),
    }
}

#[test]
fn each_rule_names_what_it_must_and_nothing_else() {
    let mut tally = Tally::of(rules::RULES);
    for scenario in &corpus() {
        let found = scenario.found();
        let found = found.iter().map(|one| (&*one.rule, &*one.title));
        tally.add(&scenario.name, &scenario.expected, found);
    }
    tally.check("requests");
}

/// The same requests as the tracing layer sees them: no values, no call sites, no transactions.
#[test]
fn what_is_harmless_stays_so_where_values_are_not_known() {
    let mut wrong = Vec::new();
    for mut scenario in corpus() {
        if !scenario.expected.is_empty() {
            continue;
        }
        scenario.take_values();
        for finding in scenario.found() {
            wrong.push(format!("{}: {}", scenario.name, finding.title));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn case_apps_03_writes_in_a_loop_are_found_where_values_are_not_known() {
    let mut loop_ = named("insert_per_row");
    loop_.take_values();
    let found = loop_.found();
    let titles: Vec<_> = found.iter().map(|finding| &*finding.title).collect();
    assert_eq!(titles, ["30 inserts into thing, one row at a time."]);
    assert_eq!(found[0].rule, rules::SMALL_WRITES);
    let mut missed = Vec::new();
    for mut scenario in corpus() {
        if scenario
            .expected
            .iter()
            .any(|rule| rule == rules::SMALL_WRITES)
        {
            scenario.take_values();
            if scenario
                .found()
                .iter()
                .all(|finding| finding.rule != rules::SMALL_WRITES)
            {
                missed.push(scenario.name);
            }
        }
    }
    assert_eq!(missed, [""; 0]);
}

/// Without values nothing says that a text ran with different ones.
#[test]
fn case_sql_06_the_same_text_without_values_is_no_n_plus_one() {
    let mut scenario = named("same_text_without_values");
    scenario.take_values();
    let found = scenario.found();
    assert!(
        found
            .iter()
            .all(|finding| finding.rule != rules::REPEATED_STATEMENT),
        "{found:#?}"
    );
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
