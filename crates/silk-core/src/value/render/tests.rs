use proptest::prelude::*;

use super::*;

fn value(type_name: &str, bytes: &[u8]) -> Value {
    Value {
        type_name: type_name.to_owned(),
        state: ValueState::Bytes(bytes.to_vec()),
    }
}

fn check(kind: DatabaseKind, type_name: &str, bytes: &[u8], text: &str, sql: &str) {
    let value = value(type_name, bytes);
    assert_eq!(render(&value, kind), text, "{type_name}");
    assert_eq!(
        to_sql_literal(&value, kind).as_deref(),
        Some(sql),
        "{type_name}"
    );
}

#[test]
fn postgres_values_are_read() {
    let check = |type_name, bytes: &[u8], text, sql| {
        check(DatabaseKind::Postgres, type_name, bytes, text, sql);
    };
    check("INT2", &[0xff, 0xfe], "-2", "-2");
    check("INT4", &42_i32.to_be_bytes(), "42", "42");
    check(
        "INT8",
        &i64::MIN.to_be_bytes(),
        "-9223372036854775808",
        "-9223372036854775808",
    );
    check("FLOAT8", &1.5_f64.to_be_bytes(), "1.5", "'1.5'::float8");
    check("FLOAT8", &f64::NAN.to_be_bytes(), "NaN", "'NaN'::float8");
    check(
        "FLOAT4",
        &f32::INFINITY.to_be_bytes(),
        "Infinity",
        "'Infinity'::float4",
    );
    check("BOOL", &[1], "true", "true");
    check("TEXT", "o'brien".as_bytes(), "o'brien", "'o''brien'");
    check("JSONB", b"\x01{\"a\":1}", "{\"a\":1}", "'{\"a\":1}'::jsonb");
    check(
        "UUID",
        &[0x11; 16],
        "11111111-1111-1111-1111-111111111111",
        "'11111111-1111-1111-1111-111111111111'::uuid",
    );
    check(
        "DATE",
        &(-1_i32).to_be_bytes(),
        "1999-12-31",
        "'1999-12-31'::date",
    );
    check(
        "DATE",
        &i32::MAX.to_be_bytes(),
        "infinity",
        "'infinity'::date",
    );
    check(
        "TIMESTAMP",
        &1_500_000_i64.to_be_bytes(),
        "2000-01-01 00:00:01.5",
        "'2000-01-01 00:00:01.5'::timestamp",
    );
    check(
        "TIMESTAMPTZ",
        &0_i64.to_be_bytes(),
        "2000-01-01 00:00:00+00",
        "'2000-01-01 00:00:00+00'::timestamptz",
    );
    check(
        "TIME",
        &3_723_000_001_i64.to_be_bytes(),
        "01:02:03.000001",
        "'01:02:03.000001'::time",
    );
    check(
        "TIMETZ",
        &[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xf1, 0xf0],
        "00:00:00+01",
        "'00:00:00+01'::timetz",
    );
    let interval: Vec<u8> = [
        &1_000_000_i64.to_be_bytes()[..],
        &3_i32.to_be_bytes(),
        &14_i32.to_be_bytes(),
    ]
    .concat();
    check(
        "INTERVAL",
        &interval,
        "1 year 2 mons 3 days 00:00:01",
        "'1 year 2 mons 3 days 00:00:01'::interval",
    );
    check("BYTEA", &[0xde, 0xad], "\\xdead", "'\\xdead'::bytea");
    check(
        "INET",
        &[2, 32, 0, 4, 127, 0, 0, 1],
        "127.0.0.1",
        "'127.0.0.1'::inet",
    );
    check(
        "CIDR",
        &[2, 8, 1, 4, 10, 0, 0, 0],
        "10.0.0.0/8",
        "'10.0.0.0/8'::cidr",
    );
    check("mood", b"happy", "happy", "'happy'");
}

#[test]
fn postgres_numerics_are_read() {
    let numeric = |weight: i16, sign: u16, scale: i16, digits: &[i16]| {
        let mut bytes = i16::try_from(digits.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(scale.to_be_bytes());
        bytes.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
        render(&value("NUMERIC", &bytes), DatabaseKind::Postgres)
    };
    assert_eq!(numeric(1, 0, 2, &[12, 3456, 7800]), "123456.78");
    assert_eq!(numeric(0, 0x4000, 0, &[5]), "-5");
    assert_eq!(numeric(-2, 0, 8, &[12]), "0.00000012");
    assert_eq!(numeric(-1, 0, 4, &[100]), "0.0100");
    assert_eq!(numeric(2, 0, 0, &[1]), "100000000");
    assert_eq!(numeric(0, 0, 2, &[]), "0.00");
    assert_eq!(numeric(0, 0xC000, 0, &[]), "NaN");
}

#[test]
fn postgres_arrays_are_read() {
    let mut bytes: Vec<u8> = [1_i32, 1, 25, 3, 1]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .collect();
    for part in ["a b", "x"] {
        bytes.extend(i32::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes.extend((-1_i32).to_be_bytes());
    check(
        DatabaseKind::Postgres,
        "TEXT[]",
        &bytes,
        "{\"a b\",x,NULL}",
        "'{\"a b\",x,NULL}'::text[]",
    );
    // A length that no value has.
    let hostile: Vec<u8> = [1_i32, 0, 25, i32::MAX, 1]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .collect();
    assert!(render(&value("TEXT[]", &hostile), DatabaseKind::Postgres).starts_with("\\x"));
    let hostile: Vec<u8> = [3_i32, 0, 25, i32::MAX, 1, i32::MAX, 1, 0, 1]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .collect();
    assert!(render(&value("TEXT[]", &hostile), DatabaseKind::Postgres).starts_with("\\x"));
}

#[test]
fn mysql_values_are_read() {
    let check = |type_name, bytes: &[u8], text, sql| {
        check(DatabaseKind::MySql, type_name, bytes, text, sql);
    };
    check("BIGINT", &(-7_i64).to_le_bytes(), "-7", "-7");
    check(
        "BIGINT UNSIGNED",
        &u64::MAX.to_le_bytes(),
        "18446744073709551615",
        "18446744073709551615",
    );
    check("TINYINT", &[0xff], "-1", "-1");
    check("BOOLEAN", &[1], "TRUE", "TRUE");
    check("DOUBLE", &0.25_f64.to_le_bytes(), "0.25", "0.25");
    check("VARCHAR", b"\x05a'b\\c", "a'b\\c", "'a''b\\\\c'");
    check("VARCHAR", b"plain", "plain", "'plain'");
    check("DECIMAL", b"\x0412.5", "12.5", "12.5");
    check("BLOB", b"\x02\xde\xad", "\\xdead", "X'dead'");
    check(
        "DATE",
        &[4, 0xe8, 0x07, 2, 29],
        "2024-02-29",
        "'2024-02-29'",
    );
    check(
        "DATETIME",
        &[7, 0xe8, 0x07, 2, 29, 1, 2, 3],
        "2024-02-29 01:02:03",
        "'2024-02-29 01:02:03'",
    );
    check(
        "TIMESTAMP",
        &[11, 0xe8, 0x07, 2, 29, 1, 2, 3, 0x40, 0x42, 0x0f, 0],
        "2024-02-29 01:02:04",
        "'2024-02-29 01:02:04'",
    );
    check(
        "TIME",
        &[8, 1, 1, 0, 0, 0, 1, 2, 3],
        "-25:02:03",
        "'-25:02:03'",
    );
}

#[test]
fn sqlite_values_are_read() {
    let check = |type_name, bytes: &[u8], text, sql| {
        check(DatabaseKind::Sqlite, type_name, bytes, text, sql);
    };
    check("INTEGER", &5_i64.to_le_bytes(), "5", "5");
    check("REAL", &1.0_f64.to_le_bytes(), "1.0", "1.0");
    check("TEXT", "é".as_bytes(), "é", "'é'");
    check("BLOB", &[0, 1], "\\x0001", "X'0001'");
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let kind = DatabaseKind::Postgres;
    let unknown = value("POINT", &[0; 100]);
    assert_eq!(render(&unknown, kind), format!("\\x{}…", "00".repeat(64)));
    assert_eq!(to_sql_literal(&unknown, kind), None);
    let redacted = Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Redacted,
    };
    assert_eq!(
        (
            render(&redacted, kind).as_str(),
            to_sql_literal(&redacted, kind)
        ),
        ("[redacted]", None)
    );
    let cut = Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Truncated {
            bytes: b"abc\xc3".to_vec(),
            total_bytes: 9,
        },
    };
    assert_eq!(
        (render(&cut, kind).as_str(), to_sql_literal(&cut, kind)),
        ("abc…", None)
    );
    assert_eq!(to_sql_literal(&value("TEXT", b"a\0b"), kind), None);
    let null = Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Null,
    };
    assert_eq!(to_sql_literal(&null, kind).as_deref(), Some("NULL"));
}

proptest! {
    #[test]
    fn any_bytes_can_be_rendered(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        name in prop::sample::select(vec![
            "INT4", "INT4[]", "TEXT[]", "_NUMERIC", "NUMERIC", "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "INET",
            "JSONB", "UUID", "DECIMAL", "VARCHAR", "DATETIME", "BIGINT UNSIGNED", "BOOLEAN", "TEXT", "REAL", "INTEGER", "BLOB", "what",
            "INT4RANGE", "NUMRANGE", "DATERANGE", "INT8MULTIRANGE", "MONEY", "VARBIT", "BIT", "\"CHAR\"", "\"CHAR\"[]", "POINT", "BOX", "PATH", "POLYGON",
            "CIRCLE", "CUBE", "HSTORE", "LTREE", "RECORD", "RECORD[]", "MACADDR8", "TID", "PG_LSN", "JSON[]", "BINARY", "DOUBLE", "FLOAT8", "FLOAT4[]",
        ]),
        kind in prop::sample::select(DatabaseKind::ALL),
        total in any::<u64>(),
    ) {
        let whole = value(name, &bytes);
        let _ = (render(&whole, kind), to_sql_literal(&whole, kind));
        let cut = Value { type_name: name.to_owned(), state: ValueState::Truncated { bytes, total_bytes: total } };
        let _ = render(&cut, kind);
    }

    #[test]
    fn text_comes_back_from_its_literal(text in "[^\0]{0,40}") {
        let literal = to_sql_literal(&value("TEXT", text.as_bytes()), DatabaseKind::Postgres).unwrap();
        prop_assert_eq!(literal[1..literal.len() - 1].replace("''", "'"), text);
    }
}
