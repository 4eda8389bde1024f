//! What was taken out in one place is taken out in every other.

use std::{borrow::Cow, sync::Arc};

use super::{REDACTED, web::percent_encode};
use crate::{RequestRecord, Statement, Value, ValueState};

/// Shorter values would be found everywhere.
pub(super) const MIN_BYTES: usize = 6;
/// More values than this are not remembered.
const MAX_SECRETS: usize = 64;
/// Longer values are remembered by their beginning only, which marks them as well.
const MAX_BYTES: usize = 512;
/// From this length on a value is looked for within words too.
const WITHIN_WORDS: usize = 10;

/// Words that are values of sensitive names at times, but no secrets.
const COMMON: &[&str] = &[
    "access_token",
    "api_key",
    "apikey",
    "application",
    "authorization",
    "basic",
    "bearer",
    "cookie",
    "credentials",
    "default",
    "deleted",
    "delete",
    "digest",
    "disabled",
    "enabled",
    "expired",
    "header",
    "invalid",
    "localhost",
    "password",
    "passwd",
    "private",
    "public",
    "redacted",
    "refresh_token",
    "required",
    "secret",
    "select",
    "session",
    "string",
    "undefined",
    "unknown",
];

/// Values that were redacted somewhere in one request: scrubbed out of all its other texts.
///
/// Values of fewer than six bytes and common words are not remembered; at most 64 are.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The forms in which values turn up (plain, percent-encoded, form-encoded, escaped as in
    /// JSON), longest first.
    forms: Vec<String>,
    count: usize,
}

impl Secrets {
    /// Remembers a value.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < MIN_BYTES
            || secret.contains(REDACTED)
            || self.count >= MAX_SECRETS
            || COMMON
                .iter()
                .any(|common| secret.eq_ignore_ascii_case(common))
        {
            return;
        }
        // A run of one letter is a placeholder (`******`), not a value.
        let first = secret.chars().next();
        if secret.chars().all(|character| Some(character) == first) {
            return;
        }
        let end = secret.floor_char_boundary(MAX_BYTES);
        let secret = &secret[..end];
        if self.forms.iter().any(|form| form == secret) {
            return;
        }
        self.count += 1;
        let json = serde_json::to_string(secret).unwrap_or_default();
        let json = json
            .trim_start_matches('"')
            .strip_suffix('"')
            .unwrap_or_default()
            .to_owned();
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let sql = secret.replace('\'', "''");
        let debug = format!("{secret:?}");
        let debug = debug.get(1..debug.len() - 1).unwrap_or_default().to_owned();
        let all = [
            secret.to_owned(),
            percent_encode(secret),
            form,
            json,
            sql,
            debug,
        ];
        for form in all {
            if form.len() >= MIN_BYTES && !self.forms.contains(&form) {
                let at = self
                    .forms
                    .partition_point(|known| known.len() >= form.len());
                self.forms.insert(at, form);
            }
        }
    }

    /// Remembers all that another one does.
    pub fn extend(&mut self, other: &Self) {
        for form in &other.forms {
            // Six forms at most are made of one value.
            if self.forms.len() < 6 * MAX_SECRETS && !self.forms.contains(form) {
                let at = self
                    .forms
                    .partition_point(|known| known.len() >= form.len());
                self.forms.insert(at, form.clone());
            }
        }
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// A text without the secrets.
    #[must_use]
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in &self.forms {
            if let Some(clean) = without(&text, form) {
                text = Cow::Owned(clean);
            }
        }
        text
    }

    /// Redacts a bound value that holds a secret.
    pub fn scrub_value(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        let (ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. }) = &value.state else {
            return;
        };
        let text = String::from_utf8_lossy(bytes);
        if self.forms.iter().any(|form| without(&text, form).is_some()) {
            value.state = ValueState::Redacted;
        }
    }

    /// Takes the secrets out of every text of a record.
    pub fn scrub_record(&self, record: &mut RequestRecord) {
        if self.is_empty() {
            return;
        }
        let summary = &mut record.summary;
        self.clean(&mut summary.path);
        // Without a template the route is the path.
        self.clean(&mut summary.route);
        let detail = &mut record.detail;
        self.clean_option(&mut detail.query_string);
        self.clean_option(&mut detail.error);
        for header in detail
            .request_headers
            .iter_mut()
            .chain(&mut detail.response_headers)
        {
            header.is_redacted |= self.clean(&mut header.value);
        }
        for body in detail
            .request_body
            .iter_mut()
            .chain(&mut detail.response_body)
        {
            body.is_redacted |= self.clean_option(&mut body.text);
        }
        // What a statement keeps of its text are names, and all of a text that did not tokenize.
        let mut is_in_names = false;
        for text in &mut detail.texts {
            if let Cow::Owned(clean) = self.scrub(&text.text) {
                text.text = clean.into();
                text.is_redacted = true;
                is_in_names |= self.clean_statement(&mut text.statement);
            }
        }
        if is_in_names {
            for statement in &mut record.statements {
                self.clean_statement(&mut statement.statement);
            }
        }
        for query in &mut detail.queries {
            for value in query.values.iter_mut().flatten() {
                self.scrub_value(value);
            }
            if let Some(error) = &mut query.error {
                self.clean(&mut error.message);
            }
        }
        for wait in &mut detail.waits {
            self.clean_option(&mut wait.error);
            for holder in &mut wait.holders {
                self.clean(&mut holder.route);
                self.clean_option(&mut holder.normalized);
            }
        }
        for transaction in &mut detail.transactions {
            if let Some(error) = &mut transaction.error {
                self.clean(&mut error.message);
            }
        }
        for span in &mut detail.spans {
            self.clean(&mut span.name);
            self.clean_fields(&mut span.fields);
        }
        for log in &mut detail.logs {
            self.clean(&mut log.message);
            self.clean_fields(&mut log.fields);
        }
        let accepted = detail.accepted.iter_mut().map(|one| &mut one.finding);
        for finding in record.findings.iter_mut().chain(accepted) {
            self.clean(&mut finding.title);
            self.clean(&mut finding.detail);
            self.clean_option(&mut finding.remedy);
        }
    }

    fn clean(&self, text: &mut String) -> bool {
        let Cow::Owned(clean) = self.scrub(text) else {
            return false;
        };
        *text = clean;
        true
    }

    fn clean_option(&self, text: &mut Option<String>) -> bool {
        text.as_mut().is_some_and(|text| self.clean(text))
    }

    fn clean_fields(&self, fields: &mut [(String, String)]) {
        for (_, value) in fields {
            self.clean(value);
        }
    }

    fn clean_statement(&self, statement: &mut Arc<Statement>) -> bool {
        let is_found = |text: &str| matches!(self.scrub(text), Cow::Owned(_));
        if !is_found(&statement.normalized) && !statement.tables.iter().any(|name| is_found(name)) {
            return false;
        }
        let statement = Arc::make_mut(statement);
        self.clean(&mut statement.normalized);
        for table in &mut statement.tables {
            self.clean(table);
        }
        true
    }
}

/// `text` without `secret`, where it holds it. Short ones count as whole words only, and the
/// beginning of one counts at the very end of a text that may have been cut.
pub(super) fn without(text: &str, secret: &str) -> Option<String> {
    let mut out = String::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(secret)) {
        let start = from + found;
        let end = start + secret.len();
        if secret.len() >= WITHIN_WORDS || is_whole(text, start, end) {
            out.push_str(&text[kept..start]);
            out.push_str(REDACTED);
            kept = end;
            from = end;
        } else {
            from = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
    let rest = &text[kept..];
    let cut = (WITHIN_WORDS..secret.len().min(rest.len() + 1))
        .rev()
        .find(|length| secret.is_char_boundary(*length) && rest.ends_with(&secret[..*length]));
    if kept == 0 && cut.is_none() {
        return None;
    }
    out.push_str(&rest[..rest.len() - cut.unwrap_or(0)]);
    if cut.is_some() {
        out.push_str(REDACTED);
    }
    Some(out)
}

fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}
