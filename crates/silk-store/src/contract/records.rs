//! Records go in and come out as they were.

use silk_core::{
    RequestId, RequestRecord, RunId, Store, Value, ValueState, WriteBatch,
    store::{RequestFilter, StatementFilter},
};
use uuid::Uuid;

use super::{
    driving::{all_day, counted},
    fixture::{
        add_queries, as_kept, batch, batch_id, hostile_texts, maximal, plan, request, run,
        statement,
    },
};

async fn read(store: &dyn Store, record: &RequestRecord) -> RequestRecord {
    store.request(record.summary.id).await.unwrap().unwrap()
}

/// Every field of a record survives, on its page and in the list.
pub async fn round_trip_of_every_field(store: &dyn Store) {
    let record = maximal(1);
    let plain = request(2, 6);
    store
        .write(&batch(vec![record.clone(), plain.clone()]))
        .await
        .unwrap();
    assert_eq!(read(store, &record).await, as_kept(&record));
    assert_eq!(read(store, &plain).await, plain);
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    assert_eq!(page.items, [plain.summary, record.summary]);
    assert_eq!(page.total, Some(2));
}

/// Writing a batch twice leaves requests, statistics and counts as after once.
pub async fn a_batch_written_again_changes_nothing(store: &dyn Store) {
    let mut batch = batch(vec![maximal(1), request(2, 6), request(2, 6)]);
    batch.counted = vec![counted(3)];
    store.write(&batch).await.unwrap();
    let routes = store.routes(all_day()).await.unwrap();
    let statements = store.statements(&StatementFilter::default()).await.unwrap();
    let mut changed = batch.clone();
    changed.requests[0].summary.status = Some(418);
    store.write(&changed).await.unwrap();
    assert_eq!(store.routes(all_day()).await.unwrap(), routes);
    assert_eq!(
        store.statements(&StatementFilter::default()).await.unwrap(),
        statements
    );
    assert_eq!(store.size().await.unwrap().requests, 2);
    assert_eq!(
        read(store, &batch.requests[0]).await,
        as_kept(&batch.requests[0])
    );
}

/// New requests in a batch with known ones are kept.
pub async fn a_batch_is_stored_whole_beside_known_requests(store: &dyn Store) {
    store.write(&batch(vec![request(1, 1)])).await.unwrap();
    store
        .write(&batch(vec![request(1, 1), request(2, 2)]))
        .await
        .unwrap();
    assert_eq!(store.size().await.unwrap().requests, 2);
    store.write(&batch(Vec::new())).await.unwrap();
    assert_eq!(store.size().await.unwrap().requests, 2);
}

/// Texts with NUL, quotes, emoji and a megabyte come back byte for byte.
pub async fn hostile_texts_come_back(store: &dyn Store) {
    for (number, text) in (1..).zip(hostile_texts()) {
        let mut record = maximal(number);
        let summary = &mut record.summary;
        summary.route.clone_from(&text);
        summary.path = format!("{text}/");
        summary.method.clone_from(&text);
        summary.trace_id = Some(text.clone());
        summary.findings = vec![text.clone()];
        let detail = &mut record.detail;
        detail.query_string = Some(text.clone());
        detail.error = Some(text.clone());
        detail.spans[0].name.clone_from(&text);
        detail.logs[0].message.clone_from(&text);
        detail.texts[0].text = text.as_str().into();
        detail.call_sites[0].function.clone_from(&text);
        detail.queries[0].values = Some(vec![Value {
            type_name: text.clone(),
            state: ValueState::Bytes(text.clone().into_bytes()),
        }]);
        record.findings[0].title.clone_from(&text);
        store.write(&batch(vec![record.clone()])).await.unwrap();
        assert_eq!(read(store, &record).await, as_kept(&record));
        let filter = RequestFilter {
            route: Some(text.clone()),
            path: Some(format!("{text}*")),
            method: Some(text.clone()),
            ..RequestFilter::default()
        };
        // A text that ends in `*` is a pattern, which matches itself too.
        let found = store.requests(&filter).await.unwrap();
        assert_eq!(found.items, [record.summary], "text {number}");
    }
}

/// A request with 10,000 queries comes back.
pub async fn ten_thousand_queries_come_back(store: &dyn Store) {
    let mut record = request(1, 1);
    add_queries(&mut record, &statement(1, "threads"), 10, 1, 150);
    add_queries(&mut record, &statement(2, "messages"), 20, 9_999, 80);
    store.write(&batch(vec![record.clone()])).await.unwrap();
    assert_eq!(read(store, &record).await, as_kept(&record));
}

/// Every question has an answer when nothing is kept.
pub async fn nothing_is_found_in_an_empty_store(store: &dyn Store) {
    let id = RequestId(Uuid::from_u128(7));
    assert_eq!(store.request(id).await.unwrap(), None);
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    assert_eq!(
        (page.items, page.next, page.total),
        (Vec::new(), None, Some(0))
    );
    assert!(!page.is_partial);
    assert_eq!(store.routes(all_day()).await.unwrap(), []);
    assert_eq!(
        store
            .statements(&StatementFilter::default())
            .await
            .unwrap()
            .items,
        []
    );
    let fingerprint = silk_core::Fingerprint(1);
    assert_eq!(store.statement(fingerprint, all_day()).await.unwrap(), None);
    assert_eq!(store.plans_of_request(id).await.unwrap(), []);
    let size = store.size().await.unwrap();
    assert_eq!((size.requests, size.statements, size.oldest), (0, 0, None));
    store.clear().await.unwrap();
}

/// Plans are found by id, request and statement, newest first.
pub async fn plans_are_kept_and_listed(store: &dyn Store) {
    let (one, other) = (request(1, 1).summary.id, request(2, 2).summary.id);
    let plans = [plan(1, one, 10), plan(2, one, 30), plan(3, other, 20)];
    for plan in &plans {
        store.add_plan(plan).await.unwrap();
        store.add_plan(plan).await.unwrap();
    }
    let [first, second, third] = plans;
    assert_eq!(store.plan(third.id).await.unwrap().as_ref(), Some(&third));
    assert_eq!(
        store.plan(silk_core::PlanId(Uuid::nil())).await.unwrap(),
        None
    );
    assert_eq!(
        store.plans_of_request(one).await.unwrap(),
        [second.clone(), first.clone()]
    );
    let of_statement = store
        .plans_of_statement(first.fingerprint.unwrap(), 2)
        .await
        .unwrap();
    assert_eq!(of_statement, [second, third]);
}

/// Nothing is left after clearing, and what comes then is kept.
pub async fn clear_removes_everything(store: &dyn Store) {
    store.write(&batch(vec![maximal(1)])).await.unwrap();
    store
        .add_plan(&plan(1, maximal(1).summary.id, 1))
        .await
        .unwrap();
    store.clear().await.unwrap();
    nothing_is_found_in_an_empty_store(store).await;
    assert_eq!(
        store.plans_of_request(maximal(1).summary.id).await.unwrap(),
        []
    );
    round_trip_of_every_field(store).await;
}

/// A closed store is opened again by the next call, with all that was in it.
pub async fn closing_loses_nothing(store: &dyn Store) {
    store.close().await.unwrap();
    let (one, other) = (maximal(1), request(2, 6));
    store.write(&batch(vec![one.clone()])).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(read(store, &one).await, as_kept(&one));
    store.write(&batch(vec![other.clone()])).await.unwrap();
    assert_eq!(read(store, &other).await, as_kept(&other));
}

/// A request names its own run, whatever the batch's is.
pub async fn requests_of_other_runs_keep_their_run(store: &dyn Store) {
    let mut record = request(1, 1);
    record.summary.run_id = RunId(Uuid::from_u128(99));
    let batch = WriteBatch {
        id: batch_id(),
        run: run(),
        requests: vec![record.clone()],
        counted: Vec::new(),
        plans: Vec::new(),
        plan_observations: Vec::new(),
    };
    store.write(&batch).await.unwrap();
    assert_eq!(read(store, &record).await, as_kept(&record));
}
