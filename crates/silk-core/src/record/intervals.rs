/// Splits a request's time into SQL, waits and polling; returns `(sql_us, wait_us, polling_us)`.
#[must_use]
pub fn breakdown(
    total_us: u64,
    sql: &mut Vec<(u64, u64)>,
    waits: &mut Vec<(u64, u64)>,
    polls: &mut Vec<(u64, u64)>,
) -> (u64, u64, u64) {
    let _ = (total_us, sql, waits, polls);
    (0, 0, 0)
}
