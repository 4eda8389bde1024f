//! Takes secrets out of plans.

use std::{borrow::Cow, sync::Arc};

use silk_core::{
    Database, DatabaseKind, ExplainOutput, PlanFormat, Redactor,
    redact::Secrets,
    sql::{SqlReader, SqlTokenClass, highlight},
    value::REDACTED,
};

/// A condition is read as if it stood here, so that the one reader of SQL redacts it.
const FRAME: &str = "SELECT 1 WHERE ";

/// Takes secrets out of plans: the values of a query stand folded into their conditions.
#[derive(Debug)]
pub struct PlanRedactor {
    redactor: Arc<Redactor>,
    /// One of its own: conditions are many, and would push statements out of the other's cache.
    reader: SqlReader,
    /// Whether no value at all is wanted.
    hides_values: bool,
}

impl PlanRedactor {
    /// A redactor of plans; with `hides_values` no value of a condition stays.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, hides_values: bool) -> Self {
        Self {
            reader: SqlReader::new(Arc::clone(&redactor)),
            redactor,
            hides_values,
        }
    }

    /// A plan without secrets: those of its request, and those that its conditions show to be some.
    /// `sql` takes the place of the query's text.
    pub fn redact(&self, output: &mut ExplainOutput, sql: &str, secrets: &Secrets) {
        let database = |kind| {
            Arc::new(Database {
                kind,
                name: String::new(),
            })
        };
        output.raw = match output.format {
            PlanFormat::PostgresJson => {
                let database = database(DatabaseKind::Postgres);
                map_strings(&output.raw, |key, text| {
                    self.text(key, text, sql, &database, secrets)
                })
            }
            PlanFormat::MySqlJson => {
                let database = database(DatabaseKind::MySql);
                map_strings(&output.raw, |key, text| {
                    self.text(key, text, sql, &database, secrets)
                })
            }
            // Lines: what stands behind the first colon is an expression, if it has values.
            PlanFormat::MySqlTree | PlanFormat::PostgresText => {
                let database = database(if output.format == PlanFormat::MySqlTree {
                    DatabaseKind::MySql
                } else {
                    DatabaseKind::Postgres
                });
                let lines = output.raw.lines().map(|line| {
                    let (head, rest) = line.split_once(": ").unwrap_or((line, ""));
                    if rest.is_empty() {
                        return secrets.scrub(line).into_owned();
                    }
                    let rest = self.expression(rest, &database, secrets);
                    format!("{head}: {rest}")
                });
                lines.collect::<Vec<_>>().join("\n")
            }
            // Tells no values, but for names.
            PlanFormat::SqliteRows => secrets.scrub(&output.raw).into_owned(),
        };
    }

    fn text<'t>(
        &self,
        key: &str,
        text: &'t str,
        sql: &str,
        database: &Arc<Database>,
        secrets: &Secrets,
    ) -> Cow<'t, str> {
        match key {
            "Query Text" => return Cow::Owned(sql.to_owned()),
            // The record of the query has them, each judged by its column.
            "Query Parameters" => return Cow::Borrowed(REDACTED),
            _ => {}
        }
        if !text
            .bytes()
            .any(|byte| byte == b'\'' || byte.is_ascii_digit())
        {
            return match secrets.scrub(text) {
                Cow::Borrowed(_) => Cow::Borrowed(text),
                Cow::Owned(clean) => Cow::Owned(clean),
            };
        }
        Cow::Owned(self.expression(text, database, secrets))
    }

    fn expression(&self, text: &str, database: &Arc<Database>, secrets: &Secrets) -> String {
        if self.hides_values {
            return highlight(text, database.kind)
                .iter()
                .map(|(class, piece)| match class {
                    SqlTokenClass::Literal | SqlTokenClass::Number => "?",
                    _ => &**piece,
                })
                .collect();
        }
        let read = self.reader.read(&format!("{FRAME}{text}"), database);
        let clean = read.text.strip_prefix(FRAME).unwrap_or(REDACTED);
        let clean = secrets.scrub(clean);
        self.redactor.text(&clean)
    }
}

/// JSON with every string that is a value replaced, and everything else left as it was. `change`
/// gets the nearest key before and the string.
fn map_strings<'c>(
    json: &str,
    change: impl for<'t> Fn(&str, &'t str) -> Cow<'t, str> + 'c,
) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let mut key = String::new();
    let (mut at, mut kept) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if *byte != b'"' {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 2,
                b'"' => break,
                _ => at += 1,
            }
        }
        at = (at + 1).min(bytes.len());
        let Some(token) = json.get(start..at) else {
            break;
        };
        let text = unescape(token);
        if json
            .get(at..)
            .unwrap_or_default()
            .trim_start()
            .starts_with(':')
        {
            key = text;
            continue;
        }
        let changed = change(&key, &text);
        if changed != text {
            out.push_str(json.get(kept..start).unwrap_or_default());
            push_escaped(&mut out, &changed);
            kept = at;
        }
    }
    out.push_str(json.get(kept..).unwrap_or_default());
    out
}

/// The text of a JSON string with its quotes.
fn unescape(token: &str) -> String {
    let inner = token.get(1..token.len().max(2) - 1).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let mut escape = rest[at + 1..].chars();
        match escape.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let code = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
                let high = code(escape.as_str());
                escape = escape.as_str().get(4..).unwrap_or_default().chars();
                // Two of them are one character beyond the first plane.
                let low = escape.as_str().strip_prefix("\\u").and_then(code);
                let pair = high.zip(low).and_then(|(high, low)| {
                    let pair = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
                    if !(0xD800..0xDC00).contains(&high) {
                        return None;
                    }
                    char::decode_utf16(pair).next()?.ok()
                });
                if pair.is_some() {
                    escape = escape.as_str().get(6..).unwrap_or_default().chars();
                }
                out.push(
                    pair.or_else(|| high.and_then(char::from_u32))
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                );
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = escape.as_str();
    }
    out.push_str(rest);
    out
}

fn push_escaped(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                let code = u32::from(control);
                for digit in [code / 16, code % 16] {
                    out.extend(char::from_digit(digit, 16));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(raw: &str, hides_values: bool, secret: &str) -> String {
        let redactor = PlanRedactor::new(Arc::new(Redactor::default()), hides_values);
        let mut secrets = Secrets::default();
        secrets.add(secret);
        let mut output = ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: raw.to_owned(),
            analyzed: true,
        };
        redactor.redact(&mut output, "SELECT the text", &secrets);
        output.raw
    }

    const PLAN: &str = r#"duration: 1.000 ms  plan:
{
  "Query Text": "select 'hunter2'",
  "Query Parameters": "$1 = 'hunter2'",
  "Plan": {
    "Node Type": "Seq Scan",
    "Relation Name": "person2",
    "Total Cost": 12.50,
    "Output": ["id", "lower('CANARY-one'::text)"],
    "Filter": "(((password)::text = 'hunter2'::text) AND (age > 17) AND (name = 'A \"b\" \\ c'::text))"
  }
}"#;

    #[test]
    fn secrets_leave_conditions_and_the_rest_stays_as_it_was() {
        let clean = redacted(PLAN, false, "CANARY-one");
        assert!(
            !clean.contains("hunter2") && !clean.contains("CANARY-one"),
            "{clean}"
        );
        for kept in [
            "\"Query Text\": \"SELECT the text\"",
            "\"Total Cost\": 12.50",
            "\"Relation Name\": \"person2\"",
            "(age > 17)",
            r#"'A \"b\" \\ c'::text"#,
        ] {
            assert!(clean.contains(kept), "{kept} in {clean}");
        }
        let plan = silk_plan::Plan::parse(PlanFormat::PostgresJson, &clean).unwrap();
        assert_eq!(plan.execution_ms, Some(1.0));
    }

    #[test]
    fn no_value_stays_where_none_is_wanted() {
        let clean = redacted(PLAN, true, "");
        assert!(!clean.contains("17") && !clean.contains("'A "), "{clean}");
        assert!(clean.contains("age > ?"), "{clean}");
    }

    #[test]
    fn other_shapes_of_secrets_leave_too() {
        for condition in [
            "(password = ANY ('{hunter2,b}'::text[]))",
            "('hunter2'::text = (u.password)::text)",
            "(password_hash = crypt('hunter2'::text, password_hash))",
            "((users.api_key)::text ~~ 'hunter2%'::text)",
        ] {
            let raw = format!(
                "{{\"Plan\": {{\"Node Type\": \"Seq Scan\", \"Filter\": \"{condition}\"}}}}"
            );
            let clean = redacted(&raw, false, "");
            assert!(!clean.contains("hunter2"), "{clean}");
        }
    }

    #[test]
    fn any_text_is_survived() {
        for text in [
            "",
            "\"",
            "\"\\",
            "{\"a\": \"\\u12",
            "{\"a\":\"\\ud83d\\ude00 '1'\"}",
            "é\"'",
        ] {
            let _ = redacted(text, false, "secret-of-it");
        }
        assert_eq!(unescape("\"\\ud83d\\ude00\\u00e9\\n\""), "😀é\n");
        assert_eq!(unescape("\""), "");
    }
}
