//! Secrets in the places where people really put them: none may come out of the redactor.

mod queries;
mod rates;
mod web;

use std::sync::Arc;

use silk_core::{Database, DatabaseKind, Redactor, redact::Secrets, sql::SqlReader};

const SECRET: &str = "CaNaRy-9f3Zq77";

fn clean(what: &str, text: &str, leaks: &mut Vec<String>) {
    if text.contains(SECRET) || text.contains("Q2FOYVJ5") || text.contains("9f3Zq77") {
        leaks.push(format!("{what}: {text}"));
    }
}

fn report(leaks: &[String]) {
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn texts_in_odd_shapes() {
    let redactor = Redactor::default();
    let mut leaks = Vec::new();
    for text in [
        format!("User {{ id: 1, password: \"{SECRET}\" }}"),
        format!("User {{ password: Some(\"{SECRET}\") }}"),
        format!("User {{ password: Some(Secret(\"{SECRET}\")) }}"),
        format!("User {{ password: Password(\"{SECRET}\") }}"),
        format!("{{\"password\": String(\"{SECRET}\")}}"),
        format!("[(\"authorization\", \"Bearer {SECRET}\")]"),
        format!("[(\"password\", \"{SECRET}\")]"),
        format!("{{\"x-api-key\": \"{SECRET}\"}}"),
        format!("password = '{SECRET}'"),
        format!("password='{SECRET} with space'"),
        format!("connect to postgres://app:{SECRET}@db:5432/x failed"),
        format!("connect to postgres://app:p/{SECRET}@db:5432/x failed"),
        format!("redis://:{SECRET}@h"),
        format!("host=db password={SECRET} user=x"),
        format!("Server=x;Pwd={SECRET};"),
        format!("curl -H 'X-Api-Key: {SECRET}'"),
        format!("--password {SECRET}"),
        format!("--password={SECRET}"),
        format!("Authorization: {SECRET}"),
        format!("authorization: Token {SECRET}"),
        format!("Cookie: a=1; sid={SECRET}"),
        format!("Cookie: theme={SECRET}; b={SECRET}"),
        format!("Key (email)=({SECRET}) already exists."),
        format!("Key (email, x)=({SECRET}, 1) already exists."),
        format!("Failing row contains (1, {SECRET}, null)."),
        format!("password=%22{SECRET}%22"),
        format!("password=>{SECRET}"),
        format!("api key: {SECRET}"),
        format!("client secret = {SECRET}"),
    ] {
        clean(&text, &redactor.text(&text), &mut leaks);
    }
    report(&leaks);
}

#[test]
fn what_is_no_secret_stays() {
    let redactor = Redactor::default();
    for text in [
        "expected Option<Token>, got </b>",
        "auth error: timeout after 30s",
        "the password is wrong",
        "[(\"name\", \"bob\"), (\"monkey\", \"x\")]",
        "this page contains (1, 2, 3)",
        "run with --verbose twice, --no-password",
        "listening on http://localhost:3000",
        "listening on http://[::1]:3000",
        "see https://example.com:8443/a",
        "monkey: |\n  banana\n",
        "keyboard: Some(Layout(\"us\"))",
        "see cookie policy",
        "<p class=\"tokenizer\">a &lt; b</p>",
        "<input name=\"email\" value=\"bob@example.com\">",
        "<user id=\"7\"><name>bob</name></user>",
    ] {
        assert_eq!(redactor.text(text), text);
        let kept = redactor.body(
            Some("text/plain"),
            text.as_bytes(),
            text.len() as u64,
            &mut Secrets::default(),
        );
        assert_eq!(kept.text.as_deref(), Some(text));
    }
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let database = Arc::new(Database {
        kind: DatabaseKind::Postgres,
        name: "x".to_owned(),
    });
    for sql in [
        "INSERT INTO messages VALUES (1, 'hello there')",
        "INSERT INTO users (id, name) VALUES (1, 'bob dylan')",
        "SELECT * FROM users WHERE tag = ANY(ARRAY['password', 'x-ray-7'])",
        "SELECT * FROM generate_series(1, 10) AS s WHERE name = 'bob dylan'",
        "SELECT primary_key FROM t WHERE key = 'abc-def'",
        "SELECT * FROM sessions WHERE user_name = 'bob dylan'",
    ] {
        assert_eq!(&*reader.read(sql, &database).text, sql);
    }
}

#[test]
fn what_reading_sql_took_out_is_scrubbed_elsewhere() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    for (kind, sql) in [
        (
            DatabaseKind::Postgres,
            format!("UPDATE users SET password = '{SECRET}' WHERE id = 1"),
        ),
        (
            DatabaseKind::MySql,
            format!("INSERT INTO users VALUES (1, 'bob', '{SECRET}')"),
        ),
        (
            DatabaseKind::Sqlite,
            format!("UPDATE t SET data = '{{\"token\":\"{SECRET}\"}}'"),
        ),
        (
            DatabaseKind::Sqlite,
            format!("SELECT 1 /* password={SECRET} */"),
        ),
        (
            DatabaseKind::Postgres,
            format!("SELECT dblink_connect('host=x password={SECRET}')"),
        ),
    ] {
        let mut secrets = Secrets::default();
        reader.add_secrets(&sql, kind, &mut secrets);
        assert_eq!(
            secrets.scrub(&format!("bob said {SECRET} at login")),
            "bob said [redacted] at login",
            "{sql}"
        );
    }
}
