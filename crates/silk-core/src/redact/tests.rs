use proptest::prelude::*;

use super::*;
use crate::{DatabaseKind, Value, ValueState};

fn redactor() -> Redactor {
    Redactor::default()
}

#[test]
fn headers_keep_what_is_no_secret() {
    let redactor = redactor();
    let mut secrets = Secrets::default();
    let mut check = |name: &str, value: &str, expected: &str| {
        let header = redactor.header(name, value, &mut secrets);
        assert_eq!(header.value, expected, "{name}");
        assert_eq!(header.is_redacted, value != expected);
        assert_eq!(header.name, name.to_lowercase());
    };
    check(
        "Authorization",
        "Bearer abc.def-123456",
        "Bearer [redacted]",
    );
    check(
        "Authorization",
        "Basic Ym9iOmh1bnRlcjItYWJj",
        "Basic [redacted]",
    );
    check("authorization", "rawkey", "[redacted]");
    check(
        "Cookie",
        "theme=dark1234; session=a=b; flag",
        "theme=[redacted]; session=[redacted]; [redacted]",
    );
    check(
        "Set-Cookie",
        "id=abcdefgh; Path=/; HttpOnly",
        "id=[redacted]; Path=/; HttpOnly",
    );
    check("X-Api-Key", "k", "[redacted]");
    check("X-Monkey", "banana", "banana");
    check("Content-Type", "application/json", "application/json");
    check(
        "Access-Control-Allow-Headers",
        "authorization, x-api-key",
        "authorization, x-api-key",
    );
    check(
        "Referer",
        "https://a.b/c?page=1&token=abcdef#x",
        "https://a.b/c?page=1&token=[redacted]#x",
    );
    check("Location", "/next?code=1", "/next?code=1");
    assert_eq!(
        secrets.scrub("see hunter2-abc, dark1234"),
        "see [redacted], [redacted]"
    );
}

#[test]
fn query_strings_keep_order_and_encoding() {
    let mut secrets = Secrets::default();
    let safe = redactor().query_string("b=%20x&access_token=s%2Bcret+1&a&user%5Bpassword%5D=longpass&monkey=1&data=%7B%22pin%22%3A1234%7D&pin=", &mut secrets);
    assert_eq!(
        safe,
        "b=%20x&access_token=[redacted]&a&user%5Bpassword%5D=[redacted]&monkey=1&data=%7B%22pin%22%3A%22%5Bredacted%5D%22%7D&pin=",
    );
    assert_eq!(
        secrets.scrub("s+cret 1 / s%2Bcret%201 / s%2Bcret+1"),
        "[redacted] / [redacted] / [redacted]"
    );
}

#[test]
fn path_parameters_go_by_their_names() {
    let redactor = redactor();
    let check = |path: &str, template: Option<&str>, expected: &str| {
        assert_eq!(
            redactor.path(path, template, &mut Secrets::default()),
            expected,
            "{path} {template:?}"
        );
    };
    check("/reset/abc", Some("/reset/{token}"), "/reset/[redacted]");
    check(
        "/a/1/reset/x/y",
        Some("/a/{id}/reset/{*token}"),
        "/a/1/reset/[redacted]/[redacted]",
    );
    check("/users/7", Some("/users/{id}"), "/users/7");
    check("/reset/abc", None, "/reset/abc");
    check(
        "/api/reset/abc",
        Some("/reset/{token}"),
        "/[redacted]/reset/[redacted]",
    );
}

#[test]
fn json_is_redacted_at_any_depth_and_cut_anywhere() {
    let redactor = redactor();
    let text = r#"{ "user": {"name": "bob", "password": "hunter2-x", "pins": [1]}, "tokens": ["aaaaaaa", {"b": 12345678}], "ok": true, "Pin": 1234, "secret": null, "monkey": "x" }"#;
    let (safe, is_changed) = redactor.json(text, &mut Secrets::default());
    assert!(is_changed);
    assert_eq!(
        safe,
        r#"{ "user": {"name": "bob", "password": "[redacted]", "pins": [1]}, "tokens": ["[redacted]", {"b": "[redacted]"}], "ok": true, "Pin": "[redacted]", "secret": null, "monkey": "x" }"#,
    );
    for cut in 0..text.len() {
        let safe = redactor.body(
            Some("application/json"),
            &text.as_bytes()[..cut],
            999,
            &mut Secrets::default(),
        );
        let safe = safe.text.unwrap_or_default();
        assert!(
            !safe.contains("hun") && !safe.contains("aaa") && !safe.contains("123"),
            "{safe}"
        );
    }
    let nested =
        r#"{"body": "{\"password\": \"hunter2-x\"}", "name": "password", "value": "hunter2-y"}"#;
    let (safe, _) = redactor.json(nested, &mut Secrets::default());
    assert!(!safe.contains("hunter2"), "{safe}");
    let (safe, _) = redactor.json("{password: 'hunter2-x'}", &mut Secrets::default());
    assert!(!safe.contains("hunter2"), "{safe}");
}

#[test]
fn bodies_are_told_by_their_type() {
    let redactor = redactor();
    let body = |content_type: &str, bytes: &[u8]| {
        redactor.body(
            Some(content_type),
            bytes,
            bytes.len() as u64,
            &mut Secrets::default(),
        )
    };
    let form = body(
        "application/x-www-form-urlencoded; charset=utf-8",
        b"a=1&password=x",
    );
    assert_eq!(form.text.as_deref(), Some("a=1&password=[redacted]"));
    assert!(form.is_redacted && !form.is_truncated);
    assert_eq!(body("image/png", &[0x89, b'P', 0xff]).text, None);
    assert_eq!(body("text/plain", b"a\0b").text, None);
    assert_eq!(body("text/plain", b"hello").text.as_deref(), Some("hello"));
    let multipart = b"--XX\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n12345\r\n--XX--\r\n";
    let multipart = body("multipart/form-data; boundary=XX", multipart);
    assert_eq!(
        multipart.text.as_deref(),
        Some("password: 7 bytes\nf: 5 bytes, a file")
    );
    let cut = redactor.body(
        Some("text/plain"),
        "aé".as_bytes().split_last().unwrap().1,
        9,
        &mut Secrets::default(),
    );
    assert_eq!((cut.text.as_deref(), cut.is_truncated), (Some("a"), true));
}

#[test]
fn free_text_loses_its_secrets() {
    let redactor = redactor();
    for (text, expected) in [
        (
            "login password=hunter2, user=bob",
            "login password=[redacted], user=bob",
        ),
        ("token: abc; monkey: x", "token: [redacted]; monkey: x"),
        (
            "{\"password\":\"a\\\"b\",\"c\":1}",
            "{\"password\":\"[redacted]\",\"c\":1}",
        ),
        (
            "{\\\"password\\\":\\\"abc\\\",\\\"c\\\":1}",
            "{\\\"password\\\":\\\"[redacted]\\\",\\\"c\\\":1}",
        ),
        (
            "User { password: Some(\"x y\"), id: 1 }",
            "User { password: Some(\"[redacted]\"), id: 1 }",
        ),
        (
            "Authorization: Bearer abc def",
            "Authorization: Bearer [redacted] def",
        ),
        ("sent Bearer abcdef-12345", "sent Bearer [redacted]"),
        ("a bearer token is missing", "a bearer token is missing"),
        (
            "postgres://bob:p@ss@db:5432/x",
            "postgres://bob:[redacted]@db:5432/x",
        ),
        ("http://localhost:8080/a@b", "http://localhost:8080/a@b"),
        (
            "jwt eyJhbGciOi1.eyJzdWIiOj2.abc_-9 end",
            "jwt [redacted] end",
        ),
        (
            "Key (email)=(bob@x.y) already exists.",
            "Key (email)=([redacted]) already exists.",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END",
            "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END",
        ),
        ("secret::Module", "secret::Module"),
        ("nothing to see: here", "nothing to see: here"),
        ("password=[redacted]", "password=[redacted]"),
    ] {
        assert_eq!(redactor.text(text), expected);
    }
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let redactor = redactor();
    let started = std::time::Instant::now();
    for piece in [
        "://",
        "eyJ/",
        "eyJ1./",
        ")=(",
        "-----BEGIN ",
        "token",
        "token=[",
        "a''''",
        "://a:b",
        "{\"a\":\"\\\"",
        "[",
        "&a=b",
        "Bearer ",
        "<",
        "<a b='<c d=\"",
        "<token>",
        "<input name=token value=",
        "(\"token\", ",
        "token: A(A(A(",
        "token: |\n ",
        "api key: ",
        "row contains (",
        "{\"value\":\"x\",\"a\":",
        ",\"name\":\"token\"}",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        let mut secrets = Secrets::default();
        let _ = redactor.text(&text);
        let _ = redactor.json(&text, &mut secrets);
        let _ = redactor.query_string(&text, &mut secrets);
        assert!(started.elapsed().as_secs() < 20, "{piece}");
    }
}

#[test]
fn errors_keep_names_and_lose_values() {
    let redactor = redactor();
    use DatabaseKind::{MySql, Postgres, Sqlite};
    for (kind, message, expected) in [
        (
            Postgres,
            "duplicate key value violates unique constraint \"u_email_key\"",
            "duplicate key value violates unique constraint \"u_email_key\"",
        ),
        (
            Postgres,
            "invalid input syntax for type integer: \"hunt\"er\"",
            "invalid input syntax for type integer: \"[redacted]\"",
        ),
        (
            Postgres,
            "relation \"nope\" does not exist",
            "relation \"nope\" does not exist",
        ),
        (
            Postgres,
            "value \"99999999999\" is out of range for type integer",
            "value \"[redacted]\" is out of range for type integer",
        ),
        (
            Postgres,
            "syntax error at or near \"SELECT\"",
            "syntax error at or near \"SELECT\"",
        ),
        (
            Postgres,
            "syntax error at or near \"hunter2\"",
            "syntax error at or near \"[redacted]\"",
        ),
        (Postgres, "oops\nDETAIL: Key (a)=(hunter2)", "oops"),
        (
            MySql,
            "Duplicate entry 'o'brien's' for key 'u.email'",
            "Duplicate entry '[redacted]' for key 'u.email'",
        ),
        (
            MySql,
            "Incorrect integer value: 'a' b' for column `d`.`t`.`n` at row 1",
            "Incorrect integer value: '[redacted]' for column `d`.`t`.`n` at row 1",
        ),
        (
            MySql,
            "Table 'weave.nope' doesn't exist",
            "Table 'weave.nope' doesn't exist",
        ),
        (
            MySql,
            "Unknown column 'x' in 'field list'",
            "Unknown column 'x' in 'field list'",
        ),
        (
            MySql,
            "right syntax to use near 'hunter2' at line 1",
            "right syntax to use near '[redacted]' at line 1",
        ),
        (
            Sqlite,
            "UNIQUE constraint failed: u.email",
            "UNIQUE constraint failed: u.email",
        ),
        (
            Sqlite,
            "unrecognized token: \"'hunter2\"",
            "unrecognized token: \"[redacted]\"",
        ),
        (
            Sqlite,
            "near \"FORM\": syntax error",
            "near \"[redacted]\": syntax error",
        ),
        (
            Sqlite,
            "near \"FROM\": syntax error",
            "near \"FROM\": syntax error",
        ),
    ] {
        assert_eq!(redactor.query_error(kind, None, message).message, expected);
    }
}

#[test]
fn fields_go_by_name_and_by_content() {
    let mut secrets = Secrets::default();
    let mut fields = vec![
        ("user.password".to_owned(), "\"hunter2-x\"".to_owned()),
        ("note".to_owned(), "token=abc".to_owned()),
        ("count".to_owned(), "3".to_owned()),
    ];
    redactor().fields(&mut fields, &mut secrets);
    let values: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["[redacted]", "token=[redacted]", "3"]);
    assert_eq!(secrets.scrub("it was hunter2-x"), "it was [redacted]");
}

#[test]
fn short_and_common_values_mangle_nothing() {
    let mut secrets = Secrets::default();
    for value in ["", "a", "12345", "Bearer", "password", "********", "select"] {
        secrets.add(value);
    }
    assert!(secrets.is_empty());
    secrets.add("123456");
    assert_eq!(
        secrets.scrub("id 1234567 and 123456."),
        "id 1234567 and [redacted]."
    );
    for number in 0..1_000 {
        secrets.add(&format!("secret number {number}"));
    }
    assert!(secrets.scrub("secret number 999").len() > 10);
}

#[test]
fn values_that_hold_a_secret_are_redacted() {
    let mut secrets = Secrets::default();
    secrets.add("hunter2-abc");
    let mut value = Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Bytes(b"x hunter2-abc y".to_vec()),
    };
    secrets.scrub_value(&mut value);
    assert_eq!(value.state, ValueState::Redacted);
    let mut value = Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Bytes(b"monkey".to_vec()),
    };
    secrets.scrub_value(&mut value);
    assert_ne!(value.state, ValueState::Redacted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let redactor = redactor();
        let mut secrets = Secrets::default();
        let once = redactor.text(&text);
        prop_assert_eq!(redactor.text(&once), once);
        let _ = redactor.json(&text, &mut secrets);
        let _ = redactor.query_string(&text, &mut secrets);
        let _ = redactor.header("cookie", &text, &mut secrets);
        let _ = redactor.header("set-cookie", &text, &mut secrets);
        let _ = redactor.path(&text, Some("/a/{token}/{*rest}"), &mut secrets);
        for kind in DatabaseKind::ALL {
            let _ = redactor.query_error(*kind, None, &text);
        }
        for content_type in ["application/json", "multipart/form-data; boundary=a", "text/plain", "application/x-www-form-urlencoded"] {
            let _ = redactor.body(Some(content_type), &bytes, 80, &mut secrets);
        }
        secrets.add(&text);
        let _ = secrets.scrub(&text);
    }

    #[test]
    fn nothing_panics_on_what_secrets_look_like(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "password", "=", ":", "\"", "'", "\\", " ", "Bearer", "token", "://", "@", "{", "}", "[", "]", ",", "é", "x1", "(", ")", ")=(", "-----BEGIN ", "PRIVATE KEY-----", "eyJ", ".", "Some(", "\n", "::", "=>", "%3D",
        ]), 0..25),
    ) {
        let text = pieces.concat();
        let redactor = redactor();
        let _ = redactor.text(&text);
        let (once, _) = redactor.json(&text, &mut Secrets::default());
        let _ = redactor.json(&once, &mut Secrets::default());
        let _ = redactor.header("referer", &text, &mut Secrets::default());
    }

    #[test]
    fn a_secret_never_survives_json(secret in "\\PC{6,30}", depth in 0_usize..6, cut in 0_usize..200) {
        let secret = format!("zq{secret}");
        let mut document = serde_json::json!({ "a": 1, "user_password": secret, "z": [1, "x"] });
        for level in 0..depth {
            document = if level % 2 == 0 { serde_json::json!([0, document]) } else { serde_json::json!({ "in": document }) };
        }
        let text = document.to_string();
        let end = text.floor_char_boundary(cut.min(text.len()));
        let (safe, _) = redactor().json(&text[..end], &mut Secrets::default());
        prop_assert!(!safe.contains("zq"), "{}", safe);
        let (safe, _) = redactor().json(&text, &mut Secrets::default());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&safe).is_ok(), "{}", safe);
        prop_assert!(!safe.contains("zq"));
    }

    #[test]
    fn a_secret_never_survives_a_form(secret in "\\PC{6,30}", before in "[a-p]{1,8}") {
        let secret = format!("zq{secret}");
        let text: String = form_urlencoded::Serializer::new(String::new())
            .append_pair(&before, "1").append_pair("apiKey", &secret).append_pair("b", "2").finish();
        let mut secrets = Secrets::default();
        let safe = redactor().query_string(&text, &mut secrets);
        prop_assert!(!safe.contains("zq"), "{}", safe);
        prop_assert!(safe.ends_with("&b=2"));
        let echoed = format!("echo: {text}");
        let scrubbed = secrets.scrub(&echoed);
        prop_assert!(secrets.is_empty() || !scrubbed.contains("zq"), "{}", scrubbed);
    }

    #[test]
    fn what_was_added_is_scrubbed_in_every_form(secret in "[a-zA-Z0-9 +/=\"'\\\\é]{12,40}") {
        let secret = format!("zq{secret}9");
        let mut secrets = Secrets::default();
        secrets.add(&secret);
        let json = serde_json::to_string(&secret).unwrap();
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let text = format!("a {secret} b {json} c {form} d {} e {secret:?}", secret.replace('\'', "''"));
        let scrubbed = secrets.scrub(&text);
        prop_assert!(!scrubbed.contains("zq"), "{}", scrubbed);
    }
}

#[test]
fn bound_values_go_by_column_and_by_content() {
    let redactor = redactor();
    let mut secrets = Secrets::default();
    let mut check = |type_name: &str, bytes: &[u8], is_sensitive, is_kept: bool| {
        let mut value = Value {
            type_name: type_name.to_owned(),
            state: ValueState::Bytes(bytes.to_vec()),
        };
        redactor.value(
            &mut value,
            DatabaseKind::Postgres,
            is_sensitive,
            &mut secrets,
        );
        assert_eq!(value.state != ValueState::Redacted, is_kept, "{type_name}");
    };
    check("TEXT", b"hunter2-abc", true, false);
    check("INT8", &7_i64.to_be_bytes(), false, true);
    check("TEXT", b"a message about a monkey", false, true);
    check(
        "JSONB",
        b"\x01{\"a\": {\"token\": \"tok-98765\"}}",
        false,
        false,
    );
    check(
        "JSONB",
        b"\x01{\"a\": {\"monkey\": \"tok-98765\"}}",
        false,
        true,
    );
    assert_eq!(
        secrets.scrub("hunter2-abc tok-98765"),
        "[redacted] [redacted]"
    );
}
