//! How often a secret is missed and how often something harmless is taken, over lists of both.

use silk_core::{DatabaseKind, Redactor, redact::Secrets};

/// Tokens of different kinds that stand for `«S»`.
const TOKENS: &[&str] = &[
    "zq81kkdLm2x9",
    "CaNaRy-9f3Zq77",
    "k3j4h5g6f7d8s9a0",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
];

/// Names are tried with a value that would be a secret under a name such as `key`.
const VALUES: &[&str] = &["zq81kkdLm2x9", "482913", "banana"];

/// A line of a list: its kind, and its text with signs instead of escapes.
fn cases(list: &'static str) -> Vec<(&'static str, String)> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (kind, text) = line.split_once('|').expect("a kind and a text");
            let text = if matches!(kind, "json" | "graphql") {
                text.to_owned()
            } else {
                text.replace("\\n", "\n")
                    .replace("\\r", "\r")
                    .replace("\\t", "\t")
            };
            (kind, text)
        })
        .collect()
}

/// What the redactor makes of a text of this kind.
fn made_safe(kind: &str, text: &str) -> String {
    let redactor = Redactor::default();
    let mut secrets = Secrets::default();
    let body = |content_type: &str| {
        let mut secrets = Secrets::default();
        let body = redactor.body(
            Some(content_type),
            text.as_bytes(),
            text.len() as u64,
            &mut secrets,
        );
        body.text.unwrap_or_default()
    };
    let error = |kind| redactor.query_error(kind, None, text).message;
    match kind {
        "json" => body("application/json"),
        "graphql" => body("application/graphql"),
        "xml" => body("application/xml"),
        "text" => body("text/plain"),
        "csv" => body("text/csv"),
        "form" => body("application/x-www-form-urlencoded"),
        "query" => redactor.query_string(text, &mut secrets),
        "path" => redactor.path(text, None, &mut secrets),
        "log" => redactor.text_with(text, &mut secrets),
        "pg-error" => error(DatabaseKind::Postgres),
        "my-error" => error(DatabaseKind::MySql),
        "lite-error" => error(DatabaseKind::Sqlite),
        "header" => {
            let (name, value) = text.split_once(": ").expect("a header");
            let header = redactor.header(name, value, &mut secrets);
            format!("{name}: {}", header.value)
        }
        "field" => {
            let (name, value) = text.split_once('=').expect("a field");
            let mut fields = [(name.to_owned(), value.to_owned())];
            redactor.fields(&mut fields, &mut secrets);
            format!("{name}={}", fields[0].1)
        }
        "route" => {
            let mut parts = text.split('|');
            let mut next = || parts.next().expect("template, path, header");
            let (template, path, header) = (next(), next(), next());
            let safe = redactor.path(path, Some(template), &mut secrets);
            let (name, value) = header.split_once(": ").expect("a header");
            // Another request: it knows nothing of what the first one took out.
            let header = redactor.header(name, value, &mut Secrets::default());
            format!("{template}|{safe}|{}", header.value)
        }
        _ => unreachable!("no such kind: {kind}"),
    }
}

/// The text without the signs around its secrets, and the secrets.
fn marked(text: &str, token: &str) -> (String, Vec<String>) {
    let text = text.replace("«S»", &format!("«{token}»"));
    let secrets = text
        .split('«')
        .skip(1)
        .map(|rest| rest.split('»').next().expect("an end").to_owned())
        .collect();
    (text.replace(['«', '»'], ""), secrets)
}

#[test]
fn no_listed_secret_is_missed() {
    let cases = cases(include_str!("secret.txt"));
    let mut missed = Vec::new();
    let mut tried = 0;
    for (kind, text) in &cases {
        let tokens = if text.contains("«S»") {
            TOKENS
        } else {
            &TOKENS[..1]
        };
        for token in tokens {
            tried += 1;
            let (text, secrets) = marked(text, token);
            let safe = made_safe(kind, &text);
            let hidden = safe.replace("[redacted]", "");
            if secrets
                .iter()
                .any(|secret| hidden.contains(secret.as_str()))
            {
                missed.push(format!("{kind}|{text}\n    {safe}"));
            }
        }
    }
    println!(
        "secrets missed: {} of {tried} tries of {} cases",
        missed.len(),
        cases.len()
    );
    assert!(cases.len() >= 150, "{} cases", cases.len());
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn what_is_harmless_stays_as_it_is() {
    let redactor = Redactor::default();
    let cases = cases(include_str!("harmless.txt"));
    let mut taken = Vec::new();
    for (kind, text) in &cases {
        if *kind == "name" {
            let is_taken = |value: &&str| redactor.is_secret(text, value);
            if VALUES.iter().any(is_taken) {
                taken.push(format!("name|{text}"));
            }
            continue;
        }
        let safe = made_safe(kind, text);
        if safe != *text {
            taken.push(format!("{kind}|{text}\n    {safe}"));
        }
    }
    println!("false alarms: {} of {} cases", taken.len(), cases.len());
    assert!(cases.len() >= 300, "{} cases", cases.len());
    assert!(
        taken.is_empty(),
        "{} taken:\n{}",
        taken.len(),
        taken.join("\n")
    );
}
