//! What a page shows of a value is what PostgreSQL itself prints of it.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use silk_capture::sql::values::postgres;
use silk_core::{
    DatabaseKind, Value, ValueState,
    value::{render, to_sql_literal},
};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection,
    Postgres, Row as _, TypeInfo as _,
    postgres::{
        PgArguments,
        types::{
            PgBox, PgCiText, PgCircle, PgCube, PgHstore, PgInterval, PgLQuery, PgLSeg, PgLTree,
            PgLine, PgMoney, PgPath, PgPoint, PgPolygon, PgRange,
        },
    },
    types::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc},
};

/// A type, and values of it as SQL reads them.
type Samples = (&'static str, &'static [&'static str]);

const SAMPLES: &[Samples] = &[
    ("bool", &["t", "f"]),
    ("bool[]", &["{t,f,NULL}"]),
    ("int2", &["-32768", "0", "32767"]),
    ("int4", &["-2147483648", "7"]),
    ("int8", &["-9223372036854775808", "9223372036854775807"]),
    ("oid", &["0", "4294967295"]),
    (
        "float4",
        &[
            "0",
            "-0",
            "1.5",
            "3.1415927",
            "1e6",
            "999999",
            "1e-4",
            "1e-5",
            "3.4e38",
            "1e-45",
            "NaN",
            "Infinity",
            "-Infinity",
            "16777216",
        ],
    ),
    (
        "float8",
        &[
            "0",
            "-0",
            "2",
            "1.5",
            "0.1",
            "1e15",
            "123456789012345",
            "999999999999999",
            "1e-4",
            "0.00001",
            "1.7976931348623157e308",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "-1.50",
            "123456789012345678901234567890.123",
            "1e-20",
            "NaN",
            "Infinity",
        ],
    ),
    (
        "money",
        &["123.45", "-0.05", "47023949214272899.28", "0", "1000"],
    ),
    ("text", &["", "it's", "a\"b", "{x}", "é\n🦀"]),
    ("varchar", &["x y"]),
    ("char(4)", &["ab"]),
    ("\"char\"", &["a", "", "'"]),
    ("name", &["a_name"]),
    ("citext", &["MiXed"]),
    ("bytea", &["\\x", "\\xdeadbeef"]),
    ("uuid", &["11111111-2222-3333-4444-555555555555"]),
    ("json", &["{\"a\": 1}"]),
    ("jsonb", &["{\"b\": [1, null, \"x\"]}", "3"]),
    ("jsonpath", &["$.\"a\"[*]"]),
    ("jsonb[]", &["{\"{\\\"a\\\": \\\"b c\\\"}\",NULL}"]),
    ("xml", &["<a>1</a>"]),
    (
        "date",
        &[
            "2024-02-29",
            "1999-12-31",
            "0001-01-01",
            "0045-03-15 BC",
            "0001-12-31 BC",
            "4713-01-01 BC",
            "12345-06-07",
            "5874897-12-31",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "time",
        &["00:00:00", "23:59:59.999999", "24:00:00", "04:05:06.1"],
    ),
    (
        "timetz",
        &[
            "04:05:06+00",
            "04:05:06.5+05:30",
            "04:05:06-08",
            "04:05:06+01:02:03",
            "24:00:00-15:59:59",
        ],
    ),
    (
        "timestamp",
        &[
            "2024-02-29 12:34:56.789",
            "1969-12-31 23:59:59.999999",
            "0045-03-15 01:00:00 BC",
            "12345-06-07 00:00:00",
            "infinity",
        ],
    ),
    (
        "timestamptz",
        &[
            "1970-01-01 00:00:00+00",
            "0045-03-15 01:02:03.4+00 BC",
            "-infinity",
        ],
    ),
    (
        "interval",
        &[
            "0",
            "1 year 2 mons 3 days 04:05:06",
            "-1 days +02:03:00",
            "-1 year 2 mons -3 days 04:05:06.07",
            "1 mon -1 days",
            "-04:05:06",
            "1 day",
            "1000000 hours",
            "-1 mon",
            "11 mons 30 days 23:59:59.999999",
        ],
    ),
    ("interval[]", &["{1 day,\"-1 days +00:00:01\"}"]),
    (
        "inet",
        &[
            "127.0.0.1",
            "10.0.0.0/8",
            "::1",
            "2001:db8::/32",
            "::ffff:1.2.3.4",
        ],
    ),
    ("cidr", &["10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("bit(8)", &["10100101"]),
    ("bit(3)", &["101"]),
    ("varbit", &["", "1", "101001011"]),
    ("varbit[]", &["{101,1}"]),
    ("point", &["(1.5,-2)", "(1e300,0)"]),
    ("line", &["{1,-2,3}"]),
    ("lseg", &["[(1,2),(3,4)]"]),
    ("box", &["(3,4),(1,2)", "(1,2),(3,4)"]),
    ("box[]", &["{(3,4),(1,2);(5,6),(0,0)}"]),
    ("path", &["((1,2),(3,4))", "[(1,2),(3,4)]"]),
    ("polygon", &["((1,2),(3,4),(5,6))"]),
    ("circle", &["<(1,2),3.5>"]),
    ("circle[]", &["{\"<(1,2),3>\"}"]),
    (
        "int4range",
        &[
            "[1,5)", "[1,5]", "(1,5]", "empty", "(,5)", "[1,)", "(,)", "[1,1]", "[1,1)",
        ],
    ),
    ("int8range", &["[1,5]", "(9223372036854775806,)"]),
    ("numrange", &["[1.5,2.50]", "(1,1]", "[1,1]", "(,2)"]),
    (
        "daterange",
        &[
            "[2024-01-01,2024-02-29]",
            "[0045-03-15 BC,)",
            "[-infinity,infinity]",
        ],
    ),
    ("tsrange", &["[2024-01-01 00:00:00,2024-02-29 01:02:03.5)"]),
    ("tstzrange", &["[\"1970-01-01 00:00:00+00\",)"]),
    ("int4range[]", &["{\"[1,5)\",empty,NULL}"]),
    ("int4multirange", &["{}", "{[1,3),[5,7)}"]),
    ("datemultirange", &["{[2024-01-01,2024-01-02)}"]),
    (
        "silk_shown_row",
        &["(7,\"x,y\")", "(,\"\")", "(1,\"a\"\"b\\\\c\")", "(2,null)"],
    ),
    (
        "silk_shown_nest",
        &["(\"(7,\"\"x y\"\")\",\"{1,2}\",t)", "(,,)"],
    ),
    ("silk_shown_row[]", &["{\"(7,\\\"x y\\\")\",NULL}"]),
    ("silk_shown_mood", &["glad"]),
    ("silk_shown_mood[]", &["{glad,sad}"]),
    (
        "hstore",
        &[
            "",
            "\"a\"=>\"b\"",
            "\"bb\"=>NULL, \"a\"=>\"x \\\"y\\\" \\\\z\"",
        ],
    ),
    ("ltree", &["a.b.c", ""]),
    ("lquery", &["*.b.*"]),
    ("cube", &["(1, 2)", "(1, 2),(3, 4)", "(1, 2),(1, 2)"]),
    (
        "int4[]",
        &[
            "{}",
            "{1,NULL,3}",
            "{{1,2},{3,4}}",
            "[0:1]={5,6}",
            "[2:2][3:4]={{1,2}}",
        ],
    ),
    (
        "text[]",
        &["{a,\"b c\",\"\",\"null\",\"x\\\"y\\\\z\",NULL,\"{\",\"a,b\"}"],
    ),
    ("numeric[]", &["{1.50,NaN}"]),
    ("bytea[]", &["{\"\\\\xdead\"}"]),
    ("tid", &["(4294967295,65535)"]),
    ("pg_lsn", &["16/B374D848"]),
    ("xid8", &["18446744073709551615"]),
];

async fn connect(variable: &str) -> PgConnection {
    let url = std::env::var(variable).expect("it names a server: run cargo xtask test");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // Tests share the database, and making the same thing twice at once fails.
    connection
        .execute(
            "begin;
             select pg_advisory_xact_lock(4712);
             create extension if not exists hstore;
             create extension if not exists ltree;
             create extension if not exists cube;
             create extension if not exists citext;
             do $$ begin
                 create type silk_shown_mood as enum ('sad', 'glad');
                 create type silk_shown_row as (a int4, b text);
                 create type silk_shown_nest as (r silk_shown_row, n int8[], f bool);
             exception when duplicate_object then null; end $$;
             commit;
             set timezone = 'UTC';
             set lc_monetary = 'C'",
        )
        .await
        .unwrap();
    connection
}

fn shown(value: &Value) -> String {
    render(value, DatabaseKind::Postgres)
}

/// Case 10 of the pool: types shown as raw bytes, or as wrong text.
async fn every_type_is_shown_as_the_server_prints_it(variable: &str) {
    let mut connection = connect(variable).await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (type_name, samples) in SAMPLES {
        for sample in *samples {
            count += 1;
            let literal = format!("'{}'::{type_name}", sample.replace('\'', "''"));
            // sqlx cannot read the type of a column of a set of ranges; the bytes it can.
            let (sent, name) = match type_name.split_once("multirange") {
                Some(_) => ("multirange_send(v)".to_owned(), type_name.to_uppercase()),
                None => ("v".to_owned(), String::new()),
            };
            let sql = format!("select {sent}, v::text from (select {literal} as v) t");
            let row = sqlx::query(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            let raw = row.try_get_raw(0).unwrap();
            let value = Value {
                type_name: if name.is_empty() {
                    row.column(0).type_info().name().to_owned()
                } else {
                    name
                },
                state: ValueState::Bytes(raw.as_bytes().unwrap().to_vec()),
            };
            // A cast to text takes the blanks of char(n) away, and the value has them.
            let printed = row.get::<String, _>(1);
            let text = shown(&value);
            let is_same = if type_name.starts_with("char(") {
                text.trim_end() == printed
            } else if *type_name == "inet" {
                // Only the cast to text names the mask of a single address.
                text == printed || [format!("{text}/32"), format!("{text}/128")].contains(&printed)
            } else {
                text == printed
            };
            if !is_same {
                wrong.push(format!(
                    "{type_name} ({}): {text}, not {printed}",
                    value.type_name
                ));
                continue;
            }
            // And what is offered for copying means the same value.
            let Some(literal) = to_sql_literal(&value, DatabaseKind::Postgres) else {
                wrong.push(format!("{type_name} {sample}: no literal"));
                continue;
            };
            let sql = format!("select ({literal})::{type_name}::text, pg_typeof({literal})::text");
            let again = sqlx::query(AssertSqlSafe(sql.clone()))
                .fetch_one(&mut connection)
                .await;
            let again = again.map(|row| row.get::<String, _>(0));
            if again.as_deref().ok() != Some(printed.as_str()) {
                wrong.push(format!("{type_name}: {sql} gives {again:?}, not {printed}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_10_types_are_shown_as_the_server_prints_them() {
    every_type_is_shown_as_the_server_prints_it("SILK_TEST_POSTGRES").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_10_types_are_shown_as_the_newest_server_prints_them() {
    every_type_is_shown_as_the_server_prints_it("SILK_TEST_POSTGRES_NEWEST").await;
}

#[derive(Debug, Clone, sqlx::Type)]
#[sqlx(type_name = "silk_shown_row")]
struct ShownRow {
    a: i32,
    b: String,
}

#[derive(Debug, Clone, sqlx::Type)]
#[sqlx(type_name = "silk_shown_mood", rename_all = "lowercase")]
enum ShownMood {
    Glad,
}

/// What sqlx's own types bind, which is not all that the server sends.
fn bound() -> PgArguments {
    let point = |x, y| PgPoint { x, y };
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let mut arguments = PgArguments::default();
    macro_rules! add {
        ($($value:expr),* $(,)?) => { $(arguments.add($value).unwrap();)* };
    }
    add!(
        true,
        65_i8,
        -3_i8,
        7_i16,
        7_i32,
        7_i64,
        1.5_f32,
        1e20_f64,
        "it's",
        PgMoney(12_345),
        PgMoney(0x4142_4344_4546_4748),
        vec![PgMoney(5), PgMoney(-5)],
        PgRange::from(1..5),
        PgRange::from(1..=5_i64),
        PgRange::from(..5_i32),
        PgRange::from(date(2024, 1, 1)..=date(2024, 2, 29)),
        PgRange::from(DateTime::<Utc>::UNIX_EPOCH..),
        vec![PgRange::from(1..5), PgRange::from(7..=7)],
        PgInterval {
            months: 14,
            days: -3,
            microseconds: 1_000_000
        },
        PgHstore::from_iter(
            [("bb", Some("1")), ("a", None)].map(|(k, v)| (k.to_owned(), v.map(str::to_owned)))
        ),
        PgLTree::try_from_iter(["a", "b", "c"]).unwrap(),
        "*.b.*".parse::<PgLQuery>().unwrap(),
        PgCube::MultiDimension(vec![vec![1.0, 2.0], vec![3.0, 4.0]]),
        PgCube::Point(2.5),
        point(1.5, -2.0),
        PgLine {
            a: 1.0,
            b: -2.0,
            c: 3.0
        },
        PgLSeg {
            start_x: 1.0,
            start_y: 2.0,
            end_x: 3.0,
            end_y: 4.0
        },
        PgBox {
            upper_right_x: 3.0,
            upper_right_y: 4.0,
            lower_left_x: 1.0,
            lower_left_y: 2.0
        },
        PgPath {
            closed: true,
            points: vec![point(1.0, 2.0), point(3.0, 4.0)]
        },
        PgPolygon {
            points: vec![point(1.0, 2.0), point(3.0, 4.0)]
        },
        PgCircle {
            x: 1.0,
            y: 2.0,
            radius: 3.0
        },
        PgCiText("MiXed".to_owned()),
        ShownRow {
            a: 7,
            b: "x,y".to_owned()
        },
        ShownMood::Glad,
        vec![ShownMood::Glad],
        date(-44, 3, 15),
        date(12_345, 6, 7),
        date(-44, 3, 15).and_hms_opt(1, 2, 3).unwrap(),
        NaiveTime::from_hms_micro_opt(1, 2, 3, 400_000).unwrap(),
        DateTime::<Utc>::UNIX_EPOCH + std::time::Duration::from_micros(1_500_000),
        NaiveDateTime::default(),
        sqlx::types::Json("x"),
        sqlx::types::Uuid::from_u128(5),
        vec![0_u8, 255],
        vec!["a b".to_owned(), "null".to_owned()],
        vec![Some(1_i64), None],
        vec![true, false],
    );
    arguments
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_10_what_sqlx_binds_is_shown_as_the_server_prints_it() {
    let mut connection = connect("SILK_TEST_POSTGRES").await;
    let values = postgres::encode(bound(), 4_096);
    let columns: Vec<String> = (1..=values.len()).map(|n| format!("${n}::text")).collect();
    let sql = format!("select {}", columns.join(", "));
    let row = sqlx::query_with::<Postgres, _>(AssertSqlSafe(sql), bound())
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let wrong: Vec<String> = values
        .iter()
        .enumerate()
        .filter_map(|(at, value)| {
            let (text, printed) = (shown(value), row.get::<String, _>(at));
            (text != printed).then(|| format!("{}: {text}, not {printed}", value.type_name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn case_09_a_long_array_is_cut_at_an_element() {
    let shown = |arguments: PgArguments, bytes| {
        let values = postgres::encode(arguments, bytes);
        assert!(matches!(values[0].state, ValueState::Truncated { .. }));
        assert_eq!(to_sql_literal(&values[0], DatabaseKind::Postgres), None);
        shown(&values[0])
    };
    let mut ids = PgArguments::default();
    ids.add((0..100_i64).collect::<Vec<_>>()).unwrap();
    let text = shown(ids, 1_024);
    assert!(
        text.starts_with("{0,1,2,3,") && text.ends_with(",81,82,…"),
        "{text}"
    );
    // With room for it, it is kept whole and can be run again.
    let mut ids = PgArguments::default();
    ids.add((0..100_i64).collect::<Vec<_>>()).unwrap();
    let whole = &postgres::encode(ids, 4_096)[0];
    assert!(matches!(whole.state, ValueState::Bytes(_)));
    assert!(to_sql_literal(whole, DatabaseKind::Postgres).is_some());
    let mut texts = PgArguments::default();
    texts
        .add(vec!["x".repeat(300), "y".repeat(900), "z".to_owned()])
        .unwrap();
    let text = shown(texts, 1_024);
    assert_eq!(text, format!("{{{},…", "x".repeat(300)));
    // Cut within the first element, nothing whole is left of it.
    let mut one = PgArguments::default();
    one.add(vec!["x".repeat(2_000)]).unwrap();
    assert_eq!(shown(one, 1_024), "{…");
    let mut pairs = PgArguments::default();
    let map: PgHstore = (0..200)
        .map(|n| (format!("k{n:03}"), Some("v".to_owned())))
        .collect();
    pairs.add(map).unwrap();
    let text = shown(pairs, 1_024);
    assert!(
        text.starts_with("\"k000\"=>\"v\", ") && text.ends_with(", …"),
        "{text}"
    );
}
