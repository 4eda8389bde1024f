//! A rewritten query and the runs that it stands for, run in one snapshot and compared.
//!
//! The one query is run first: it finds the cache as it is, and the runs that follow find what it
//! left there. So whatever the cache does to the times speaks against the rewrite.

mod taken;

use std::time::{Duration, Instant};

use silk_capture::sql::values::RebindError;
use silk_core::{
    BoxFuture, ExplainOutput, Value,
    explain::{Fetched, OneValue, Proof, ProofSide, ProofVerdict, compare_rows},
};

pub(crate) use self::taken::{CellsRead, Taken};
use self::taken::{MAX_BYTES, MAX_ROWS, Room};
use crate::target::{Failure, ProofQuestion, Question};

/// Time left below which no plan is asked for.
const PLAN_NEEDS: Duration = Duration::from_millis(100);

/// The one query with its values; `array_of` makes one array of several values.
pub(crate) fn one_of(
    asked: &ProofQuestion,
    array_of: impl Fn(&[Value]) -> Result<Value, RebindError>,
) -> Result<Question, Failure> {
    let request = &asked.request;
    let mut values = Vec::new();
    for value in &request.one.values {
        match value {
            OneValue::Shared(at) => {
                let shared = request.values.get(*at);
                values.push(shared.ok_or(RebindError::Unavailable(at + 1))?.clone());
            }
            OneValue::EachKey => values.extend(request.keys.iter().cloned()),
            OneValue::Array => values.push(array_of(&request.keys)?),
        }
    }
    Ok(Question {
        sql: request.one.sql.clone(),
        values,
        ..asked.many.clone()
    })
}

/// A connection within its snapshot, in a transaction that is read-only and rolled back.
pub(crate) trait Snapshot: Send {
    /// Lets no statement from now on take longer than `left`.
    fn limit(&mut self, left: Duration) -> BoxFuture<'_, Result<(), Failure>>;

    /// Runs a query and takes its rows, until they are enough.
    fn run<'a>(
        &'a mut self,
        sql: &'a str,
        values: &'a [Value],
        taken: &'a mut Taken<'_>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// The plan of a query that was run.
    fn plan<'a>(
        &'a mut self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<ExplainOutput, Failure>>;
}

/// Runs both within the limit, and compares their rows.
pub(crate) async fn prove(
    snapshot: &mut dyn Snapshot,
    asked: &ProofQuestion,
    one: &Question,
) -> Result<Proof, Failure> {
    let until = Instant::now() + asked.limit;
    let answer = tokio::time::timeout(asked.limit, within(snapshot, asked, one, until)).await;
    match answer {
        Ok(Ok(proof)) => Ok(proof),
        // However the database says that it broke off.
        Ok(Err(Failure::Database(_))) if Instant::now() >= until => {
            Err(Failure::TimedOut(asked.limit))
        }
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::TimedOut(asked.limit)),
    }
}

async fn within(
    snapshot: &mut dyn Snapshot,
    asked: &ProofQuestion,
    one: &Question,
    until: Instant,
) -> Result<Proof, Failure> {
    let request = &asked.request;
    let mut after = ProofSide::default();
    let mut before = ProofSide::default();
    let mut room = Room::default();
    let rows = timed(snapshot, one, &mut room, true, &mut after).await?;
    if room.is_full() {
        return Ok(cut(before, after));
    }
    // What the one query left of its limit.
    snapshot.limit(left(until)).await?;
    let mut room = Room::default();
    let mut runs: Vec<Option<Fetched>> = vec![None; request.keys.len()];
    let mut slowest = (0, 0);
    let to_make = request.runs_to_make();
    for (done, key) in to_make.iter().enumerate() {
        if Instant::now() >= until {
            let reason = format!(
                "Stopped after {} ms: {done} of {} queries had run.",
                asked.limit.as_millis(),
                to_make.len()
            );
            return Ok(unknown("time_limit", reason, before, after));
        }
        let question = run_of(asked, *key)?;
        let is_first = runs.get(*key).is_some_and(Option::is_none);
        let took_before = before.took_us;
        let rows = timed(snapshot, &question, &mut room, is_first, &mut before).await?;
        if room.is_full() {
            return Ok(cut(before, after));
        }
        let took = before.took_us - took_before;
        if took >= slowest.0 {
            slowest = (took, *key);
        }
        if let Some(place) = runs.get_mut(*key).filter(|_| is_first) {
            *place = Some(rows);
        }
    }
    let runs: Vec<Fetched> = runs.into_iter().flatten().collect();
    let (verdict, rows) = compare_rows(request, &runs, rows);
    after.plan = plan(snapshot, one, until).await;
    if after.plan.is_some() {
        before.plan = plan(snapshot, &run_of(asked, slowest.1)?, until).await;
    }
    Ok(Proof {
        verdict,
        rows,
        before,
        after,
    })
}

fn run_of(asked: &ProofQuestion, key: usize) -> Result<Question, Failure> {
    let values = asked.request.values_of(key);
    Ok(Question {
        values: values.ok_or(RebindError::Unavailable(asked.request.varied + 1))?,
        ..asked.many.clone()
    })
}

/// Runs a query and adds what it took. Rows that are not kept are read all the same, as the app did.
async fn timed(
    snapshot: &mut dyn Snapshot,
    question: &Question,
    room: &mut Room,
    is_kept: bool,
    side: &mut ProofSide,
) -> Result<Fetched, Failure> {
    let mut taken = Taken::new(room, is_kept);
    let started = Instant::now();
    snapshot
        .run(&question.sql, &question.values, &mut taken)
        .await?;
    side.took_us += u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    side.queries += 1;
    side.rows += taken.rows;
    side.bytes += taken.bytes;
    Ok(taken.into_fetched())
}

/// A plan, if there is time for one; what it fails with is no part of the proof. After a failure the
/// transaction is broken, so nothing may be asked any more.
async fn plan(
    snapshot: &mut dyn Snapshot,
    question: &Question,
    until: Instant,
) -> Option<ExplainOutput> {
    let left = left(until);
    if left < PLAN_NEEDS {
        return None;
    }
    snapshot.limit(left).await.ok()?;
    let asked = tokio::time::timeout(left, snapshot.plan(question)).await;
    asked.ok()?.ok()
}

fn left(until: Instant) -> Duration {
    until
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

fn cut(before: ProofSide, after: ProofSide) -> Proof {
    let reason = format!(
        "Stopped: more than {MAX_ROWS} rows or {} MB are not compared.",
        MAX_BYTES >> 20
    );
    unknown("too_many_rows", reason, before, after)
}

/// Whether it was broken off, which leaves a connection in the middle of a query.
pub(crate) const fn is_broken_off(proof: &Proof) -> bool {
    matches!(proof.verdict, ProofVerdict::Unknown { .. })
}

/// Nothing was found out, but for what had been measured.
fn unknown(code: &'static str, reason: String, before: ProofSide, after: ProofSide) -> Proof {
    Proof {
        verdict: ProofVerdict::Unknown { code, reason },
        rows: None,
        before,
        after,
    }
}
