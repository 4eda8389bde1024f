use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, Method, Uri, Version};
use silk_core::{Database, LogRecord, Outcome, RequestId, TransactionEnd};

use super::{captured::SqlSource, clock::micros, kept::KeptQuery};

/// Intervals of polling kept per request: 32 KiB. Beyond, polls count in the sums only.
const MAX_POLL_INTERVALS: usize = 4_096;
/// Polls so close together count as one interval.
const POLL_GAP_US: u64 = 20;
/// Waits and transactions kept per request, each.
pub(super) const MAX_WAITS: usize = 10_000;
/// Plans kept per request, each of a statement and an outline of its own.
pub(super) const MAX_PLANS: usize = 64;
/// Texts that are looked through one by one before an index is made.
const UNINDEXED_TEXTS: usize = 16;

/// Everything seen of a request, in the cheapest form; the writer makes the record of it.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) head: Head,
    pub(crate) ended: Option<Ending>,
    pub(crate) texts: Texts,
    pub(crate) queries: Vec<KeptQuery>,
    pub(crate) beyond: Vec<Beyond>,
    pub(crate) query_count: u64,
    pub(crate) query_errors: u64,
    pub(crate) queries_not_kept: u64,
    /// Plans that the database told, one of each that looks alike.
    pub(crate) plans: Vec<KeptPlan>,
    /// Where SQL ran: union kept while queries come, by end.
    pub(crate) sql: Intervals,
    pub(crate) waits: Vec<Wait>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) spans: Vec<Span>,
    pub(crate) spans_not_kept: u64,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) logs_not_kept: u64,
    pub(crate) polls: Polls,
    /// Bytes of the budget that it holds.
    pub(crate) charged: usize,
}

/// What the HTTP side saw.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) parent: Option<RequestId>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Option<Version>,
    pub(crate) request_headers: HeaderMap,
    pub(crate) route: Route,
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: HeaderMap,
    pub(crate) head_at: Option<Instant>,
    pub(crate) request_body: Option<Tee>,
    pub(crate) response_body: Option<Tee>,
}

/// Under which name a request is summed.
#[derive(Default, Clone)]
pub(crate) enum Route {
    /// Not known: the raw path.
    #[default]
    Raw,
    /// axum's template.
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
    /// The name of a job or test.
    Named(Arc<str>),
}

impl Route {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Raw => None,
            #[cfg(feature = "axum")]
            Self::Matched(path) => Some(path.as_str()),
            Self::Named(name) => Some(name),
        }
    }
}

/// What passed of a body.
#[derive(Default)]
pub(crate) struct Tee {
    pub(crate) captured: Vec<u8>,
    pub(crate) total_bytes: u64,
}

/// How and when it ended.
pub(crate) struct Ending {
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
}

/// A plan of a query, as the database told it.
pub(crate) struct KeptPlan {
    pub(crate) text: u32,
    pub(crate) outline: u64,
    pub(crate) duration_us: u64,
    pub(crate) message: Box<str>,
}

/// Queries beyond the cap, summed per text.
#[derive(Default)]
pub(crate) struct Beyond {
    pub(crate) text: u32,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) total_us: u64,
    pub(crate) max_us: u64,
    pub(crate) rows: u64,
}

pub(crate) struct Wait {
    pub(crate) started_us: u64,
    pub(crate) duration_us: u64,
    pub(crate) error: Option<String>,
}

pub(crate) struct Transaction {
    pub(crate) started_us: u64,
    pub(crate) begin_us: u64,
    pub(crate) depth: u32,
    /// From the start of the request, where its end was seen.
    pub(crate) ended_us: Option<u64>,
    pub(crate) end_us: u64,
    pub(crate) end: TransactionEnd,
}

/// A span of the app.
pub(crate) struct Span {
    /// The subscriber's id; given again after the span has closed.
    pub(crate) id: u64,
    pub(crate) metadata: &'static tracing::Metadata<'static>,
    pub(crate) parent: Option<u32>,
    pub(crate) started_us: u64,
    pub(crate) ended_us: Option<u64>,
    pub(crate) busy_us: u64,
    pub(crate) fields: Vec<(String, String)>,
}

/// Texts of a request, each kept once.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) items: Vec<(SqlSource, Arc<Database>)>,
    index: Option<HashMap<u64, u32, foldhash::fast::RandomState>>,
}

impl Texts {
    /// The number of a text that is known already.
    pub(crate) fn find(&self, sql: &str, database: &Arc<Database>) -> Option<u32> {
        let index = match &self.index {
            Some(index) => *index.get(&index.hasher().hash_one(sql))?,
            None => {
                // By address first: most texts are of the program itself.
                let at = |same: fn(&str, &str) -> bool| {
                    self.items.iter().position(|(text, of)| {
                        same(text.as_str(), sql) && (Arc::ptr_eq(of, database) || of == database)
                    })
                };
                let found = at(|a, b| std::ptr::eq(a, b)).or_else(|| at(|a, b| a == b))?;
                u32::try_from(found).ok()?
            }
        };
        let (text, of) = self.items.get(usize::try_from(index).ok()?)?;
        (text.as_str() == sql && (Arc::ptr_eq(of, database) || of == database)).then_some(index)
    }

    pub(crate) fn add(&mut self, sql: SqlSource, database: Arc<Database>) -> u32 {
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        if let Some(index) = &mut self.index {
            let hash = index.hasher().hash_one(sql.as_str());
            index.entry(hash).or_insert(number);
        }
        self.items.push((sql, database));
        if self.index.is_none() && self.items.len() > UNINDEXED_TEXTS {
            let mut index = HashMap::<u64, u32, _>::default();
            for (number, (text, _)) in (0_u32..).zip(&self.items) {
                let hash = BuildHasher::hash_one(index.hasher(), text.as_str());
                index.entry(hash).or_insert(number);
            }
            self.index = Some(index);
        }
        number
    }
}

/// A union of intervals of which most come ordered by their end.
#[derive(Default)]
pub(crate) struct Intervals {
    pub(crate) items: Vec<(u64, u64)>,
}

impl Intervals {
    pub(crate) fn add(&mut self, start: u64, end: u64) {
        let (mut start, mut end) = (start, end.max(start));
        // Swallow what it overlaps; concurrent queries end in any order, so look backwards.
        while let Some(&(other_start, other_end)) = self.items.last() {
            if other_end < start {
                break;
            }
            start = start.min(other_start);
            end = end.max(other_end);
            self.items.pop();
        }
        self.items.push((start, end));
    }

    pub(crate) fn total(&self) -> u64 {
        self.items.iter().map(|(start, end)| end - start).sum()
    }
}

/// When handler and body were polled.
#[derive(Default)]
pub(crate) struct Polls {
    pub(crate) intervals: Vec<(u64, u64)>,
    pub(crate) count: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
}

impl Polls {
    pub(crate) fn add(&mut self, origin: Instant, started: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(started);
        self.count += 1;
        self.total += took;
        self.longest = self.longest.max(took);
        let start = micros(started.saturating_duration_since(origin));
        let end = micros(ended.saturating_duration_since(origin));
        if let Some(last) = self.intervals.last_mut()
            && start <= last.1.saturating_add(POLL_GAP_US)
        {
            last.1 = last.1.max(end);
        } else if self.intervals.len() < MAX_POLL_INTERVALS {
            self.intervals.push((start, end));
        }
    }
}

#[cfg(test)]
mod tests {
    use silk_core::DatabaseKind;

    use super::*;

    fn database() -> Arc<Database> {
        Arc::new(Database {
            kind: DatabaseKind::Sqlite,
            name: String::new(),
        })
    }

    #[test]
    fn texts_are_kept_once_however_many_they_are() {
        let (one, two) = (
            database(),
            Arc::new(Database {
                kind: DatabaseKind::MySql,
                name: "b".into(),
            }),
        );
        let mut texts = Texts::default();
        for round in 0..3 {
            for number in 0..200 {
                let sql = format!("SELECT {number}");
                match texts.find(&sql, &one) {
                    Some(found) => assert_eq!((found, round > 0), (number, true)),
                    None => assert_eq!(
                        texts.add(SqlSource::Shared(sql.into()), Arc::clone(&one)),
                        number
                    ),
                }
            }
        }
        assert_eq!(texts.items.len(), 200);
        assert_eq!(texts.find("SELECT 1", &two), None);
        assert_eq!(texts.find("SELECT 1", &database()), Some(1));
    }

    #[test]
    fn intervals_are_a_union() {
        let mut sql = Intervals::default();
        for (start, end) in [(0, 10), (20, 30), (5, 25), (40, 50), (60, 61), (41, 42)] {
            sql.add(start, end);
        }
        // The last came out of order by its end: what it is within swallows what lies between.
        assert!(sql.total() >= 41, "{:?}", sql.items);
        let mut sql = Intervals::default();
        for (start, end) in [(0, 10), (5, 12), (1, 13), (20, 30)] {
            sql.add(start, end);
        }
        assert_eq!(sql.items, [(0, 13), (20, 30)]);
    }

    #[test]
    fn polls_close_together_are_one_interval() {
        let origin = Instant::now();
        let at = |us| origin + Duration::from_micros(us);
        let mut polls = Polls::default();
        polls.add(origin, at(0), at(10));
        polls.add(origin, at(15), at(30));
        polls.add(origin, at(500), at(600));
        assert_eq!(polls.intervals, [(0, 30), (500, 600)]);
        assert_eq!(
            (polls.count, polls.total, polls.longest),
            (3, Duration::from_micros(125), Duration::from_micros(100))
        );
    }
}
