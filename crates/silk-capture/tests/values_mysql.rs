//! Values of MySQL and MariaDB.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use silk_capture::sql::values::{RebindError, mysql};
use silk_core::{DatabaseKind, ValueState, value::render};
use sqlx::{
    Arguments as _, MySql, MySqlPool, Row as _,
    mysql::MySqlArguments,
    types::{Json, chrono},
};

fn arguments() -> MySqlArguments {
    let date = chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let mut arguments = MySqlArguments::default();
    arguments.add(-7_i8).unwrap();
    arguments.add(7_i16).unwrap();
    arguments.add(7_i32).unwrap();
    arguments.add(7_i64).unwrap();
    arguments.add(u64::MAX).unwrap();
    arguments.add(1.5_f32).unwrap();
    arguments.add(2.5_f64).unwrap();
    arguments.add(true).unwrap();
    arguments.add("it's").unwrap();
    arguments.add(None::<String>).unwrap();
    arguments.add(vec![0_u8, 255]).unwrap();
    arguments.add("y".repeat(300)).unwrap();
    arguments.add(Json(vec![1, 2])).unwrap();
    arguments.add(date).unwrap();
    arguments
        .add(date.and_hms_micro_opt(1, 2, 3, 4).unwrap())
        .unwrap();
    arguments
        .add(date.and_hms_opt(0, 0, 0).unwrap().and_utc())
        .unwrap();
    arguments
        .add(chrono::NaiveTime::from_hms_opt(1, 2, 3).unwrap())
        .unwrap();
    arguments
}

const TYPES: [&str; 17] = [
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "BIGINT UNSIGNED",
    "FLOAT",
    "DOUBLE",
    "BOOLEAN",
    "VARCHAR",
    "VARCHAR",
    "BLOB",
    "VARCHAR",
    "BINARY",
    "DATE",
    "DATETIME",
    "TIMESTAMP",
    "TIME",
];

#[test]
fn every_type_is_read_as_it_was_bound() {
    let values = mysql::encode(arguments(), 4096);
    let types: Vec<_> = values
        .iter()
        .map(|value| value.type_name.as_str())
        .collect();
    assert_eq!(types, TYPES);
    let bytes = |index: usize| match &values[index].state {
        ValueState::Bytes(bytes) => bytes.as_slice(),
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes(0), [249]);
    assert_eq!(bytes(3), 7_i64.to_le_bytes());
    assert_eq!(bytes(8), b"it's");
    assert_eq!(values[9].state, ValueState::Null);
    assert_eq!(bytes(11).len(), 300);
    assert_eq!(bytes(12), b"[1,2]");
    assert_eq!(bytes(13), [232, 7, 2, 29]);
    assert_eq!(bytes(14).len(), 11);
}

#[test]
fn looking_leaves_the_arguments_as_they_were() {
    let mut looked_at = arguments();
    assert!(mysql::encoded_bytes(&mut looked_at) > 300);
    assert_eq!(format!("{looked_at:?}"), format!("{:?}", arguments()));
}

#[test]
fn long_values_are_cut_and_endless_ones_given_up() {
    let mut arguments = MySqlArguments::default();
    arguments.add("x".repeat(5000)).unwrap();
    let values = mysql::encode(arguments.clone(), 4096);
    assert_eq!(
        values[0].state,
        ValueState::Truncated {
            bytes: vec![b'x'; 4096],
            total_bytes: 5000
        }
    );
    assert!(matches!(
        mysql::rebind(&values),
        Err(RebindError::Truncated(1))
    ));
    arguments.add(vec![7_u8; 3 << 20]).unwrap();
    assert!(
        mysql::encode(arguments, 10)
            .iter()
            .all(|value| value.state == ValueState::Unavailable)
    );
}

async fn pool() -> MySqlPool {
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    MySqlPool::connect(&url).await.unwrap()
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn values_bound_again_are_the_same_to_the_database() {
    let pool = pool().await;
    let columns: Vec<_> = TYPES.iter().map(|_| "hex(?)").collect();
    let sql = format!("select {}", columns.join(", "));
    let again = mysql::rebind(&mysql::encode(arguments(), 4096)).unwrap();
    let mut answers = Vec::new();
    for arguments in [arguments(), again] {
        let query = sqlx::query_with::<MySql, _>(sqlx::AssertSqlSafe(sql.clone()), arguments);
        let row = query.persistent(false).fetch_one(&pool).await.unwrap();
        answers.push(
            (0..row.len())
                .map(|i| row.get::<Option<String>, _>(i))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0][8].is_some() && answers[0][9].is_none());
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn case_10_values_are_shown_as_the_server_prints_them() {
    let bound = || {
        let mut arguments = arguments();
        for number in [
            2.0, -0.5, 0.1, 1e14, 1e15, 1e16, 1.25e300, 1e-5, 1e-10, 1e-16,
        ] {
            arguments.add(number).unwrap();
        }
        arguments.add(Json("b'c")).unwrap();
        arguments
            .add(Json(std::collections::BTreeMap::from([("a", "b'c")])))
            .unwrap();
        arguments
    };
    let values = mysql::encode(bound(), 4096);
    let columns: Vec<_> = values.iter().map(|_| "cast(? as char)").collect();
    let sql = format!("select {}", columns.join(", "));
    let row = sqlx::query_with::<MySql, _>(sqlx::AssertSqlSafe(sql), bound())
        .persistent(false)
        .fetch_one(&pool().await)
        .await
        .unwrap();
    let mut wrong = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let shown = render(value, DatabaseKind::MySql);
        let printed = match value.type_name.as_str() {
            // A boolean is a number to the server, and bytes are no text.
            "BOOLEAN" => "TRUE".to_owned(),
            "BLOB" => "\\x00ff".to_owned(),
            _ => row
                .get::<Option<String>, _>(at)
                .unwrap_or_else(|| "NULL".to_owned()),
        };
        // The server prints as many places of a second as the type it made for the placeholder.
        let is_time = matches!(value.type_name.as_str(), "TIME" | "DATETIME" | "TIMESTAMP");
        let printed = if is_time && printed.contains('.') {
            printed
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        } else {
            printed
        };
        if shown != printed {
            wrong.push(format!("{}: {shown}, not {printed}", value.type_name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
