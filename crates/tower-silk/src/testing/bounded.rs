//! Whether the number of queries grows with the data.

use std::{future::Future, panic::Location};

use silk_core::{
    RequestStatement,
    words::{count, counted},
};

use super::{
    Recorded,
    assertions::{GROWTH, fail},
    message::{Message, mark},
    violation::Violation,
};

/// Sizes of the data that are tried.
const SMALL: u64 = 2;
const LARGE: u64 = 12;

/// Fails where the number of queries grows with the data: runs `run` with 2 and with 12.
///
/// `run` makes so many rows that belong together (beyond those that are there) and gives what was
/// recorded of the code under test; what it does before the recording does not count.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sqlx::Error> {
/// use tower_silk::testing;
///
/// # let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// # sqlx::query("CREATE TABLE person (name TEXT)").execute(&pool).await?;
/// let pool = testing::pool(pool);
/// testing::assert_bounded(async |n| {
///     for _ in 0..n {
///         sqlx::query("INSERT INTO person VALUES ('Ada')").execute(&pool).await.unwrap();
///     }
///     testing::record(sqlx::query("SELECT name FROM person").fetch_all(&pool)).await
/// })
/// .await;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
///
/// # Panics
/// Where a statement ran more often with more data and is no known debt, or no query could have
/// been seen.
#[track_caller]
pub fn assert_bounded<T>(
    run: impl AsyncFnMut(u64) -> Recorded<T>,
) -> impl Future<Output = Recorded<T>> {
    assert_bounded_between(SMALL, LARGE, run)
}

/// As [`assert_bounded`], with sizes of one's own: where a page has a limit, take two below it.
///
/// # Panics
/// As [`assert_bounded`]; and where `large` is not larger than `small`.
#[track_caller]
pub fn assert_bounded_between<T>(
    small: u64,
    large: u64,
    mut run: impl AsyncFnMut(u64) -> Recorded<T>,
) -> impl Future<Output = Recorded<T>> {
    // An async function has no caller; the message says it instead of the panic's place.
    let caller = Location::caller();
    assert!(small < large, "{large} is not larger than {small}");
    async move {
        let few = run(small).await;
        let many = run(large).await;
        few.assert_sighted();
        many.assert_sighted();
        judge((&few, small), (&many, large), caller);
        many
    }
}

fn judge<T>(
    (few, small): (&Recorded<T>, u64),
    (many, large): (&Recorded<T>, u64),
    caller: &Location<'_>,
) {
    let before = |part: &RequestStatement| -> u64 {
        let fingerprint = part.statement.fingerprint;
        let same = few.record.statements.iter().filter(|other| {
            other.statement.fingerprint == fingerprint && other.call_site == part.call_site
        });
        same.map(|other| other.calls).sum()
    };
    let grown: Vec<_> = (many.record.statements.iter())
        .filter(|part| part.calls > before(part))
        .collect();
    let violation = |part: &&RequestStatement| {
        let more = part.calls - before(part);
        Violation::new(GROWTH, Some(&part.statement), part.call_site.as_ref(), more)
    };
    let violations: Vec<_> = grown.iter().map(violation).collect();
    // Statements that take each other's place (chunks, a cache) do not make it grow.
    let (fewer, more) = (
        few.record.summary.query_count,
        many.record.summary.query_count,
    );
    let violations = if more > fewer { violations } else { Vec::new() };
    let Some(known) = many.known(|kind| kind == GROWTH, &violations) else {
        return;
    };
    if violations
        .iter()
        .all(|one| one.standing(&known).is_allowed())
    {
        return many.note(&violations, &known);
    }
    let headline = format!(
        "{}: the number of queries grows with the data: {} for n = {}, {} for n = {}. Asserted at {caller}.",
        many.name(),
        counted(fewer, "query"),
        count(small),
        counted(more, "query"),
        count(large),
    );
    let mut message = Message::new(headline);
    message.statements(grown.iter().copied(), |part| {
        let grown = format!("{} → {}", count(before(part)), counted(part.calls, "call"));
        let known = (!known.is_empty()).then(|| mark(violation(&part).standing(&known)));
        Some(known.map_or(grown.clone(), |known| format!("{grown}, {known}")))
    });
    let is_grown = |finding: &&silk_core::Finding| {
        (grown.iter()).any(|part| Some(part.statement.fingerprint) == finding.fingerprint)
    };
    message.findings(many, many.findings().filter(is_grown), |_| None);
    message.instead(many, grown.iter().copied());
    fail(&message.with_way_out(many));
}
