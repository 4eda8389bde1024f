//! The one redactor: nothing reaches store, log or page but through it.

use std::borrow::Cow;

use crate::{Body, DatabaseKind, Header, QueryError, RequestRecord, Value};

/// What stands for a value that was taken out.
pub const REDACTED: &str = "[redacted]";

/// Takes secrets out of everything that is recorded.
#[derive(Debug, Clone, Default)]
pub struct Redactor {}

/// Builds a [`Redactor`].
#[derive(Debug, Clone, Default)]
pub struct RedactorBuilder {}

impl RedactorBuilder {
    /// Adds a sensitive name.
    #[must_use]
    pub fn sensitive(self, _name: impl Into<String>) -> Self {
        self
    }

    /// Takes a name out.
    #[must_use]
    pub fn not_sensitive(self, _name: impl Into<String>) -> Self {
        self
    }

    /// The redactor.
    #[must_use]
    pub fn build(self) -> Redactor {
        Redactor {}
    }
}

impl Redactor {
    /// Starts from the default names.
    #[must_use]
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder {}
    }

    /// Whether values of this name are secrets.
    #[must_use]
    pub fn is_sensitive(&self, name: &str) -> bool {
        name.contains("password")
    }

    /// A header, made safe.
    #[must_use]
    pub fn header(&self, name: &str, value: &str, _secrets: &mut Secrets) -> Header {
        Header {
            name: name.to_ascii_lowercase(),
            value: value.to_owned(),
            is_redacted: false,
        }
    }

    /// A query string, made safe.
    #[must_use]
    pub fn query_string(&self, query: &str, _secrets: &mut Secrets) -> String {
        query.to_owned()
    }

    /// A path, made safe.
    #[must_use]
    pub fn path(&self, path: &str, _template: Option<&str>, _secrets: &mut Secrets) -> String {
        path.to_owned()
    }

    /// A body, made safe.
    #[must_use]
    pub fn body(
        &self,
        content_type: Option<&str>,
        captured: &[u8],
        total_bytes: u64,
        _secrets: &mut Secrets,
    ) -> Body {
        Body {
            content_type: content_type.map(ToOwned::to_owned),
            total_bytes,
            text: std::str::from_utf8(captured).ok().map(ToOwned::to_owned),
            is_truncated: (captured.len() as u64) < total_bytes,
            is_redacted: false,
        }
    }

    /// Named fields, made safe in place.
    pub fn fields(&self, _fields: &mut Vec<(String, String)>, _secrets: &mut Secrets) {}

    /// Free text, made safe.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        text.to_owned()
    }

    /// A database's error without values.
    #[must_use]
    pub fn query_error(
        &self,
        _kind: DatabaseKind,
        code: Option<String>,
        message: &str,
    ) -> QueryError {
        QueryError {
            code,
            message: message.to_owned(),
        }
    }
}

/// Values redacted somewhere in a request, to be scrubbed everywhere else in it.
#[derive(Debug, Clone, Default)]
pub struct Secrets {}

impl Secrets {
    /// Remembers a value.
    pub fn add(&mut self, _secret: &str) {}

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        true
    }

    /// A text without the secrets.
    #[must_use]
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }

    /// Redacts a bound value that holds a secret.
    pub fn scrub_value(&self, _value: &mut Value) {}

    /// Takes the secrets out of every text of a record.
    pub fn scrub_record(&self, _record: &mut RequestRecord) {}
}
