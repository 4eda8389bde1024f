//! What the redactor takes out, place by place.

mod properties;
mod texts;
mod web;

use super::*;
use crate::{DatabaseKind, Value, ValueState};

fn redactor() -> Redactor {
    Redactor::default()
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
