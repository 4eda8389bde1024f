//! Values of SQLite: read out of the driver's arguments, and bound again as they were.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use silk_capture::sql::values::{RebindError, sqlite};
use silk_core::{DatabaseKind, Value, ValueState, value::render};
use sqlx::{Arguments as _, Row as _, Sqlite, sqlite::SqliteArguments};

fn value(type_name: &str, bytes: &[u8]) -> Value {
    Value {
        type_name: type_name.to_owned(),
        state: ValueState::Bytes(bytes.to_vec()),
    }
}

fn arguments() -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    arguments.add(7_i32).unwrap();
    arguments.add(i64::MIN).unwrap();
    arguments.add(true).unwrap();
    arguments.add(1.0e300_f64).unwrap();
    arguments.add(-0.0_f64).unwrap();
    arguments
        .add("it's \"q\", [x]) }\n\t\\ \u{7f}\u{1F600} é \u{200b}")
        .unwrap();
    arguments.add(String::new()).unwrap();
    arguments.add(vec![0_u8, 1, 255]).unwrap();
    arguments.add(Vec::<u8>::new()).unwrap();
    arguments.add(None::<String>).unwrap();
    arguments.add(uuid::Uuid::from_u128(5)).unwrap();
    arguments.add(sqlx::types::Json(vec![1, 2])).unwrap();
    arguments
}

#[test]
fn every_type_is_read_as_it_was_bound() {
    let values = sqlite::encode(&arguments(), 4096);
    assert_eq!(
        values,
        [
            value("INTEGER", &7_i64.to_le_bytes()),
            value("INTEGER", &i64::MIN.to_le_bytes()),
            value("INTEGER", &1_i64.to_le_bytes()),
            value("REAL", &1.0e300_f64.to_le_bytes()),
            value("REAL", &(-0.0_f64).to_le_bytes()),
            value(
                "TEXT",
                "it's \"q\", [x]) }\n\t\\ \u{7f}\u{1F600} é \u{200b}".as_bytes()
            ),
            value("TEXT", b""),
            value("BLOB", &[0, 1, 255]),
            value("BLOB", &[]),
            Value {
                type_name: "NULL".into(),
                state: ValueState::Null
            },
            value("BLOB", uuid::Uuid::from_u128(5).as_bytes()),
            value("TEXT", b"[1,2]"),
        ]
    );
    assert_eq!(render(&values[0], DatabaseKind::Sqlite), "7");
}

#[test]
fn nothing_bound_is_nothing_read() {
    assert!(sqlite::encode(&SqliteArguments::default(), 10).is_empty());
}

#[test]
fn long_values_are_cut_and_endless_ones_given_up() {
    let mut arguments = SqliteArguments::default();
    arguments.add("x".repeat(5000)).unwrap();
    let values = sqlite::encode(&arguments, 4096);
    assert_eq!(
        values[0].state,
        ValueState::Truncated {
            bytes: vec![b'x'; 4096],
            total_bytes: 5000
        }
    );
    arguments.add(vec![200_u8; 3 << 20]).unwrap();
    let values = sqlite::encode(&arguments, 4096);
    assert_eq!(values.len(), 2);
    assert!(
        values
            .iter()
            .all(|value| value.state == ValueState::Unavailable)
    );
}

#[tokio::test]
async fn values_bound_again_are_the_same_to_the_database() {
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    let sql = "select hex(cast(?1 as blob)) || typeof(?1), hex(cast(?2 as blob)) || typeof(?2), \
               hex(cast(?3 as blob)) || typeof(?3), hex(?4) || typeof(?4), hex(?5) || typeof(?5), \
               hex(?6) || typeof(?6), hex(?7) || typeof(?7), hex(?8) || typeof(?8), \
               hex(?9) || typeof(?9), hex(?10) || typeof(?10), hex(?11) || typeof(?11), \
               hex(?12) || typeof(?12)";
    let again = sqlite::rebind(&sqlite::encode(&arguments(), 4096)).unwrap();
    let mut answers = Vec::new();
    for arguments in [arguments(), again] {
        let row = sqlx::query_with::<Sqlite, _>(sql, arguments)
            .fetch_one(&pool)
            .await
            .unwrap();
        answers.push(
            (0..row.len())
                .map(|i| row.get::<String, _>(i))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn what_is_not_whole_is_not_bound_again() {
    let with = |state| {
        [
            value("INTEGER", &1_i64.to_le_bytes()),
            Value {
                type_name: "TEXT".into(),
                state,
            },
        ]
    };
    assert!(matches!(
        sqlite::rebind(&with(ValueState::Redacted)),
        Err(RebindError::Redacted(2))
    ));
    assert!(matches!(
        sqlite::rebind(&with(ValueState::Unavailable)),
        Err(RebindError::Unavailable(2))
    ));
    let cut = ValueState::Truncated {
        bytes: vec![],
        total_bytes: 9,
    };
    assert!(matches!(
        sqlite::rebind(&with(cut)),
        Err(RebindError::Truncated(2))
    ));
    assert!(matches!(
        sqlite::rebind(&[value("INTEGER", &[1])]),
        Err(RebindError::Unavailable(1))
    ));
    assert!(matches!(
        sqlite::rebind(&[value("TEXT", &[0xFF])]),
        Err(RebindError::Unavailable(1))
    ));
    assert!(matches!(
        sqlite::rebind(&[value("INT4", &[1])]),
        Err(RebindError::Unavailable(1))
    ));
}
