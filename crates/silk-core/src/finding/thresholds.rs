//! From what on rules speak.

use std::time::Duration;

/// From what on the rules about requests speak.
///
/// Every field has a default; set what you want to change:
///
/// ```
/// use silk_core::finding::Thresholds;
///
/// // Five rows of development data are enough for a finding.
/// let thresholds = Thresholds { min_calls: 5, min_lost: std::time::Duration::ZERO, ..Thresholds::default() };
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Runs of one query in a request that make a loop: for "N+1 query" and "many small writes".
    /// Default 10.
    ///
    /// Larger overlooks loops over short lists; smaller (5 is usual for development data of a few
    /// rows, other tools take 2 to 5) also names handlers that load a few things one by one.
    pub min_calls: u64,
    /// Runs of one query with the same values in a request. Default 5.
    ///
    /// Larger overlooks a value that is fetched by every helper again; smaller (2 in other tools)
    /// also names a check followed by a use.
    pub min_repeats: u64,
    /// Share of the request's time that a finding must have cost, from 0.0 to 1.0. Default 0.01.
    ///
    /// Larger hides what costs little now and grows with the data; smaller names loops that nobody
    /// waits for.
    pub min_share: f64,
    /// Time that a finding must have cost. Default 1 ms.
    ///
    /// Larger hides loops of a development database on the same machine; smaller names ten
    /// look-ups of 50 µs.
    pub min_lost: Duration,
    /// Rows read where the app asked for one. Default 10.
    ///
    /// Larger overlooks queries that read many rows only in production; smaller names queries
    /// that read a second row to see that there is none.
    pub min_rows_unread: u64,
    /// Length of a query that is called slow. Default 100 ms: a page is to take 150 ms.
    ///
    /// Larger leaves out what a visitor notices (sqlx itself logs from 1 s on); smaller names
    /// queries that a batch job runs all day.
    pub slow_query: Duration,
    /// Length of one poll without an await that is called blocking. Default 50 ms.
    ///
    /// Larger overlooks pauses that all requests on the thread share; smaller names polls that a
    /// busy machine interrupted.
    pub blocked: Duration,
    /// Time spent in waits for a connection. Default 20 ms: opening one takes as long.
    ///
    /// Larger overlooks a pool that is a little too small; smaller names every new connection.
    pub min_wait: Duration,
    /// Share of the request that waits for a connection must have cost. Default 0.2.
    ///
    /// Larger speaks only when little else happens; smaller speaks of waits that change little.
    pub min_wait_share: f64,
    /// How long each of several independent queries must take. Default 30 ms (that of Sentry's
    /// detector of consecutive queries).
    ///
    /// Larger overlooks pages made of many middling queries; smaller names pairs whose running at
    /// once costs a second connection for little.
    pub serial_query: Duration,
    /// What running independent queries at once must save. Default 50 ms.
    ///
    /// Larger names only what everybody notices; smaller names what the second connection costs.
    pub serial_lost: Duration,
    /// Different texts of one shape, with literals and no bound values. Default 10.
    ///
    /// Larger overlooks SQL built by string in short loops; smaller names the three texts of a
    /// `match`.
    pub min_built_texts: u64,
    /// How long a query must have run when the app let it go. Default 10 ms.
    ///
    /// Larger overlooks what holds connections under load; smaller names streams that were read as
    /// far as was wanted.
    pub abandoned: Duration,
    /// How long a transaction must have been open while nothing ran on it, in total. Default 100 ms:
    /// a page is to take 150 ms.
    ///
    /// Larger overlooks a call of another service that is quick today; smaller names the rendering
    /// between two queries.
    pub idle_in_transaction: Duration,
    /// How long a query must have taken for a remark on how it is written: deep OFFSET, an exact
    /// COUNT, LIKE with a leading wildcard. Default 20 ms: on a table of some thousand rows they take
    /// less, however they are written.
    ///
    /// Larger speaks when visitors notice; smaller also names what is small today and will grow.
    pub min_rewrite: Duration,
    /// Rows that OFFSET skips. Default 1,000, as for plans: ten pages of a hundred.
    ///
    /// Larger leaves out who reads on for a while; smaller names pages that people do open.
    pub deep_offset: u64,
    /// Rows that a query without LIMIT returns. Default 1,000, what PostgREST's hosts let through of
    /// one request (`max-rows`).
    ///
    /// Larger overlooks lists that nobody reads to their end; smaller names lists of countries.
    pub many_rows: u64,
    /// Queries of a request that no other finding is about, of statements that ran less than
    /// [`min_calls`](Self::min_calls) times. Default 50: from there on Symfony's toolbar warns.
    ///
    /// Larger overlooks pages made of many small parts; smaller (Silk's target for a route is 10)
    /// names dashboards that show many things.
    pub many_queries: u64,
    /// How long a transaction must have waited for another service, in total. Default 20 ms.
    ///
    /// Larger overlooks a service that is quick today; smaller names calls within one machine.
    pub foreign_wait: Duration,
    /// Look-ups of a cache in a request. Default 10.
    ///
    /// Larger speaks of loops over a cache alone; smaller names an entry that had just expired.
    pub min_lookups: u64,
    /// Share of look-ups that a cache must answer, from 0.0 to 1.0. Default 0.5: below it the
    /// look-ups cost more trips than they save where each miss is followed by a query.
    ///
    /// Larger asks more of a cache; smaller speaks when it does nothing at all.
    pub min_hit_rate: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_calls: 10,
            min_repeats: 5,
            min_share: 0.01,
            min_lost: Duration::from_millis(1),
            min_rows_unread: 10,
            slow_query: Duration::from_millis(100),
            blocked: Duration::from_millis(50),
            min_wait: Duration::from_millis(20),
            min_wait_share: 0.2,
            serial_query: Duration::from_millis(30),
            serial_lost: Duration::from_millis(50),
            min_built_texts: 10,
            abandoned: Duration::from_millis(10),
            idle_in_transaction: Duration::from_millis(100),
            min_rewrite: Duration::from_millis(20),
            deep_offset: 1_000,
            many_rows: 1_000,
            many_queries: 50,
            foreign_wait: Duration::from_millis(20),
            min_lookups: 10,
            min_hit_rate: 0.5,
        }
    }
}

/// A duration as the records count it.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
