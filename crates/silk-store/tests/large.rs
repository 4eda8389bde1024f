//! What only shows in a SQLite store of many requests: top lists, cut searches, compaction.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{cmp::Reverse, collections::HashSet, time::Duration};

use silk_core::{
    RequestId, RequestRecord, Store,
    store::{Budget, RequestFilter, RequestSort, StatementFilter, StatsWindow},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, as_kept, at, batch, request, statement},
};
use tempfile::TempDir;

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

/// More than twice as many as a top list keeps.
const COUNT: u64 = 14_000;

fn store(config: SqliteStoreConfig) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), config);
    (folder, store)
}

/// Requests of every duration in no order; all have the same count, one in a thousand status 500.
async fn fill(store: &SqliteStore) -> Vec<RequestRecord> {
    let records: Vec<_> = (0..COUNT)
        .map(|number| {
            let mut record = request(number, i64::try_from(number / 10).unwrap());
            record.summary.times.total_us = (number * 7919) % 10_007;
            record.summary.query_count = 3;
            record.summary.status = Some(if number.is_multiple_of(1000) {
                500
            } else {
                200
            });
            record
        })
        .collect();
    for part in records.chunks(500) {
        store.write(&batch(part.to_vec())).await.unwrap();
    }
    records
}

/// All pages, and how many of them were partial.
async fn all_pages(store: &SqliteStore, mut filter: RequestFilter) -> (Vec<RequestId>, usize) {
    let (mut ids, mut partial) = (Vec::new(), 0);
    loop {
        let page = store.requests(&filter).await.unwrap();
        ids.extend(page.items.iter().map(|item| item.id));
        partial += usize::from(page.is_partial);
        let Some(next) = page.next else {
            return (ids, partial);
        };
        filter.cursor = Some(next);
    }
}

fn sorted(records: &[RequestRecord], key: impl Fn(&RequestRecord) -> u64) -> Vec<RequestId> {
    let mut keys: Vec<_> = records
        .iter()
        .map(|record| (key(record), record.summary.id))
        .collect();
    keys.sort_unstable_by_key(|key| Reverse(*key));
    keys.into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn pages_go_on_below_the_top_list() {
    // Time enough on any machine: every store is small.
    let (_folder, store) = store(SqliteStoreConfig::default().scan_time(Duration::from_secs(60)));
    let mut records = fill(&store).await;
    let by = |sort| RequestFilter {
        sort,
        limit: 500,
        ..RequestFilter::default()
    };
    let duration = |record: &RequestRecord| record.summary.times.total_us;
    let (ids, partial) = all_pages(&store, by(RequestSort::Duration)).await;
    assert!(ids == sorted(&records, duration) && partial == 0);
    let (ids, _) = all_pages(&store, by(RequestSort::QueryCount)).await;
    assert!(
        ids == sorted(&records, |_| 3),
        "ties beyond the list's length"
    );
    let failed = RequestFilter {
        status: Some((500, 599)),
        ..by(RequestSort::Duration)
    };
    let (ids, partial) = all_pages(&store, failed.clone()).await;
    records.retain(|record| record.summary.status == Some(500));
    assert_eq!(ids, sorted(&records, duration));
    assert_eq!(partial, 1, "the top first, the rest when asked for");
}

#[tokio::test]
async fn below_the_top_a_large_store_goes_on_in_stretches_of_time() {
    // No time to read all: every store is large.
    let (_folder, store) = store(SqliteStoreConfig::default().scan_time(Duration::ZERO));
    let mut records = fill(&store).await;
    let duration = |record: &RequestRecord| record.summary.times.total_us;
    for (status, limit) in [(None, 500), (Some((500, 500)), 3)] {
        let filter = RequestFilter {
            sort: RequestSort::Duration,
            limit,
            status,
            ..RequestFilter::default()
        };
        if status.is_some() {
            records.retain(|record| record.summary.status == Some(500));
        }
        let wanted = sorted(&records, duration);
        let (mut ids, mut pages) = (Vec::new(), 0);
        let mut next = Some(filter);
        while let Some(filter) = next {
            let page = store.requests(&filter).await.unwrap();
            pages += 1;
            assert!(page.items.len() <= usize::try_from(limit).unwrap());
            assert!(
                page.items
                    .is_sorted_by_key(|item| Reverse((item.times.total_us, item.id))),
                "each page by itself"
            );
            ids.extend(page.items.iter().map(|item| item.id));
            next = page.next.map(|next| RequestFilter {
                cursor: Some(next),
                ..filter
            });
            assert!(pages < 100, "it comes to an end");
        }
        let top = if status.is_some() { 3 } else { 5000 };
        assert!(ids[..top] == wanted[..top], "the top is in order");
        let all: HashSet<_> = ids.iter().collect();
        assert_eq!((all.len(), ids.len()), (wanted.len(), wanted.len()));
    }
}

#[tokio::test]
async fn top_lists_are_refilled_when_retention_took_them() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let mut records = fill(&store).await;
    let budget = Budget {
        max_requests: 3000,
        ..UNLIMITED
    };
    while store.retain(budget, at(2000)).await.unwrap() {}
    assert_eq!(store.size().await.unwrap().requests, 3000);
    records.drain(..11_000);
    let filter = RequestFilter {
        sort: RequestSort::Duration,
        limit: 500,
        ..RequestFilter::default()
    };
    let (ids, _) = all_pages(&store, filter).await;
    assert!(ids == sorted(&records, |record| record.summary.times.total_us));
}

#[tokio::test]
async fn a_search_that_is_cut_short_goes_on() {
    let (_folder, store) = store(SqliteStoreConfig::default().scan_time(Duration::ZERO));
    let mut records = fill(&store).await;
    let filter = RequestFilter {
        status: Some((500, 500)),
        ..RequestFilter::default()
    };
    let (ids, partial) = all_pages(&store, filter).await;
    records.retain(|record| record.summary.status == Some(500));
    let started = |record: &RequestRecord| record.summary.started_at.timestamp_micros();
    assert_eq!(
        ids,
        sorted(&records, |record| started(record).cast_unsigned())
    );
    assert_eq!(partial, 6, "seven chunks");
}

#[tokio::test]
async fn compaction_changes_no_sum() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let threads = statement(1, "threads");
    // Four hours, a request every minute.
    let write = async |first: u64| {
        let records = (first..first + 240)
            .map(|number| {
                let mut record = request(number, i64::try_from(number % 240).unwrap() * 60);
                add_queries(&mut record, &threads, 10, 2, number);
                record
            })
            .collect();
        store.write(&batch(records)).await.unwrap();
    };
    // Whole days, so that coarse buckets fall into the same parts as fine ones.
    let read = async || {
        let window = StatsWindow {
            since: at(-129_600),
            until: at(129_600),
            buckets: 3,
        };
        let fingerprint = threads.fingerprint;
        (
            store.routes(window).await.unwrap(),
            store.statement(fingerprint, window).await.unwrap().unwrap(),
            store.statements(&StatementFilter::default()).await.unwrap(),
        )
    };
    write(0).await;
    let before = read().await;
    // After a day they are hours, after ten a day.
    for days in [1, 10] {
        let mut steps = 0;
        while store.retain(UNLIMITED, at(days * 86_400)).await.unwrap() {
            steps += 1;
        }
        assert!(steps > 0);
        let after = read().await;
        assert_eq!(after.0, before.0, "routes after {days} days");
        assert_eq!(after.1, before.1, "statement after {days} days");
        assert!(after.2 == before.2, "statements after {days} days");
    }
    // What comes late is added, before and after it is compacted.
    write(240).await;
    let both = read().await;
    assert_eq!(both.0[0].requests, 480);
    while store.retain(UNLIMITED, at(10 * 86_400)).await.unwrap() {}
    assert!(read().await == both);
}

#[tokio::test]
async fn interned_rows_go_with_their_last_request() {
    let (_folder, store) = store(SqliteStoreConfig::default().stats_age(Duration::ZERO));
    let old = statement(1, "old");
    let mut record = request(1, 0);
    add_queries(&mut record, &old, 1, 1, 1);
    store.write(&batch(vec![record])).await.unwrap();
    let mut kept = request(2, 5 * 86_400);
    add_queries(&mut kept, &statement(2, "new"), 2, 1, 1);
    store.write(&batch(vec![kept.clone()])).await.unwrap();
    let budget = Budget {
        max_age: Duration::from_secs(86_400),
        ..UNLIMITED
    };
    // Once the leap of the clock is believed.
    for hour in 0..5 {
        while store
            .retain(budget, at(5 * 86_400 + hour * 3600))
            .await
            .unwrap()
        {}
    }
    let size = store.size().await.unwrap();
    assert_eq!((size.requests, size.statements), (1, 1));
    assert_eq!(
        store.request(kept.summary.id).await.unwrap(),
        Some(as_kept(&kept))
    );
    // And may come back.
    let mut again = request(3, 5 * 86_400);
    add_queries(&mut again, &old, 1, 1, 1);
    store.write(&batch(vec![again.clone()])).await.unwrap();
    assert_eq!(
        store.request(again.summary.id).await.unwrap(),
        Some(as_kept(&again))
    );
}

/// The cut search of a list: it says how far it has come, page by page, up to the end.
#[tokio::test]
async fn no_request_fits_so_far_says_how_many_were_looked_at() {
    let (_folder, store) = store(SqliteStoreConfig::default().scan_time(Duration::ZERO));
    fill(&store).await;
    let last = Some((599, 599));
    for sort in [
        RequestSort::StartedAt,
        RequestSort::Duration,
        RequestSort::QueryCount,
    ] {
        let mut filter = RequestFilter {
            sort,
            status: last,
            ..RequestFilter::default()
        };
        let mut before = 0;
        let mut cut = 0;
        loop {
            let page = store.requests(&filter).await.unwrap();
            assert_eq!(
                (page.items.len(), page.searched.is_some()),
                (0, page.is_partial)
            );
            let Some(searched) = page.searched else { break };
            assert_eq!(searched.of, COUNT);
            assert!((1..=COUNT).contains(&searched.looked_at), "{searched:?}");
            assert!(searched.looked_at >= before, "{searched:?} after {before}");
            before = searched.looked_at;
            cut += 1;
            filter.cursor = page.next;
        }
        assert!(cut >= 3, "{sort}: {cut}");
        assert!(before >= COUNT / 2, "{sort}: {before}");
    }
    // Of a window, only what lies in it.
    let filter = RequestFilter {
        status: last,
        until: Some(at(700)),
        since: Some(at(-1)),
        ..RequestFilter::default()
    };
    let page = store.requests(&filter).await.unwrap();
    assert!(
        page.searched.is_none_or(|searched| searched.of == 7000),
        "{page:?}"
    );
}
