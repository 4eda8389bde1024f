//! How long the store takes for each page and each call of the API, with a million requests kept.
//!
//! `cargo run --release -p silk-store --example page_times [--fill] [requests] [file]`
//!
//! A file that is there already is looked after as its writer would, then measured; one that is
//! named and not there is kept. With `--fill` nothing is measured. The last column says what is over
//! the price, 30 ms: by the least time of all repetitions, and by the time on the processor, because
//! others may use the machine too.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person to run"
)]

mod fill;
mod sums;

use std::time::{Duration, Instant};

use silk_core::{
    RequestKind, Store,
    store::{RequestFilter, RequestSort, StoreFuture},
};
use silk_store::{SqliteStore, SqliteStoreConfig, contract::fixture::at};

use fill::{LARGE, SPAN_S, fill, look_after};

/// How often each call is repeated, and how long at most.
const REPEATED: (usize, Duration) = (15, Duration::from_secs(3));

/// What a page may take.
const PRICE: Duration = Duration::from_millis(30);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let fills_only = arguments.next_if_eq("--fill").is_some();
    let count = arguments.next().map_or(1_000_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = arguments
        .next()
        .map_or_else(|| folder.path().join("silk.db"), Into::into);
    let is_there = path.exists();
    let store = SqliteStore::new(&path, SqliteStoreConfig::default());
    if is_there {
        look_after(&store).await;
    } else {
        fill(&store, count).await;
    }
    if fills_only {
        store.close().await;
        return;
    }
    let size = store.size().await.unwrap();
    println!("{} requests, {} bytes", size.requests, size.bytes);
    println!(
        "{:<52}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}",
        "", "first ms", "least", "CPU", "median", "max", "items"
    );
    let mut pages = Pages {
        store: &store,
        over: 0,
    };
    pages.all().await;
    println!("{} over {} ms", pages.over, PRICE.as_millis());
    store.close().await;
}

/// Time that all threads of this process were on a processor; zero where the system does not tell.
fn cpu_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanos = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

struct Pages<'a> {
    store: &'a SqliteStore,
    over: u32,
}

impl<'a> Pages<'a> {
    /// Times one call; `items` tells what came.
    async fn time<T>(
        &mut self,
        name: &str,
        call: impl Fn(&'a SqliteStore) -> StoreFuture<'a, T>,
        items: impl Fn(&T) -> String,
    ) -> T {
        let begun = Instant::now();
        let (mut times, mut cpu) = (Vec::new(), Vec::new());
        loop {
            let (started, cpu_before) = (Instant::now(), cpu_time());
            let answer = call(self.store).await.unwrap();
            times.push(started.elapsed());
            cpu.push(cpu_time().saturating_sub(cpu_before));
            if times.len() == REPEATED.0 || begun.elapsed() > REPEATED.1 {
                let first = times[0];
                times.sort_unstable();
                let (median, max) = (times[times.len() / 2], times[times.len() - 1]);
                cpu.sort_unstable();
                let cpu = cpu[cpu.len() / 2];
                let is_over = cpu.max(times[0]) > PRICE;
                self.over += u32::from(is_over);
                let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
                println!(
                    "{name:<52}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{}",
                    ms(first),
                    ms(times[0]),
                    ms(cpu),
                    ms(median),
                    ms(max),
                    items(&answer),
                    if is_over { "  OVER" } else { "" }
                );
                return answer;
            }
        }
    }

    async fn requests(&mut self, name: &str, filter: RequestFilter) -> Option<RequestFilter> {
        let filter: &'static RequestFilter = Box::leak(Box::new(filter));
        let page = self
            .time(
                &format!("requests {name}"),
                |store| store.requests(filter),
                |page| {
                    let more = if page.is_partial { "+" } else { "" };
                    format!("{}{more}", page.items.len())
                },
            )
            .await;
        page.next.map(|next| RequestFilter {
            cursor: Some(next),
            ..filter.clone()
        })
    }

    async fn all(&mut self) {
        self.lists().await;
        self.filters().await;
        self.details().await;
        self.sums().await;
    }

    async fn lists(&mut self) {
        let default = RequestFilter::default;
        for &sort in RequestSort::ALL {
            let filter = RequestFilter { sort, ..default() };
            let next = self.requests(&format!("{sort}"), filter.clone()).await;
            self.requests(&format!("{sort}, second page"), next.unwrap())
                .await;
            let filter = RequestFilter {
                limit: 500,
                ..filter
            };
            self.requests(&format!("{sort}, 500 on a page"), filter)
                .await;
        }
        for &sort in RequestSort::ALL {
            for (share, part) in [(2, "in the middle"), (50, "near the end")] {
                let key = match sort {
                    RequestSort::StartedAt => at(-SPAN_S + SPAN_S / share).timestamp_micros(),
                    RequestSort::Duration | RequestSort::QueryTime => 100_000 / share,
                    RequestSort::QueryCount => 10 / share,
                };
                let id = silk_core::RequestId(uuid::Uuid::max());
                let cursor = Some(silk_core::store::Cursor { key, id });
                let filter = RequestFilter {
                    sort,
                    cursor,
                    ..default()
                };
                self.requests(&format!("{sort}, cursor {part}"), filter)
                    .await;
            }
        }
    }

    async fn filters(&mut self) {
        let default = RequestFilter::default;
        let text = |text: &str| Some(text.to_owned());
        let filters = [
            (
                "kind=job",
                RequestFilter {
                    kind: Some(RequestKind::Job),
                    ..default()
                },
            ),
            (
                "kind=test (none)",
                RequestFilter {
                    kind: Some(RequestKind::Test),
                    ..default()
                },
            ),
            (
                "method=POST",
                RequestFilter {
                    method: text("POST"),
                    ..default()
                },
            ),
            (
                "method=DELETE (rare)",
                RequestFilter {
                    method: text("DELETE"),
                    ..default()
                },
            ),
            (
                "route frequent",
                RequestFilter {
                    route: text("/r0/{id}"),
                    ..default()
                },
            ),
            (
                "route rare",
                RequestFilter {
                    route: text("/rare"),
                    ..default()
                },
            ),
            (
                "route=/r1*",
                RequestFilter {
                    route: text("/r1*"),
                    ..default()
                },
            ),
            (
                "route=/ra* (rare)",
                RequestFilter {
                    route: text("/ra*"),
                    ..default()
                },
            ),
            (
                "path exact",
                RequestFilter {
                    path: text("/r0/77"),
                    ..default()
                },
            ),
            (
                "path=/r1*",
                RequestFilter {
                    path: text("/r1*"),
                    ..default()
                },
            ),
            (
                "path=/no/such*",
                RequestFilter {
                    path: text("/no/such*"),
                    ..default()
                },
            ),
            (
                "status=200",
                RequestFilter {
                    status: Some((200, 200)),
                    ..default()
                },
            ),
            (
                "status=5xx",
                RequestFilter {
                    status: Some((500, 599)),
                    ..default()
                },
            ),
            (
                "status=418 (none)",
                RequestFilter {
                    status: Some((418, 418)),
                    ..default()
                },
            ),
            (
                "min_duration 20 ms",
                RequestFilter {
                    min_duration_us: Some(20_000),
                    ..default()
                },
            ),
            (
                "min_duration 10 s (rare)",
                RequestFilter {
                    min_duration_us: Some(10_000_000),
                    ..default()
                },
            ),
            (
                "min_queries 50",
                RequestFilter {
                    min_queries: Some(50),
                    ..default()
                },
            ),
            (
                "min_queries 5000 (one)",
                RequestFilter {
                    min_queries: Some(5000),
                    ..default()
                },
            ),
            (
                "finding=any",
                RequestFilter {
                    finding: text("any"),
                    ..default()
                },
            ),
            (
                "finding=repeated_statement",
                RequestFilter {
                    finding: text("repeated_statement"),
                    ..default()
                },
            ),
            (
                "finding=rare_rule",
                RequestFilter {
                    finding: text("rare_rule"),
                    ..default()
                },
            ),
            (
                "finding=none_such",
                RequestFilter {
                    finding: text("none_such"),
                    ..default()
                },
            ),
            (
                "statement frequent",
                RequestFilter {
                    fingerprint: Some(silk_core::Fingerprint(2)),
                    ..default()
                },
            ),
            (
                "statement rare",
                RequestFilter {
                    fingerprint: Some(silk_core::Fingerprint(999)),
                    ..default()
                },
            ),
            (
                "last 15 min",
                RequestFilter {
                    since: Some(at(-900)),
                    ..default()
                },
            ),
            (
                "last hour",
                RequestFilter {
                    since: Some(at(-3600)),
                    ..default()
                },
            ),
            (
                "3 days ago",
                RequestFilter {
                    since: Some(at(-4 * 86_400)),
                    until: Some(at(-3 * 86_400)),
                    ..default()
                },
            ),
            (
                "GET, frequent route, 5xx",
                RequestFilter {
                    method: text("GET"),
                    route: text("/r0/{id}"),
                    status: Some((500, 599)),
                    ..default()
                },
            ),
            (
                "rare route, 418",
                RequestFilter {
                    route: text("/rare"),
                    status: Some((418, 418)),
                    ..default()
                },
            ),
            (
                "frequent route, finding",
                RequestFilter {
                    route: text("/r0/{id}"),
                    finding: text("any"),
                    ..default()
                },
            ),
            (
                "5xx, 20 ms, last day",
                RequestFilter {
                    status: Some((500, 599)),
                    min_duration_us: Some(20_000),
                    since: Some(at(-86_400)),
                    ..default()
                },
            ),
            (
                "statement frequent, 5xx, finding",
                RequestFilter {
                    fingerprint: Some(silk_core::Fingerprint(2)),
                    status: Some((500, 599)),
                    finding: text("any"),
                    ..default()
                },
            ),
        ];
        for &sort in RequestSort::ALL {
            for (name, filter) in &filters {
                let filter = RequestFilter {
                    sort,
                    ..filter.clone()
                };
                self.requests(&format!("{name} {sort}"), filter).await;
            }
        }
    }
}
