//! The writer keeps the budget by itself.

#![cfg(feature = "store-sqlite")]

use std::time::{Duration, Instant};

use tower_silk::{Budget, Silk};

#[tokio::test]
async fn what_is_over_the_budget_goes_while_the_app_runs() {
    const KEPT: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let silk = Silk::builder()
        .sqlite(folder.path().join("silk.db"))
        .budget(Budget {
            max_requests: KEPT,
            ..Budget::default()
        })
        .build()
        .await
        .unwrap();
    for n in 0..200 {
        silk.job(format!("job {n}")).run(async {}).await;
    }
    assert!(silk.flush(Duration::from_secs(60)).await);
    assert_eq!(silk.vitals().recorded, 200);
    // The writer looks after it every few seconds.
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let size = silk.store().size().await.unwrap();
        if size.requests <= KEPT {
            break;
        }
        assert!(Instant::now() < until, "{size:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What stayed is the newest.
    let filter = silk_core::store::RequestFilter {
        limit: 500,
        ..Default::default()
    };
    let kept = silk.store().requests(&filter).await.unwrap().items;
    assert!(!kept.is_empty());
    assert!(
        kept.iter().any(|request| request.route == "job 199"),
        "{kept:#?}"
    );
}
