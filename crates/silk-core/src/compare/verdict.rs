//! What a comparison comes to, in one line.

use super::{
    Comparison, Side, Speed,
    words::{average, from_to},
};
use crate::words::{count, counted};

impl Comparison<'_> {
    /// One line: what differs, and how many requests say so. It calls a side faster only where there
    /// are requests enough.
    #[must_use]
    pub fn verdict(&self) -> String {
        let (a, b) = (self.a, self.b);
        match (a.requests, b.requests) {
            (0, 0) => return "Nothing was recorded on either side.".to_owned(),
            (0, _) => return "Nothing was recorded on side A.".to_owned(),
            (_, 0) => return "Nothing was recorded on side B.".to_owned(),
            _ => {}
        }
        let mut verdict = if a.requests == 1 && b.requests == 1 {
            format!(
                "{}, {} in SQL, {} in total (1 request each).",
                queries(a, b),
                from_to(a.times.sql_us, b.times.sql_us),
                from_to(a.times.total_us, b.times.total_us)
            )
        } else {
            of_many(a, b, self.speed)
        };
        verdict.push_str(&failures(a, b));
        verdict
    }
}

/// `101 → 1 queries`, `2 queries on both sides`; per request, on average.
fn queries(a: &Side, b: &Side) -> String {
    let of = |side: &Side| average(side.query_count, side.requests);
    let (a, b) = (of(a), of(b));
    match a == b {
        true if a == "1" => "1 query on both sides".to_owned(),
        true if a == "0" => "No query on either side".to_owned(),
        true => format!("{a} queries on both sides"),
        false => format!("{a} → {b} queries"),
    }
}

fn of_many(a: &Side, b: &Side, speed: Speed) -> String {
    let requests = if a.requests == b.requests {
        format!("{} each", counted(a.requests, "request"))
    } else {
        format!("{} and {} requests", count(a.requests), count(b.requests))
    };
    let median = |side: &Side| side.durations.percentile(50.0);
    let medians = from_to(median(a), median(b));
    let sql = from_to(
        a.times.sql_us / a.requests.max(1),
        b.times.sql_us / b.requests.max(1),
    );
    let start = match speed {
        Speed::Faster => format!("Faster: median {medians} ({requests})."),
        Speed::Slower => format!("Slower: median {medians} ({requests})."),
        Speed::Same => format!("As fast as before: median {medians} ({requests})."),
        Speed::TooFew => {
            format!("Too few requests to tell which is faster ({requests}): median {medians}.")
        }
    };
    format!(
        "{start} Per request: {}, {sql} in SQL.",
        queries_in_sentence(a, b)
    )
}

fn queries_in_sentence(a: &Side, b: &Side) -> String {
    let words = queries(a, b);
    match words.strip_prefix("No ") {
        Some(rest) => format!("no {rest}"),
        None => words,
    }
}

/// Who failed, where that differs: what fails early is quick, and no better for it.
fn failures(a: &Side, b: &Side) -> String {
    let is_other = u128::from(a.failed) * u128::from(b.requests)
        != u128::from(b.failed) * u128::from(a.requests);
    if !is_other {
        return match (a.failed, a.requests, b.requests) {
            (0, ..) => String::new(),
            (_, 1, 1) => " Both failed, so their times say little.".to_owned(),
            _ => format!(
                " Failed: {} of {} and {} of {}.",
                count(a.failed),
                count(a.requests),
                count(b.failed),
                count(b.requests)
            ),
        };
    }
    if a.requests == 1 && b.requests == 1 {
        let failed = if a.failed > 0 { "A" } else { "B" };
        return format!(" {failed} failed, so its time says little.");
    }
    format!(
        " Failed: {} of {} → {} of {}.",
        count(a.failed),
        count(a.requests),
        count(b.failed),
        count(b.requests)
    )
}
