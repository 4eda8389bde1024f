//! What is over the budget goes, oldest first, step by step.

use std::time::Duration;

use silk_core::{
    Store,
    store::{Budget, RequestFilter, StatementFilter},
};

use super::{
    driving::{UNLIMITED, all_day, all_pages, retain_all_at},
    fixture::{add_queries, at, batch, maximal, request, statement},
};

async fn retain_all(store: &dyn Store, budget: Budget) {
    retain_all_at(store, budget, at(1000)).await;
}

/// `count` requests of one query each, a second apart, started up to second 999.
async fn fill(store: &dyn Store, count: u64) {
    let threads = statement(1, "threads");
    for part in (0..count).collect::<Vec<_>>().chunks(200) {
        let records = part
            .iter()
            .map(|&number| {
                let mut record = request(number, 1000 - (count - number).cast_signed());
                add_queries(&mut record, &threads, 10, 1, 50);
                record
            })
            .collect();
        store.write(&batch(records)).await.unwrap();
    }
}

/// Requests older than the age go, in more than one step.
pub async fn by_age(store: &dyn Store) {
    fill(store, 1200).await;
    let budget = Budget {
        max_age: Duration::from_secs(100),
        ..UNLIMITED
    };
    assert!(
        store.retain(budget, at(1000)).await.unwrap(),
        "1,100 are more than a step"
    );
    retain_all(store, budget).await;
    let size = store.size().await.unwrap();
    assert_eq!((size.requests, size.oldest), (100, Some(at(900))));
}

/// Only so many stay, the newest.
pub async fn by_count(store: &dyn Store) {
    fill(store, 700).await;
    retain_all(
        store,
        Budget {
            max_requests: 30,
            ..UNLIMITED
        },
    )
    .await;
    assert_eq!(store.size().await.unwrap().requests, 30);
    let ids = all_pages(store, &RequestFilter::default()).await;
    let wanted: Vec<_> = (0..30)
        .map(|back| request(699 - back, 999 - back.cast_signed()).summary.id)
        .collect();
    assert_eq!(ids, wanted);
    // What stays is whole.
    let record = store.request(wanted[0]).await.unwrap().unwrap();
    assert_eq!(record.detail.texts[0].statement, statement(1, "threads"));
    retain_all(
        store,
        Budget {
            max_requests: 0,
            ..UNLIMITED
        },
    )
    .await;
    assert_eq!(store.size().await.unwrap().requests, 0);
}

/// The bytes come down, and some requests stay.
pub async fn by_bytes(store: &dyn Store) {
    for number in 0..200_u64 {
        let mut record = maximal(number);
        // Nothing that compresses.
        let noise: String = (0..10_000_u64)
            .map(|place| {
                let mixed = (place * 200 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                char::from_u32(0x4e00 + u32::try_from(mixed % 20_000).unwrap()).unwrap()
            })
            .collect();
        record.detail.error = Some(noise);
        store.write(&batch(vec![record])).await.unwrap();
    }
    let budget = Budget {
        max_bytes: 2 << 20,
        ..UNLIMITED
    };
    retain_all(store, budget).await;
    let size = store.size().await.unwrap();
    assert!(
        (1..200).contains(&size.requests),
        "{} requests",
        size.requests
    );
}

/// Routes and statements keep their figures when their requests are gone.
pub async fn figures_outlive_requests(store: &dyn Store) {
    fill(store, 20).await;
    let routes = store.routes(all_day()).await.unwrap();
    let statements = store.statements(&StatementFilter::default()).await.unwrap();
    retain_all(
        store,
        Budget {
            max_requests: 0,
            ..UNLIMITED
        },
    )
    .await;
    assert_eq!(store.size().await.unwrap().requests, 0);
    assert_eq!(store.routes(all_day()).await.unwrap(), routes);
    assert_eq!(
        store.statements(&StatementFilter::default()).await.unwrap(),
        statements
    );
    // And count on.
    fill(store, 20).await;
    assert_eq!(store.routes(all_day()).await.unwrap()[0].requests, 40);
}

/// Nothing goes that is within the budget.
pub async fn within_the_budget_nothing_goes(store: &dyn Store) {
    fill(store, 40).await;
    assert!(!store.retain(UNLIMITED, at(1000)).await.unwrap());
    assert_eq!(store.size().await.unwrap().requests, 40);
}
