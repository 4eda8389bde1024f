//! What holds of any text.

use proptest::prelude::*;

use super::*;

fn kinds() -> impl Strategy<Value = DatabaseKind> {
    prop::sample::select(DatabaseKind::ALL)
}

/// Texts made of what SQL is made of, sensible or not.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "SELECT", "FROM", "t", "\"a\"", "\"B\"", "'x'", "''", "'it''s'", "1", "-1", "1.5", ".5",
        "1e5", "0xff", "x'ab'", "$1", "?", "?1", ":a", "@b", "(", ")", "[", "]", ",", ";", ".",
        "::", ":", "=", "<>", "-", "+", "*", "/", "||", "->>", "VALUES", "IN", "ARRAY", "CASE",
        "WHEN", "END", "AND", "password", "IS", "NULL", "`c`", "--x\n", "/*y*/", " ", "\n",
        "$$z$$", "E'a'", "e", "_x", "é", "#", "WITH", "AS", "INSERT", "INTO", "JOIN", "!", "~",
        "%", "|", "&", "^", "\\", "{", "}", "N'q'", "U&'w'", "1a", "@@v", "$n",
    ]);
    prop::collection::vec((piece, prop::bool::ANY), 0..30).prop_map(|pieces| {
        pieces
            .iter()
            .map(|(piece, apart)| std::format!("{piece}{}", if *apart { " " } else { "" }))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_pieces_tile(sql in "\\PC{0,60}", kind in kinds()) {
        let _ = read_as(&sql, kind);
        let _ = (is_explainable(&sql, kind), is_read_only(&sql, kind), format(&sql, kind));
        let joined: String = highlight(&sql, kind).iter().map(|(_, text)| *text).collect();
        prop_assert_eq!(joined, sql);
    }

    #[test]
    fn normal_text_is_its_own_normal_text(sql in noise(), kind in kinds()) {
        let joined: String = highlight(&sql, kind).iter().map(|(_, text)| *text).collect();
        prop_assert_eq!(&joined, &sql);
        let _ = (format(&sql, kind), is_read_only(&sql, kind));
        let once = read_as(&sql, kind).statement;
        if once.command != "OTHER" {
            let twice = read_as(&once.normalized, kind).statement;
            prop_assert_eq!(&twice.normalized, &once.normalized, "{}", sql);
        }
    }

    #[test]
    fn literals_do_not_change_the_fingerprint(
        a in "[^'\\\\]{0,20}", b in any::<i64>(), rows in 1_usize..5, kind in kinds(),
    ) {
        let text = |value: &str, number: i64, rows: usize| {
            let row = std::format!("({number}, '{value}')");
            let list = vec![number.to_string(); rows].join(", ");
            let rows = vec![row; rows].join(", ");
            [
                std::format!("INSERT INTO t (a, b) VALUES {rows}"),
                std::format!("SELECT a FROM t WHERE b = '{value}' AND c IN ({list}) LIMIT {}", number.unsigned_abs()),
            ]
        };
        for (one, other) in text(&a, b, rows).iter().zip(text("x", 1, 1)) {
            let one = read_as(one, kind).statement;
            prop_assert_eq!(&one.normalized, &read_as(&other, kind).statement.normalized);
        }
    }

    #[test]
    fn a_secret_never_survives(secret in "[a-zA-Z0-9%_ &=/:{}\"-]{8,30}", kind in kinds(), shape in 0_usize..6) {
        // The double quote ends a string in some dialects; that is another literal then.
        let secret = std::format!("zq{}", secret.replace('"', ""));
        let sql = match shape {
            0 => std::format!("SELECT * FROM u WHERE a = 1 AND password = '{secret}'"),
            1 => std::format!("INSERT INTO u (a, api_key) VALUES (1, '{secret}'), (2, '{secret}')"),
            2 => std::format!("UPDATE u SET a = 1, token = lower('{secret}') WHERE id = 3"),
            3 => std::format!("SELECT * FROM u WHERE password = '{secret}"),
            4 => std::format!("SELECT * FROM u WHERE crypt('{secret}', password) = hash"),
            _ => std::format!("INSERT INTO log (d) VALUES ('{{\"x\": [{{\"password\": \"{secret}\"}}]}}')"),
        };
        let text = read_as(&sql, kind);
        prop_assert!(!text.text.contains(&secret), "{}", text.text);
        prop_assert!(!text.statement.normalized.contains(&secret), "{}", text.statement.normalized);
        prop_assert!(text.is_redacted);
    }

    #[test]
    fn no_literal_is_left_in_normal_text(
        texts in prop::collection::vec("[a-zA-Z %_=:;()-]{0,10}", 1..5), number in 100_000_u32..,
        quote in 0_usize..8, glue in 0_usize..5, kind in kinds(),
    ) {
        // Each dialect has its own ways to write a literal.
        let ways: &[&str] = match kind {
            DatabaseKind::Postgres => &[
                "'T'", "E'T'", "E'\\xC3T'", "$$T$$", "$q$T$q$", "U&'T' UESCAPE '!'", "N'T'", "'x''T'",
            ],
            DatabaseKind::MySql => &[
                "'T'", "\"T\"", "'\\'T'", "N'T'", "_utf8mb4 'T'", "_utf8'T'", "'x''T'", "\"x\\\"T\"",
            ],
            DatabaseKind::Sqlite => &["'T'", "'x''T'", "'''T'", "'T'''"],
            DatabaseKind::Unknown => &["'T'", "'\\'T'", "'x''T'", "N'T'", "_utf8'T'", "E'T'"],
        };
        let numbers = [
            number.to_string(),
            std::format!("0x{number:x}"),
            std::format!("{number}.5e3"),
            std::format!("-{number}"),
        ];
        let signs = [" = ", "<>/* it */", " LIKE", ">= ", "="];
        let mut sql = String::from("SELECT a FROM t WHERE b = 1");
        for (index, text) in texts.iter().enumerate() {
            let way = ways[(quote + index) % ways.len()];
            sql.push_str(&std::format!(
                " AND c{} {} AND d{}{}",
                signs[glue],
                way.replace('T', &std::format!("zq{text}zq")),
                signs[(glue + 1) % 2],
                numbers[index % numbers.len()],
            ));
        }
        let text = read_as(&sql, kind);
        let normal = &text.statement.normalized;
        prop_assert!(!normal.contains("zq"), "{} -> {}", sql, normal);
        prop_assert!(!normal.contains(&number.to_string()), "{} -> {}", sql, normal);
        prop_assert_eq!(&text.statement.command, "SELECT", "{}", sql);
    }

    #[test]
    fn nothing_of_a_secret_is_left_where_quotes_are_wrong(
        secret in "[a-z0-9]{6,20}", before in noise(), after in noise(), kind in kinds(),
        shape in 0_usize..4,
    ) {
        let secret = std::format!("zq{secret}");
        let sql = match shape {
            0 => std::format!("SELECT 'it's' {before} password = '{secret}' {after}"),
            1 => std::format!("SELECT 'x\\' {before} password = '{secret}' \\ {after}"),
            2 => std::format!("SELECT ' {before} password = '{secret}' {after} \\"),
            _ => std::format!("SELECT \" {before} password = '{secret} {after}"),
        };
        let text = read_as(&sql, kind);
        if text.statement.command == "OTHER" {
            prop_assert!(!text.text.contains(&secret), "{} -> {}", sql, text.text);
            let normal = &text.statement.normalized;
            prop_assert!(!normal.contains(&secret), "{} -> {}", sql, normal);
        }
    }

    #[test]
    fn a_secret_is_followed_through_any_chain_of_names(
        renames in 1_usize..8, columns in 1_usize..5, place in 0_usize..5,
    ) {
        let place = place % columns;
        let names = |level: usize| -> Vec<String> {
            (0..columns).map(|column| std::format!("c{level}_{column}")).collect()
        };
        let values: Vec<String> = (1..=columns).map(|number| std::format!("${number}")).collect();
        let mut sql = std::format!(
            "WITH t0({}) AS (VALUES ({}))", names(0).join(", "), values.join(", ")
        );
        for level in 1..=renames {
            let list: Vec<String> = names(level - 1)
                .iter()
                .zip(names(level))
                .map(|(from, to)| std::format!("{from} AS {to}"))
                .collect();
            let from = level - 1;
            sql.push_str(&std::format!(", t{level} AS (SELECT {} FROM t{from})", list.join(", ")));
        }
        let expected: Vec<bool> = (0..columns).map(|column| column == place).collect();
        let targets: Vec<String> = expected
            .iter()
            .enumerate()
            .map(|(column, is_secret)| {
                if *is_secret { "password".to_owned() } else { std::format!("q{column}x") }
            })
            .collect();
        sql.push_str(&std::format!(
            " INSERT INTO acc ({}) SELECT {} FROM t{renames}",
            targets.join(", "),
            names(renames).join(", ")
        ));
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let found = reader.sensitive_values(&sql, DatabaseKind::Postgres, columns);
        prop_assert_eq!(found, expected, "{}", sql);
    }
}
