//! Texts by both ways, and words that a scan must look at.

use proptest::prelude::*;

use super::*;
use word::MARKED;

impl Scan<'_, '_> {
    /// The plain way: every word by all rules. What [`Scan::run`] is held to.
    fn run_plainly(&mut self) {
        let bytes = self.text.as_bytes();
        let mut index = 0;
        while let Some(byte) = bytes.get(index) {
            if bytes::is_name(*byte) {
                let end = run_end(bytes, index, bytes::is_name);
                index = self.word(index, end).max(end);
            } else {
                index = self.opening(index);
            }
        }
    }
}

/// What a scan makes of a text, and what it remembers.
fn both_ways(text: &str) -> [(Option<String>, String); 2] {
    let redactor = Redactor::default();
    [false, true].map(|is_plain| {
        let mut secrets = Secrets::default();
        let mut scan = Scan::new(&redactor, text, Some(&mut secrets));
        if is_plain {
            scan.run_plainly();
        } else {
            scan.run();
        }
        (scan.finish(), format!("{secrets:?}"))
    })
}

/// Pieces of texts that hold secrets, and of texts that nearly do.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "password",
        "token",
        "api",
        "key",
        "user",
        "contains",
        "row",
        "Bearer",
        "bearer",
        "BASIC",
        "basic",
        "Basics",
        "--password",
        "--",
        "curl",
        "mysql",
        "-u",
        "-su",
        "--user",
        "-pzq81kkd",
        "bob:zq81kkdLm2x9",
        "bot123456:zq81kkdLm2x9",
        "hooks.example/services/T0/B0/zq81kkdLm2x9",
        "?invite=zq81kkdLm2x9",
        "for",
        "is:",
        "tokens",
        "errors",
        "[\"is too short\"]",
        "-",
        "x-api-key",
        "apiKey",
        "cookie",
        "Set-Cookie",
        "Some",
        "secret",
        "-----BEGIN",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END",
        "BEGIN",
        "é",
        "pässword",
        "passwordé",
        "eyJhbGciOi.eyJzdWIi1.x",
        "AKIAIOSFODNN7EXAMPLE",
        "sk_live_4eC39HqLyjWDarjt",
        "ghp_16C7e42F292c6912E7710c83",
        "xoxb-1234567890-abcdefgh",
        "glpat-12345678901234567890",
        "whsec_abcdefghijklmnop123",
        "npm_0123456789abcdefghij",
        "s3cr3t-value",
        "dXNlcjpwYXNzd29yZDE=",
        "hunter2hunter2",
        "[redacted]",
        "postgres",
        "alice:pa55w@host",
        "null",
        "0",
        "1234567890123456",
        "who",
        "sky",
        "book",
        "get",
        "name",
    ])
    .prop_map(str::to_owned);
    let signs = prop::sample::select(vec![
        "=",
        ":",
        " = ",
        ": ",
        "   :",
        "    =",
        "     =",
        "%3D",
        "%3d",
        "%",
        "=>",
        ":=",
        "==",
        "::",
        "\"",
        "'",
        "`",
        "\\\"",
        "\\",
        "]",
        "[",
        "{",
        "}",
        "(",
        ")",
        "(\"",
        "\", ",
        ")=(",
        ") ",
        "://",
        "//",
        "/",
        "?",
        "&",
        ",",
        ";",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "<",
        ">",
        "</",
        "<input name=\"",
        "\" value=\"",
        "<password>",
        "</password>",
        "|\n  ",
        "@",
        "#",
        "\u{feff}",
        " (",
        ".",
        "\u{0}",
        "\"\"\"",
    ])
    .prop_map(str::to_owned);
    prop_oneof![4 => words, 4 => signs, 1 => "[a-zA-Z0-9 =:\"'-]{0,6}", 1 => any::<char>().prop_map(String::from)]
}

/// Pieces with few of the signs that give a secret away.
fn harmless_piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "Bearer",
        "bearer",
        "basic",
        "BASIC",
        " ",
        " ",
        "abc_def",
        "abcdefghijklmnopqrst",
        "a1b2c3",
        "é",
        "AKIA",
        "IOSFODNN",
        "7EXAMPLE",
        "sk_live_",
        "eyJ",
        ".",
        "password",
        "token",
        "row ",
        "contains",
        "\"",
        "'",
        "/",
        ",",
        "\n",
        "@",
    ]);
    prop_oneof![12 => pieces.prop_map(str::to_owned), 1 => piece()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_word_is_passed_over_only_where_no_rule_applies(
        pieces in prop::collection::vec(piece(), 0..24),
        is_markup in any::<bool>(),
    ) {
        let text = if is_markup { format!("<{}", pieces.concat()) } else { pieces.concat() };
        let [fast, plain] = both_ways(&text);
        prop_assert_eq!(fast, plain, "{:?}", text);
    }

    #[test]
    fn a_harmless_string_has_nothing_to_take_out(
        text in prop::collection::vec(harmless_piece(), 0..6).prop_map(|pieces| pieces.concat()),
    ) {
        if is_harmless(text.bytes().fold(0, |marks, byte| marks | mark(byte)), text.len()) {
            prop_assert_eq!(&both_ways(&text)[1].0, &None, "{:?}", text);
        }
    }
}

#[test]
fn every_mark_is_looked_at_by_the_exact_rules() {
    for marked in MARKED {
        let word = format!("{marked}0123456789abcdef.x");
        assert!(
            filter::may_matter(word.as_bytes(), 0, word.len()),
            "{marked}"
        );
    }
    for word in [
        "bearer",
        "Basic",
        "BEARER",
        "--token",
        "contains",
        "x-----BEGIN",
    ] {
        assert!(filter::may_matter(word.as_bytes(), 0, word.len()), "{word}");
    }
}

#[test]
fn every_word_that_names_a_secret_in_a_sentence_is_looked_at_in_any_case() {
    for name in naming::NAMING {
        let mut capital = (*name).to_owned();
        capital[..1].make_ascii_uppercase();
        for word in [(*name).to_owned(), name.to_ascii_uppercase(), capital] {
            assert!(naming::may_begin(word.as_bytes()), "{word}");
            let text = format!("{word} 1234");
            assert!(filter::may_matter(text.as_bytes(), 0, word.len()), "{word}");
        }
        for other in [format!("{name}x"), format!("x{name}")] {
            let is_name = naming::NAMING.contains(&other.as_str());
            assert_eq!(naming::may_begin(other.as_bytes()), is_name, "{other}");
        }
    }
}

#[test]
fn most_words_are_passed_over() {
    let text = "The quick brown fox jumps over the lazy dog, and so on; it was a sunny day in May.";
    let bytes = text.as_bytes();
    let words = text.split(' ').map(|word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (start, word_end(bytes, start))
    });
    let looked_at = words.filter(|(start, end)| filter::may_matter(bytes, *start, *end));
    assert_eq!(looked_at.count(), 0);
}
