//! Values of PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use silk_capture::sql::values::{RebindError, postgres};
use silk_core::{Value, ValueState};
use sqlx::{
    Arguments as _, Executor as _, PgPool, Postgres, Row as _,
    postgres::PgArguments,
    types::{Json, Uuid, chrono},
};

/// An enumeration of the database, by name.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::Type)]
#[sqlx(type_name = "silk_mood", rename_all = "lowercase")]
enum Mood {
    Glad,
}

fn arguments() -> PgArguments {
    let mut arguments = PgArguments::default();
    arguments.add(7_i16).unwrap();
    arguments.add(7_i32).unwrap();
    arguments.add(7_i64).unwrap();
    arguments.add(1.5_f32).unwrap();
    arguments.add(2.5_f64).unwrap();
    arguments.add(true).unwrap();
    arguments.add("it's").unwrap();
    arguments.add(None::<String>).unwrap();
    arguments.add(vec![0_u8, 255]).unwrap();
    arguments.add(vec![1_i64, 2]).unwrap();
    arguments.add(vec!["a".to_owned()]).unwrap();
    arguments.add(Json(vec![1, 2])).unwrap();
    arguments.add(Uuid::from_u128(5)).unwrap();
    arguments
        .add(chrono::DateTime::<chrono::Utc>::UNIX_EPOCH)
        .unwrap();
    arguments
        .add(chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap())
        .unwrap();
    arguments.add(Mood::Glad).unwrap();
    arguments.add(vec![Mood::Glad, Mood::Glad]).unwrap();
    arguments
}

const TYPES: [&str; 17] = [
    "INT2",
    "INT4",
    "INT8",
    "FLOAT4",
    "FLOAT8",
    "BOOL",
    "TEXT",
    "TEXT",
    "BYTEA",
    "INT8[]",
    "TEXT[]",
    "JSONB",
    "UUID",
    "TIMESTAMPTZ",
    "DATE",
    "silk_mood",
    "silk_mood[]",
];

#[test]
fn every_type_is_read_as_it_was_bound() {
    let values = postgres::encode(arguments(), 4096);
    let types: Vec<_> = values
        .iter()
        .map(|value| value.type_name.as_str())
        .collect();
    assert_eq!(types, TYPES);
    assert_eq!(
        values[1].state,
        ValueState::Bytes(7_i32.to_be_bytes().to_vec())
    );
    assert_eq!(values[6].state, ValueState::Bytes(b"it's".to_vec()));
    assert_eq!(values[7].state, ValueState::Null);
    assert_eq!(values[15].state, ValueState::Bytes(b"glad".to_vec()));
    assert!(postgres::lacks_element_type(&values[16]));
    assert!(!postgres::lacks_element_type(&values[9]));
}

#[test]
fn looking_leaves_the_arguments_as_they_were() {
    let mut looked_at = arguments();
    assert!(postgres::encoded_bytes(&mut looked_at) > 100);
    assert_eq!(format!("{looked_at:?}"), format!("{:?}", arguments()));
}

#[test]
fn long_values_are_cut() {
    let mut arguments = PgArguments::default();
    arguments.add("x".repeat(5000)).unwrap();
    arguments.add(1_i32).unwrap();
    let values = postgres::encode(arguments, 4096);
    assert_eq!(
        values[0].state,
        ValueState::Truncated {
            bytes: vec![b'x'; 4096],
            total_bytes: 5000
        }
    );
    assert_eq!(
        values[1].state,
        ValueState::Bytes(1_i32.to_be_bytes().to_vec())
    );
    assert!(matches!(
        postgres::rebind(&values, |_| None),
        Err(RebindError::Truncated(1))
    ));
}

#[test]
fn unknown_types_are_not_bound_again() {
    let mood = [Value {
        type_name: "silk_mood".into(),
        state: ValueState::Bytes(b"glad".to_vec()),
    }];
    assert!(matches!(
        postgres::rebind(&mood, |_| None),
        Err(RebindError::Unavailable(1))
    ));
    assert!(postgres::rebind(&mood, |_| Some(70_000)).is_ok());
}

async fn pool() -> PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let pool = PgPool::connect(&url).await.unwrap();
    // Tests share the database, and creating the same thing twice at once fails.
    pool.execute(
        "select pg_advisory_xact_lock(4711);
         do $$ begin create type silk_mood as enum ('sad', 'glad');
         exception when duplicate_object then null; end $$",
    )
    .await
    .unwrap();
    pool
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn values_bound_again_are_the_same_to_the_database() {
    let pool = pool().await;
    let columns: Vec<_> = (1..=TYPES.len())
        .map(|n| format!("${n}::text || pg_typeof(${n})::text"))
        .collect();
    let sql = format!("select {}", columns.join(", "));
    let oid: i64 = sqlx::query_scalar("select 'silk_mood'::regtype::oid::int8")
        .fetch_one(&pool)
        .await
        .unwrap();
    let array: i64 = sqlx::query_scalar("select 'silk_mood[]'::regtype::oid::int8")
        .fetch_one(&pool)
        .await
        .unwrap();
    let oid_of = |name: &str| match name {
        "silk_mood" => u32::try_from(oid).ok(),
        "silk_mood[]" => u32::try_from(array).ok(),
        _ => None,
    };
    let again = postgres::rebind(&postgres::encode(arguments(), 4096), oid_of).unwrap();
    let mut answers = Vec::new();
    for arguments in [arguments(), again] {
        let query = sqlx::query_with::<Postgres, _>(sqlx::AssertSqlSafe(sql.clone()), arguments);
        let row = query.fetch_one(&pool).await.unwrap();
        answers.push(
            (0..row.len())
                .map(|i| row.get::<Option<String>, _>(i))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][16].as_deref(), Some("{glad,glad}silk_mood[]"));
}
