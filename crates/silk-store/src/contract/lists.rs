//! Lists of requests: filters, sorts, cursors.

use std::{cmp::Reverse, collections::HashSet};

use silk_core::{
    RequestId, RequestSummary, Store,
    store::{Cursor, RequestFilter, RequestSort, TextPattern},
};
use uuid::Uuid;

use super::{
    driving::all_pages,
    filters::{filters, filters_set, varied},
    fixture::{batch, request},
};

fn key(sort: RequestSort, summary: &RequestSummary) -> (i64, RequestId) {
    let number = match sort {
        RequestSort::StartedAt => return (summary.started_at.timestamp_micros(), summary.id),
        RequestSort::Duration => summary.times.total_us,
        RequestSort::QueryTime => summary.times.sql_us,
        RequestSort::QueryCount => summary.query_count,
    };
    (number.cast_signed(), summary.id)
}

/// Each filter selects what it says, in one page.
pub async fn each_filter_selects(store: &dyn Store) {
    let records = varied();
    store.write(&batch(records.clone())).await.unwrap();
    for (filter, is_wanted) in filters() {
        let filter = RequestFilter {
            limit: 500,
            ..filter
        };
        let page = store.requests(&filter).await.unwrap();
        let mut wanted: Vec<_> = records
            .iter()
            .filter(|record| is_wanted(record))
            .map(|record| &record.summary)
            .collect();
        wanted.sort_by_key(|summary| Reverse(key(RequestSort::StartedAt, summary)));
        assert_eq!(page.items.iter().collect::<Vec<_>>(), wanted, "{filter:?}");
        assert_eq!(page.next, None, "{filter:?}");
    }
}

/// Two filters together select what both do.
pub async fn filters_combine(store: &dyn Store) {
    let records = varied();
    store.write(&batch(records.clone())).await.unwrap();
    for (one, is_one) in filters() {
        for (other, is_other) in filters() {
            let both = RequestFilter {
                kind: one.kind.or(other.kind),
                method: one.method.clone().or(other.method.clone()),
                route: one.route.clone().or(other.route.clone()),
                path: one.path.clone().or(other.path.clone()),
                status: one.status.or(other.status),
                min_duration_us: one.min_duration_us.or(other.min_duration_us),
                min_queries: one.min_queries.or(other.min_queries),
                finding: one.finding.clone().or(other.finding.clone()),
                fingerprint: one.fingerprint.or(other.fingerprint),
                text: one.text.clone().or(other.text.clone()),
                since: one.since.or(other.since),
                until: one.until.or(other.until),
                limit: 500,
                // Written out, so that a filter that is added is missed here.
                sort: RequestSort::default(),
                cursor: None,
            };
            // Where both set the same field, the first one's counts.
            let are_same = filters_set(&one) & filters_set(&other) != 0;
            let wanted = records
                .iter()
                .filter(|record| is_one(record) && (are_same || is_other(record)))
                .map(|record| record.summary.id)
                .collect::<HashSet<_>>();
            let found: HashSet<_> = all_pages(store, &both).await.into_iter().collect();
            assert_eq!(found, wanted, "{both:?}");
        }
    }
}

/// A `*` stands for any text wherever it is; `%`, `_`, `?` and `[` stand for themselves, and so does
/// the `*` of a route like `/files/{*path}`.
pub async fn stars_stand_for_any_text(store: &dyn Store) {
    let paths = [
        "/a%b",
        "/axb",
        "/a_b",
        "/A%b",
        "/é1",
        "/ê1",
        "/a%",
        "/a",
        "/a*c",
        "/orders/1995/edit",
        "/orders/99",
        "/orders/9/edit/9",
        "/nul\0/99\0/x",
        "/files/{*path}",
        "/files/{path}",
    ];
    // Half of them as path, half as route, which a path that is the same is not kept beside.
    let records: Vec<_> = (1..)
        .zip(paths)
        .map(|(number, path)| {
            let mut record = request(number, 1);
            record.summary.path = path.to_owned();
            if number.is_multiple_of(2) {
                record.summary.route = path.to_owned();
            }
            record
        })
        .collect();
    store.write(&batch(records)).await.unwrap();
    for (pattern, wanted) in [
        ("/a%*", 2),
        ("/a_*", 1),
        ("/a*", 6),
        ("/é*", 1),
        ("/a", 1),
        ("/A*", 1),
        ("/a**", 6),
        ("*", 15),
        ("**", 15),
        ("*99*", 3),
        ("*99", 1),
        ("*9*9*", 4),
        ("*99*edit", 1),
        ("/orders/*/edit", 1),
        ("/orders/*/edit*", 2),
        ("/orders/*9*9*edit", 1),
        ("*edit*9*", 1),
        ("*9*edit*9*", 1),
        ("/o*/e*t", 1),
        ("/a*b", 3),
        ("/a*ab", 0),
        ("/ax*xb", 0),
        ("*/x", 1),
        ("/nul*x", 1),
        ("/n*99*x", 1),
        ("*?*", 0),
        ("*[*", 0),
        ("*%", 1),
        ("*_*", 1),
        ("*É*", 0),
        ("*é*", 1),
        ("/files/{*path}", 1),
        ("/files/{*path}*", 1),
        ("/files/*", 2),
    ] {
        let filter = RequestFilter {
            path: Some(pattern.to_owned()),
            ..RequestFilter::default()
        };
        let page = store.requests(&filter).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|item| &*item.path).collect();
        assert_eq!(found.len(), wanted, "{pattern}: {found:?}");
        let is_match = |path: &&&str| TextPattern::new(pattern).unwrap().matches(path);
        assert_eq!(paths.iter().filter(is_match).count(), wanted, "{pattern}");
    }
    let by_route = RequestFilter {
        route: Some("*99*".to_owned()),
        ..RequestFilter::default()
    };
    assert_eq!(store.requests(&by_route).await.unwrap().items.len(), 1);
}

/// A pattern with too many `*` is an error, not an empty list.
pub async fn too_many_stars_are_refused(store: &dyn Store) {
    store.write(&batch(vec![request(1, 1)])).await.unwrap();
    let many = Some("*a".repeat(TextPattern::MAX_STARS + 2));
    for (route, path) in [(many.clone(), None), (None, many.clone())] {
        let filter = RequestFilter {
            route,
            path,
            ..RequestFilter::default()
        };
        let error = store.requests(&filter).await.unwrap_err();
        assert!(error.to_string().contains("at most 8 `*`"), "{error}");
    }
}

/// Pages of 7 cover all, in order, under each sort with each filter.
pub async fn pages_cover_all_under_every_sort_and_filter(store: &dyn Store) {
    let records = varied();
    for part in records.chunks(13) {
        store.write(&batch(part.to_vec())).await.unwrap();
    }
    for &sort in RequestSort::ALL {
        for (filter, is_wanted) in filters() {
            let filter = RequestFilter {
                sort,
                limit: 7,
                ..filter
            };
            let mut wanted: Vec<_> = records
                .iter()
                .filter(|record| is_wanted(record))
                .map(|record| key(sort, &record.summary))
                .collect();
            wanted.sort_unstable_by_key(|key| Reverse(*key));
            let wanted: Vec<_> = wanted.into_iter().map(|(_, id)| id).collect();
            assert_eq!(all_pages(store, &filter).await, wanted, "{filter:?}");
        }
    }
}

/// Where all keys are the same, ids alone order the list.
pub async fn ties_are_broken_by_id(store: &dyn Store) {
    let records: Vec<_> = (0..25).map(|number| request(number, 1)).collect();
    store.write(&batch(records.clone())).await.unwrap();
    let mut wanted: Vec<_> = records.iter().map(|record| record.summary.id).collect();
    wanted.reverse();
    for &sort in RequestSort::ALL {
        for limit in [1, 4, 5, 24, 25, 26] {
            let filter = RequestFilter {
                sort,
                limit,
                ..RequestFilter::default()
            };
            assert_eq!(all_pages(store, &filter).await, wanted, "{filter:?}");
        }
    }
}

/// What was there when the first page was read is seen once, though newer requests come.
pub async fn pages_cover_all_while_writes_go_on(store: &dyn Store) {
    for &sort in RequestSort::ALL {
        store.clear().await.unwrap();
        let records = varied();
        store.write(&batch(records.clone())).await.unwrap();
        let mut filter = RequestFilter {
            sort,
            limit: 7,
            ..RequestFilter::default()
        };
        let mut seen = Vec::new();
        for number in 1000.. {
            let page = store.requests(&filter).await.unwrap();
            seen.extend(page.items.iter().map(|item| item.id));
            let mut newer = request(number, 100);
            newer.summary.times.total_us = 1000 * (number % 7);
            newer.summary.query_count = number % 4;
            store.write(&batch(vec![newer])).await.unwrap();
            let Some(next) = page.next else { break };
            filter.cursor = Some(next);
        }
        let distinct: HashSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{sort}: none twice");
        assert!(
            records
                .iter()
                .all(|record| distinct.contains(&record.summary.id)),
            "{sort}"
        );
    }
}

/// 0 means 50, and more than 500 means 500.
pub async fn limits_are_kept(store: &dyn Store) {
    let records = (0..600).map(|number| request(number, 1)).collect();
    store.write(&batch(records)).await.unwrap();
    for (limit, wanted) in [(0, 50), (1, 1), (500, 500), (501, 500), (u32::MAX, 500)] {
        let filter = RequestFilter {
            limit,
            ..RequestFilter::default()
        };
        assert_eq!(store.requests(&filter).await.unwrap().items.len(), wanted);
    }
}

/// A cursor that no page gave is answered all the same.
pub async fn any_cursor_is_taken(store: &dyn Store) {
    store.write(&batch(varied())).await.unwrap();
    for &sort in RequestSort::ALL {
        for key in [i64::MIN, -1, 0, 3, i64::MAX] {
            for id in [Uuid::nil(), Uuid::max()] {
                let cursor = Some(Cursor {
                    key,
                    id: RequestId(id),
                });
                let filter = RequestFilter {
                    sort,
                    cursor,
                    ..RequestFilter::default()
                };
                store.requests(&filter).await.unwrap();
            }
        }
    }
}
