//! What HTTP carries.

use super::*;

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
    let check = |path: &str, template: Option<&str>, expected: &str| {
        assert_eq!(
            redactor().path(path, template, &mut Secrets::default()),
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
fn what_a_route_says_of_its_path_holds_wherever_the_path_is_named() {
    let redactor = redactor();
    let seen = redactor.path(
        "/a/{id}/reset/one",
        Some("/a/{id}/reset/{token}"),
        &mut Secrets::default(),
    );
    assert_eq!(seen, "/a/{id}/reset/[redacted]");
    let header =
        |name: &str, value: &str| redactor.header(name, value, &mut Secrets::default()).value;
    assert_eq!(
        header("referer", "https://h/a/7/reset/plainword?x=1"),
        "https://h/a/7/reset/[redacted]?x=1"
    );
    assert_eq!(
        header("location", "/p/a/7/reset/plainword/next"),
        "/p/a/7/reset/[redacted]/next"
    );
    assert_eq!(
        header("referer", "https://h/a/7/other/plainword"),
        "https://h/a/7/other/plainword"
    );
    assert_eq!(
        redactor.text("see https://h/a/7/reset/zq81kkdLm2x9."),
        "see https://h/a/7/reset/[redacted]"
    );
    assert_eq!(
        redactor.path("/a/7/reset/plainword", None, &mut Secrets::default()),
        "/a/7/reset/[redacted]"
    );
    // Another route spells it out.
    let _ = redactor.path(
        "/a/7/reset/me",
        Some("/a/{id}/reset/me"),
        &mut Secrets::default(),
    );
    assert_eq!(
        header("referer", "https://h/a/7/reset/me"),
        "https://h/a/7/reset/me"
    );
}
