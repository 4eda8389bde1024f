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
}
