//! The contract, over the store in memory.

use silk_core::{Store, store::Budget};
use silk_store::{
    MemoryStore,
    contract::fixture::{batch, request},
};

fn empty(_: &str) -> (MemoryStore, ()) {
    (
        MemoryStore::new(Budget {
            max_bytes: 1 << 30,
            ..MemoryStore::DEFAULT_BUDGET
        }),
        (),
    )
}

silk_store::contract_tests!(empty);

#[tokio::test]
async fn it_keeps_to_its_budget_with_every_write() {
    let store = MemoryStore::new(Budget {
        max_requests: 5,
        ..MemoryStore::DEFAULT_BUDGET
    });
    let records = (0..20).map(|number| request(number, 1)).collect();
    store.write(&batch(records)).await.unwrap();
    assert_eq!(store.size().await.unwrap().requests, 5);
    let small = MemoryStore::new(Budget {
        max_bytes: 5000,
        ..MemoryStore::DEFAULT_BUDGET
    });
    for number in 0..20 {
        small.write(&batch(vec![request(number, 1)])).await.unwrap();
        assert!(small.size().await.unwrap().bytes <= 5000);
    }
    assert!(small.size().await.unwrap().requests > 0);
}
