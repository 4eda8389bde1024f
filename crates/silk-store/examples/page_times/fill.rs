//! A week of an app, as its writer would have stored it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{
    Finding, PlanObservation, PlanRecord, PlanShape, PlanSource, RequestKind, RequestRecord, RunId,
    Severity, Statement, Store, Value, ValueState, WriteBatch, store::Budget,
};
use silk_store::{
    SqliteStore,
    contract::fixture::{add_queries, at, batch, plan, request, statement},
};

/// The requests are spread over so many seconds up to noon.
pub(crate) const SPAN_S: i64 = 7 * 86_400;

/// Queries of the largest request.
pub(crate) const LARGE: u64 = 10_000;

/// Requests in a batch.
const BATCH: u64 = 200;

const ROUTES: u64 = 40;
const STATEMENTS: u64 = 300;

const BUDGET: Budget = Budget {
    max_age: Duration::from_secs(30 * 86_400),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

/// Fills a store, retention included, and says how long it took.
pub(crate) async fn fill(store: &SqliteStore, count: u64) {
    let begun = Instant::now();
    let statements: Vec<_> = (0..STATEMENTS)
        .map(|number| statement(number, &format!("table_{number}")))
        .collect();
    let mut hour = i64::MIN;
    for first in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
        let records: Vec<_> = (first..(first + BATCH).min(count))
            .map(|number| record(number, count, &statements))
            .collect();
        let started = records[0].summary.started_at;
        // A deployment a day.
        let mut batch = batch(records);
        let day = started.timestamp() / 86_400;
        batch.run.id = RunId(uuid::Uuid::from_u128(day.unsigned_abs().into()));
        batch.run.build = Some(format!("{day:x}"));
        for record in &mut batch.requests {
            record.summary.run_id = batch.run.id;
        }
        if started.timestamp() / 3600 != hour {
            caught_plans(&mut batch, &statements, started.timestamp() / 3600);
        }
        store.write(&batch).await.unwrap();
        if started.timestamp() / 3600 != hour {
            hour = started.timestamp() / 3600;
            while store.retain(BUDGET, started).await.unwrap() {}
        }
    }
    println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
}

/// Does what retention would do with a file that an earlier version wrote.
pub(crate) async fn look_after(store: &SqliteStore) {
    let begun = Instant::now();
    let (mut steps, mut longest) = (0, Duration::ZERO);
    loop {
        let step = Instant::now();
        let is_more = store.retain(BUDGET, at(0)).await.unwrap();
        longest = longest.max(step.elapsed());
        if !is_more {
            break;
        }
        steps += 1;
    }
    let (whole, longest) = (begun.elapsed().as_secs_f64(), longest.as_millis());
    println!("looked after in {whole:.1} s, {steps} steps of {longest} ms at most");
}

/// Plans of two thirds of the statements; those of every fifth change from day to day.
fn caught_plans(batch: &mut WriteBatch, statements: &[Arc<Statement>], hour: i64) {
    let summary = &batch.requests[0].summary;
    let (id, captured_at) = (summary.id, summary.started_at);
    for statement in statements.iter().filter(|one| one.fingerprint.0 % 3 > 0) {
        let number = statement.fingerprint.0;
        let day = u64::try_from(hour / 24 % 2).unwrap();
        let form = if number % 5 == 0 { day } else { 0 };
        let plan = PlanRecord {
            fingerprint: Some(statement.fingerprint),
            source: PlanSource::AutoExplain,
            shape: Some(PlanShape(number * 2 + form)),
            captured_at,
            duration_us: Some(100 + number),
            ..plan(
                u128::from(number) << 64 | u128::from(hour.unsigned_abs()),
                id,
                0,
            )
        };
        batch.plan_observations.push(PlanObservation {
            fingerprint: statement.fingerprint,
            database: plan.database.clone(),
            source: plan.source,
            shape: PlanShape(number * 2 + form),
            observed_at: captured_at,
            duration_us: plan.duration_us,
        });
        batch.plans.push(plan);
    }
}

/// Routes, durations and statements have a few that are frequent and many that are not.
fn record(number: u64, count: u64, statements: &[Arc<Statement>]) -> RequestRecord {
    let mut noise = Noise(number + 1);
    let offset = i128::from(SPAN_S) * i128::from(number) / i128::from(count);
    let mut record = request(number, i64::try_from(offset).unwrap() - SPAN_S);
    let route = noise.below(ROUTES) * noise.below(ROUTES) / ROUTES;
    let summary = &mut record.summary;
    summary.route = format!("/r{route}/{{id}}");
    summary.path = format!("/r{route}/{}", noise.below(100_000));
    if noise.below(5) == 0 {
        "POST".clone_into(&mut summary.method);
    }
    if noise.below(2000) == 0 {
        "DELETE".clone_into(&mut summary.method);
    }
    if noise.below(100) == 0 {
        summary.kind = RequestKind::Job;
        summary.method.clear();
        summary.route = format!("job {route}");
        summary.path.clone_from(&summary.route);
        summary.status = None;
    } else if noise.below(200) == 0 {
        summary.status = Some(500);
    } else if noise.below(20) == 0 {
        summary.status = Some(404);
    }
    if number % 100_000 == 50_000 {
        "/rare".clone_into(&mut summary.route);
        "/rare".clone_into(&mut summary.path);
    }
    let times = &mut summary.times;
    times.head_us = 600 + noise.below(900);
    times.polling_us = 90 + noise.below(300);
    times.poll_total_us = 200 + noise.below(300);
    times.longest_poll_us = 100 + noise.below(100);
    times.polls = 4 + noise.below(9);
    let each = 40 + noise.below(60);
    let main = &statements[usize::try_from(route + 10).unwrap()];
    match noise.below(100) {
        0..70 => add_queries(&mut record, main, 41, 1, each),
        70..95 => {
            add_queries(&mut record, &statements[2], 11, 1, each);
            for line in 0..4 {
                let one = (route * 5 + line * noise.below(3) + 60) % STATEMENTS;
                let line = u32::try_from(line).unwrap();
                let one = &statements[usize::try_from(one).unwrap()];
                add_queries(&mut record, one, 100 + line, 1, each + u64::from(line));
            }
        }
        _ => {
            add_queries(&mut record, main, 41, 1, 3 * each);
            add_queries(&mut record, &statements[3], 57, 100, each);
            remark(&mut record, "repeated_statement");
        }
    }
    if number % 200_000 == 1000 {
        add_queries(&mut record, &statement(999, "rare"), 7, 1, each);
        remark(&mut record, "rare_rule");
    }
    if number == count / 2 {
        let rest = u32::try_from(LARGE - record.summary.query_count).unwrap();
        add_queries(&mut record, &statements[4], 88, rest, 30);
    }
    let seed = noise.below(1 << 30);
    for query in &mut record.detail.queries {
        query.duration_us += (seed * u64::from(query.seq)) % 31;
        query.values = Some(vec![Value {
            type_name: "INT8".to_owned(),
            state: ValueState::Bytes(noise.below(100_000).to_be_bytes().to_vec()),
        }]);
    }
    // Most are quick; one in thousands takes seconds.
    let slow = noise.below(1000);
    record.summary.times.total_us +=
        1500 + noise.below(2000) + slow * slow * slow * noise.below(100) / 5_000_000;
    record
}

fn remark(record: &mut RequestRecord, rule: &str) {
    record.summary.findings.push(rule.to_owned());
    record.findings.push(Finding {
        rule: rule.to_owned(),
        severity: Severity::Warning,
        title: "the same statement 100 times".to_owned(),
        detail: "from src/threads.rs:57".to_owned(),
        fingerprint: Some(silk_core::Fingerprint(3)),
        remedy: None,
        call_site: None,
        query: None,
        lost_us: Some(5000),
    });
}

/// splitmix64: numbers without a crate.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
