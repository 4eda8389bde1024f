//! Plans: one kept of each form, and the course of forms over time.

use silk_core::{
    Database, DatabaseKind, Fingerprint, PlanId, PlanObservation, PlanRecord, PlanShape,
    PlanSource, Store, WriteBatch,
    explain::PlanBucket,
    store::{Budget, StatsWindow},
};
use uuid::Uuid;

use super::{
    driving::{UNLIMITED, counted, retain_all_at},
    fixture::{at, batch, maximal, plan, request},
};

const HOUR: i64 = 3600;

/// A sight of a form of statement 71, so many seconds after noon.
fn sight(shape: u64, seconds: i64, duration_us: Option<u64>) -> PlanObservation {
    PlanObservation {
        fingerprint: Fingerprint(71),
        database: Database {
            kind: DatabaseKind::Postgres,
            name: "shop".to_owned(),
        },
        source: PlanSource::AutoExplain,
        shape: PlanShape(shape),
        observed_at: at(seconds),
        duration_us,
    }
}

fn batch_of(plans: Vec<PlanRecord>, sights: Vec<PlanObservation>) -> WriteBatch {
    WriteBatch {
        plans,
        plan_observations: sights,
        ..batch(Vec::new())
    }
}

/// A plan of the real run of a form.
fn run_plan(number: u128, shape: u64, seconds: i64, duration_us: Option<u64>) -> PlanRecord {
    PlanRecord {
        source: PlanSource::AutoExplain,
        shape: Some(PlanShape(shape)),
        duration_us,
        ..plan(number, maximal(1).summary.id, seconds)
    }
}

fn window(since: i64, until: i64) -> StatsWindow {
    StatsWindow {
        since: at(since),
        until: at(until),
        buckets: 1,
    }
}

const ALL: (i64, i64) = (-400 * 86_400, 400 * 86_400);

async fn history(store: &dyn Store) -> Vec<PlanBucket> {
    store
        .plan_history(Fingerprint(71), window(ALL.0, ALL.1))
        .await
        .unwrap()
}

async fn ids(store: &dyn Store) -> Vec<u128> {
    let plans = store.plans_of_statement(Fingerprint(71), 1000).await;
    let mut ids: Vec<_> = plans
        .unwrap()
        .iter()
        .map(|plan| plan.id.0.as_u128())
        .collect();
    ids.sort_unstable();
    ids
}

/// Every field of a plan survives, with a batch and alone.
pub async fn every_field_of_a_plan_survives(store: &dyn Store) {
    let full = PlanRecord {
        shape: Some(PlanShape(u64::MAX - 5)),
        fingerprint: Some(Fingerprint(u64::MAX - 6)),
        duration_us: Some(12_345),
        total_cost: Some(8.25),
        ..run_plan(1, 1, 5, None)
    };
    let mut pasted = PlanRecord {
        query: None,
        fingerprint: None,
        source: PlanSource::Pasted,
        shape: None,
        ..plan(2, maximal(1).summary.id, 7)
    };
    pasted.output.raw = "Seq Scan on \"x\0é\"".repeat(5000);
    store
        .write(&batch_of(vec![full.clone()], Vec::new()))
        .await
        .unwrap();
    store.add_plan(&pasted).await.unwrap();
    assert_eq!(store.plan(full.id).await.unwrap(), Some(full.clone()));
    assert_eq!(store.plan(pasted.id).await.unwrap(), Some(pasted));
    let of_request = store.plans_of_request(maximal(1).summary.id).await.unwrap();
    assert_eq!(of_request, [full]);
}

/// Of all plans of one form, that of the slowest run stays; runs without a time give way.
pub async fn of_a_form_the_slowest_plan_stays(store: &dyn Store) {
    for (number, duration_us, kept) in [
        (1, None, 1),
        (2, None, 2),
        (3, Some(100), 3),
        (4, None, 3),
        (5, Some(90), 3),
        (6, Some(100), 3),
        (7, Some(101), 7),
    ] {
        let seconds = i64::try_from(number).unwrap();
        let plan = run_plan(number, 1, seconds, duration_us);
        store
            .write(&batch_of(vec![plan], Vec::new()))
            .await
            .unwrap();
        assert_eq!(ids(store).await, [kept], "after {number}");
    }
    // Another shape, source, database or statement is another form.
    let other = run_plan(11, 2, 1, None);
    let source = PlanRecord {
        source: PlanSource::Generic,
        ..run_plan(12, 1, 1, None)
    };
    let mut database = run_plan(13, 1, 1, None);
    database.database.name = "other".to_owned();
    let statement = PlanRecord {
        fingerprint: Some(Fingerprint(72)),
        ..run_plan(14, 1, 1, None)
    };
    let plans = vec![other, source, database, statement];
    store.write(&batch_of(plans, Vec::new())).await.unwrap();
    assert_eq!(ids(store).await, [7, 11, 12, 13]);
    let id = PlanId(Uuid::from_u128(14));
    assert!(store.plan(id).await.unwrap().is_some());
}

/// What a person asked for is there to be looked at, though it is not the slowest.
pub async fn the_newest_plan_that_was_asked_for_stays(store: &dyn Store) {
    for (number, duration_us) in [(1, 900), (2, 100), (3, 500)] {
        let plan = PlanRecord {
            source: PlanSource::Analyzed,
            ..run_plan(number, 1, number.try_into().unwrap(), Some(duration_us))
        };
        store.add_plan(&plan).await.unwrap();
        assert_eq!(store.plan(plan.id).await.unwrap(), Some(plan));
    }
    assert_eq!(ids(store).await, [3]);
    assert_eq!(history(store).await[0].count, 3);
}

/// Sights are summed by form and hour, over batches, and lead to the plan that is kept.
pub async fn sights_are_summed(store: &dyn Store) {
    let plan = run_plan(1, 1, 10, Some(40));
    let first = vec![
        sight(1, 10, Some(40)),
        sight(1, 20, Some(20)),
        sight(2, 30, None),
    ];
    store.write(&batch_of(vec![plan], first)).await.unwrap();
    let second = vec![sight(1, 5, Some(30)), sight(1, HOUR + 1, Some(10))];
    store.write(&batch_of(Vec::new(), second)).await.unwrap();

    let history = history(store).await;
    let told: Vec<_> = history
        .iter()
        .map(|bucket| (bucket.shape.0, bucket.started_at, bucket.count))
        .collect();
    assert_eq!(told, [(1, at(0), 3), (2, at(0), 1), (1, at(HOUR), 1)]);
    let bucket = &history[0];
    assert_eq!((bucket.first_at, bucket.last_at), (at(5), at(20)));
    assert_eq!(bucket.durations.count(), 3);
    assert_eq!(bucket.durations.max(), 40);
    assert_eq!(bucket.plan, Some(PlanId(Uuid::from_u128(1))));
    assert_eq!(bucket.width_s, 3600);
    assert_eq!(history[1].durations.count(), 0);
    assert_eq!(history[1].plan, None);

    let later = store.plan_history(Fingerprint(71), window(HOUR, 2 * HOUR));
    assert_eq!(later.await.unwrap(), history[2..]);
    let other = store.plan_history(Fingerprint(72), window(ALL.0, ALL.1));
    assert_eq!(other.await.unwrap(), []);
}

/// There and back is two changes; other sources and statements are not mixed in.
pub async fn changes_are_told(store: &dyn Store) {
    for (shape, seconds) in [
        (1, 0),
        (1, HOUR),
        (2, 2 * HOUR + 7),
        (2, 3 * HOUR),
        (1, 4 * HOUR + 9),
    ] {
        let plan = run_plan(shape.into(), shape, seconds, None);
        let batch = batch_of(vec![plan], vec![sight(shape, seconds, Some(50 * shape))]);
        store.write(&batch).await.unwrap();
    }
    let estimated = PlanObservation {
        source: PlanSource::Estimated,
        ..sight(3, 2 * HOUR, None)
    };
    let other = PlanObservation {
        fingerprint: Fingerprint(5),
        ..sight(9, 3 * HOUR, None)
    };
    let batch = batch_of(Vec::new(), vec![estimated, other]);
    store.write(&batch).await.unwrap();
    let told = async |since, until, limit| -> Vec<_> {
        let changes = store.plan_changes(window(since, until), limit).await;
        changes
            .unwrap()
            .iter()
            .map(|change| {
                let (before, after) = (&change.before, &change.after);
                assert_eq!(change.fingerprint, Fingerprint(71));
                assert_eq!(
                    before.plan,
                    Some(PlanId(Uuid::from_u128(before.shape.0.into())))
                );
                (
                    change.changed_at,
                    before.shape.0,
                    after.shape.0,
                    after.count,
                )
            })
            .collect()
    };
    let there = (at(2 * HOUR + 7), 1, 2, 2);
    let back = (at(4 * HOUR + 9), 2, 1, 1);
    assert_eq!(told(ALL.0, ALL.1, 10).await, [back, there]);
    assert_eq!(told(ALL.0, ALL.1, 1).await, [back]);
    // What was there before the window counts.
    assert_eq!(told(4 * HOUR, 5 * HOUR, 10).await, [back]);
    assert_eq!(told(0, 4 * HOUR, 10).await, [there]);
    assert_eq!(told(5 * HOUR, 6 * HOUR, 10).await, []);
}

/// A batch of what has no id of its own counts once, however often it is written.
pub async fn a_batch_written_again_counts_once(store: &dyn Store) {
    let mut batch = batch_of(
        vec![run_plan(1, 1, 1, None)],
        vec![sight(1, 1, Some(10)), sight(1, 2, None)],
    );
    batch.counted = vec![counted(1), counted(2)];
    for _ in 0..3 {
        store.write(&batch).await.unwrap();
        let day = window(-86_400, 86_400);
        assert_eq!(store.routes(day).await.unwrap()[0].requests, 2);
        assert_eq!(history(store).await[0].count, 2);
    }
    // The same in another batch is more of it; so is a batch with some requests known already.
    batch.id = super::fixture::batch_id();
    batch.requests = vec![request(1, 1)];
    store.write(&batch).await.unwrap();
    batch.id = super::fixture::batch_id();
    store.write(&batch).await.unwrap();
    let routes = store.routes(window(-86_400, 86_400)).await.unwrap();
    assert_eq!(routes[0].requests, 7);
    assert_eq!(history(store).await[0].count, 6);
}

/// A statement that is planned differently each time keeps a bounded number of forms.
pub async fn forms_are_bounded(store: &dyn Store) {
    for part in 0..30_u64 {
        let forms: Vec<u64> = (0..10).map(|number| part * 10 + number).collect();
        let plans = forms
            .iter()
            .map(|&shape| run_plan(u128::from(shape) + 1, shape, 1, None))
            .collect();
        let sights = forms.iter().map(|&shape| sight(shape, 1, None)).collect();
        store.write(&batch_of(plans, sights)).await.unwrap();
    }
    assert_eq!(history(store).await.len(), 50);
    assert_eq!(ids(store).await.len(), 50);
    // A day later there is room for a new one, and an old one goes with all that was seen of it.
    let plan = run_plan(999, 999, 2 * 86_400, None);
    let sights = vec![sight(999, 2 * 86_400, None)];
    store.write(&batch_of(vec![plan], sights)).await.unwrap();
    let forms = history(store).await;
    assert_eq!(forms.len(), 50);
    assert!(forms.iter().any(|bucket| bucket.shape == PlanShape(999)));
    assert!(ids(store).await.contains(&999));
    assert_eq!(ids(store).await.len(), 50);
}

/// A plan lives as long as its form is seen; sights go with age.
pub async fn plans_and_sights_grow_old(store: &dyn Store) {
    let day = 86_400;
    let formless = PlanRecord {
        shape: None,
        ..run_plan(3, 3, 0, None)
    };
    let plans = vec![run_plan(1, 1, 0, None), run_plan(2, 2, 0, None), formless];
    let sights = vec![sight(1, 0, None), sight(2, 0, None)];
    store.write(&batch_of(plans, sights)).await.unwrap();
    let batch = batch_of(Vec::new(), vec![sight(1, 100 * day, None)]);
    store.write(&batch).await.unwrap();
    retain_all_at(store, UNLIMITED_OF_A_DAY, at(10 * day)).await;
    assert_eq!(ids(store).await, [1, 2, 3]);
    let count = |buckets: Vec<PlanBucket>| buckets.iter().map(|bucket| bucket.count).sum::<u64>();
    assert_eq!(count(history(store).await), 3);
    retain_all_at(store, UNLIMITED_OF_A_DAY, at(101 * day)).await;
    assert_eq!(ids(store).await, [1]);
    let left = history(store).await;
    assert_eq!((left.len(), left[0].shape), (1, PlanShape(1)));
    assert_eq!(left[0].plan, Some(PlanId(Uuid::from_u128(1))));
}

const UNLIMITED_OF_A_DAY: Budget = Budget {
    max_age: std::time::Duration::from_secs(86_400),
    ..UNLIMITED
};
