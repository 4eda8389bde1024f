//! Tables in text: the first line names the columns.

use crate::redact::{REDACTED, Redactor, Secrets, names::Verdict, shape::is_switch};

impl Redactor {
    /// A table, values of sensitive columns taken out; as free text where no column is sensitive.
    pub(super) fn csv(&self, text: &str, secrets: &mut Secrets) -> String {
        let Some((head, rows)) = text.split_once('\n') else {
            return self.text_with(text, secrets);
        };
        let sign = ['\t', ';', ',']
            .into_iter()
            .find(|sign| head.contains(*sign))
            .unwrap_or(',');
        let columns: Vec<Verdict> = head
            .split(sign)
            .map(|name| self.answer(name.trim().trim_matches('"')).verdict)
            .collect();
        if columns.iter().all(|verdict| *verdict == Verdict::Harmless) {
            return self.text_with(text, secrets);
        }
        let mut out = format!("{head}\n");
        let mut rest = rows;
        let mut column = 0;
        while !rest.is_empty() {
            let length = field(rest, sign);
            let (value, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let plain = value.trim().trim_matches('"');
            let is_secret = match columns.get(column) {
                Some(Verdict::Secret) => !plain.is_empty() && !is_switch(plain),
                Some(Verdict::Judge(judge)) => judge.is_secret(plain, false),
                Some(Verdict::Harmless) | None => false,
            };
            if is_secret {
                secrets.add(plain);
                out.push_str(REDACTED);
                if value.ends_with('\r') {
                    out.push('\r');
                }
            } else {
                out.push_str(&self.text_with(value, secrets));
            }
            column = if tail.starts_with('\n') {
                0
            } else {
                column + 1
            };
            let mut tail = tail.chars();
            out.extend(tail.next());
            rest = tail.as_str();
        }
        out
    }
}

/// How long the field is with which a text begins, its quotes included.
fn field(text: &str, sign: char) -> usize {
    let mut is_quoted = false;
    text.find(|character| {
        if character == '"' {
            is_quoted = !is_quoted;
        }
        !is_quoted && (character == sign || character == '\n')
    })
    .unwrap_or(text.len())
}
