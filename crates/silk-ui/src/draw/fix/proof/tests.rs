//! What is run to prove an offered query.

use silk_core::ValueState;

use super::{
    super::tests::{ONE, record},
    *,
};

fn proof(sql: &str, kind: DatabaseKind, values: &[&[u8]]) -> Result<ProofRequest, NoProof> {
    let record = record(sql, kind, values);
    proof_request(&record, &record.detail.queries.iter().collect::<Vec<_>>())
}

#[test]
fn what_is_proved_is_what_is_offered() {
    let asked = proof(
        "SELECT name FROM person WHERE team = $2 AND id = $1 ORDER BY name",
        DatabaseKind::Postgres,
        &[&[1, 9], &[2, 9], &[1, 9]],
    )
    .unwrap();
    assert_eq!(
        asked.one.sql,
        "SELECT id, name FROM person WHERE team = $2 AND id = ANY($1) ORDER BY name"
    );
    assert_eq!(asked.one.values, [OneValue::Array, OneValue::Shared(1)]);
    assert_eq!((asked.varied, asked.keys.len()), (0, 2));
    assert_eq!(asked.runs, [0, 1, 0]);
    assert_eq!(asked.key_column, KeyColumn::InFront);
    assert!(asked.is_ordered && !asked.is_summed);
    let second = asked.values_of(1).unwrap();
    assert_eq!(second[0].state, ValueState::Bytes(vec![2]));
    assert_eq!(second[1].state, ValueState::Bytes(vec![9]));
}

/// Where there are no arrays, plain placeholders in the order of the text, with the others' values
/// between.
#[test]
fn a_list_has_as_many_placeholders_as_there_are_values() {
    let asked = proof(
        "SELECT count(*) FROM item WHERE kind = $2 AND order_id = $1 AND size > $3",
        DatabaseKind::Sqlite,
        &[&[1, 7, 8], &[2, 7, 8], &[3, 7, 8]],
    )
    .unwrap();
    assert_eq!(
        asked.one.sql,
        "SELECT order_id, count(*) FROM item WHERE kind = ? AND order_id IN (?, ?, ?) \
         AND size > ? GROUP BY order_id"
    );
    assert_eq!(
        asked.one.values,
        [OneValue::Shared(1), OneValue::EachKey, OneValue::Shared(2)]
    );
    assert!(asked.is_summed && !asked.is_ordered);
    let asked = proof(
        "SELECT * FROM item WHERE kind = ? AND order_id = ?",
        DatabaseKind::MySql,
        &[&[7, 1], &[7, 2]],
    )
    .unwrap();
    assert_eq!(
        asked.one.sql,
        "SELECT * FROM item WHERE kind = ? AND order_id IN (?, ?)"
    );
    assert_eq!(asked.one.values, [OneValue::Shared(0), OneValue::EachKey]);
    assert_eq!(asked.key_column, KeyColumn::Named("order_id".to_owned()));
}

#[test]
fn the_key_is_found_by_its_place_or_its_name() {
    for (sql, column) in [
        ("SELECT name, p.id FROM p WHERE p.id = $1", KeyColumn::At(1)),
        (
            "SELECT q.*, p.id FROM p, q WHERE p.id = $1",
            KeyColumn::Named("id".to_owned()),
        ),
        (
            "SELECT * FROM p WHERE \"Id\" = $1",
            KeyColumn::Named("Id".to_owned()),
        ),
        ("SELECT id AS key FROM p WHERE id = $1", KeyColumn::InFront),
    ] {
        let asked = proof(sql, DatabaseKind::Postgres, ONE).unwrap();
        assert_eq!(asked.key_column, column, "{sql}");
    }
}

#[test]
fn nothing_is_proved_that_is_not_offered() {
    let sql = "SELECT * FROM person WHERE id = $1 LIMIT 1";
    let asked = proof(sql, DatabaseKind::Postgres, ONE);
    assert_eq!(asked, Err(NoProof::NoRewrite));
    let sql = "SELECT * FROM person WHERE id = $1";
    let mut record = record(sql, DatabaseKind::Postgres, ONE);
    record.detail.queries[1].values = None;
    let queries: Vec<_> = record.detail.queries.iter().collect();
    assert_eq!(proof_request(&record, &queries), Err(NoProof::NoValues));
}
