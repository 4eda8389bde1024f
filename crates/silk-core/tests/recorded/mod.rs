//! Requests of a corpus, read from the lines that `silk-capture/tests/record_findings/write.rs`
//! wrote.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "each test program includes this, and uses its part of it"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use silk_core::{
    CallSite, CapturedBy, ConnectionWait, Database, DatabaseKind, Holder, PoolUse, QueryError,
    QueryRecord, Redactor, RequestRecord, SpanRecord, TransactionRecord, Value, ValueState,
    finding::{Identities, rules::Rule},
    sql::SqlReader,
    testing,
};

/// The files of a corpus: a folder beside the tests.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "tsv"))
        .collect();
    files.sort();
    files
}

/// The rules that a line `expect` names.
pub fn expected(cells: &[&str]) -> Vec<String> {
    let rules = cells.iter().filter(|rule| **rule != "nothing");
    rules.map(|rule| (*rule).to_owned()).collect()
}

/// A request as far as its lines were read.
pub struct Reading {
    reader: SqlReader,
    database: Arc<Database>,
    same: Identities,
    pub record: RequestRecord,
    pub identities: Vec<Option<u64>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            reader: SqlReader::new(Arc::new(Redactor::default())),
            database: Arc::new(Database {
                kind: DatabaseKind::Postgres,
                name: String::new(),
            }),
            same: Identities::default(),
            record: testing::request(),
            identities: Vec::new(),
        }
    }
}

impl Reading {
    /// Adds what a line says; `false` where no line of a request is called so.
    pub fn line(&mut self, kind: &str, cells: &[&str]) -> bool {
        let detail = &mut self.record.detail;
        match kind {
            "database" => {
                self.database = Arc::new(Database {
                    kind: cells[0].parse().unwrap(),
                    name: String::new(),
                });
            }
            "request" => request(&mut self.record, cells),
            "text" => detail
                .texts
                .push(self.reader.read(&unescaped(cells[1]), &self.database)),
            "site" => {
                let (file, line) = cells[1].rsplit_once(':').unwrap();
                detail.call_sites.push(CallSite {
                    function: cells[2].to_owned(),
                    file: file.to_owned(),
                    line: line.parse().unwrap(),
                });
            }
            "query" => {
                let query = query(cells, self.database.kind);
                let text = &detail.texts[usize::try_from(query.text).unwrap()];
                let sensitive = self.reader.sensitive(&text.text, self.database.kind);
                let identity = self.same.of(&sensitive, query.values.as_deref());
                self.identities
                    .push(self.same.within_session(&sensitive, identity));
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
            _ => return false,
        }
        let queries = self.record.detail.queries.len();
        self.record.summary.query_count = u64::try_from(queries).unwrap();
        true
    }
}

pub fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(cell: &str) -> T {
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

/// How often each rule was right, wrong, and silent where it should have spoken.
pub struct Tally {
    rules: BTreeMap<&'static str, [u32; 3]>,
    wrong: Vec<String>,
    all: usize,
    harmless: usize,
}

impl Tally {
    pub fn of(rules: &[Rule]) -> Self {
        Self {
            rules: rules.iter().map(|rule| (rule.name, [0; 3])).collect(),
            wrong: Vec::new(),
            all: 0,
            harmless: 0,
        }
    }

    /// Counts what was found, by rule and title, of one that has a name.
    pub fn add<'f>(
        &mut self,
        name: &str,
        expected: &[String],
        found: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) {
        let mut missed = expected.to_vec();
        self.all += 1;
        self.harmless += usize::from(missed.is_empty());
        for (rule, title) in found {
            let tally = self.rules.get_mut(rule).unwrap();
            match missed.iter().position(|expected| expected == rule) {
                Some(at) => {
                    missed.swap_remove(at);
                    tally[0] += 1;
                }
                None => {
                    tally[1] += 1;
                    self.wrong.push(format!("{name}: {title}"));
                }
            }
        }
        for rule in missed {
            self.rules.get_mut(&*rule).unwrap()[2] += 1;
            self.wrong.push(format!("{name}: no {rule}"));
        }
    }

    /// Prints precision and recall of each rule, of so many `what`; fails unless both are 1 and each
    /// rule has been right twice. Gives how many were harmless.
    pub fn check(self, what: &str) -> usize {
        println!("{} {what}, {} of them harmless", self.all, self.harmless);
        println!("rule                 right wrong missed  precision recall");
        for (rule, [right, wrong, missed]) in &self.rules {
            let rate = |others: u32| match right + others {
                0 => "–".to_owned(),
                all => format!("{:.3}", f64::from(*right) / f64::from(all)),
            };
            println!(
                "{rule:<20} {right:>5} {wrong:>5} {missed:>6}  {:>9} {:>6}",
                rate(*wrong),
                rate(*missed)
            );
        }
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        for (rule, [right, ..]) in &self.rules {
            assert!(*right >= 2, "{rule} has {right} {what} that show it");
        }
        self.harmless
    }
}
