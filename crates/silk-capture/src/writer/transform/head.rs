//! What HTTP brought, and the app's spans: made safe.

use silk_core::{CallSite, RequestDetail, RequestKind, SpanRecord, redact::Secrets};

use super::Transform;
use crate::record::{
    buffers::{Head, Span, Tee},
    panic_note::PanicNote,
};

impl Transform {
    /// What a panic said, and where it was. Of one that was caught, the error is its message.
    pub(super) fn note_panic(&self, panic: PanicNote, detail: &mut RequestDetail) {
        if detail.error.is_none() {
            detail.error = panic.message.map(|message| self.redactor.text(&message));
        }
        detail.error_site = panic.place.map(|(file, line)| CallSite {
            function: String::new(),
            file: self.resolver.name_of(std::path::Path::new(&file)),
            line,
        });
    }

    /// Name of the route and redacted path.
    pub(super) fn route(
        &mut self,
        head: &Head,
        kind: RequestKind,
        secrets: &mut Secrets,
    ) -> (String, String) {
        let template = head.route.as_str();
        if kind != RequestKind::Request {
            let name = self
                .redactor
                .text_with(template.unwrap_or_default(), secrets);
            return (name.clone(), name);
        }
        let path = self.redactor.path(head.uri.path(), template, secrets);
        let route = match template {
            Some(template) => template.to_owned(),
            None => self
                .routes
                .name_by(&head.route, &path, head.status != Some(404)),
        };
        (route, path)
    }

    pub(super) fn head_detail(&mut self, head: &mut Head, secrets: &mut Secrets) -> RequestDetail {
        let (headers, redactor) = (&mut self.headers, &*self.redactor);
        let request_headers = headers.safe(&head.request_headers, redactor, secrets);
        let response_headers = headers.safe(&head.response_headers, redactor, secrets);
        RequestDetail {
            query_string: head
                .uri
                .query()
                .map(|query| self.redactor.query_string(query, secrets)),
            http_version: head.version.map(|version| format!("{version:?}")),
            request_headers,
            response_headers,
            request_body: self.body(head.request_body.take(), &head.request_headers, secrets),
            response_body: self.body(head.response_body.take(), &head.response_headers, secrets),
            ..RequestDetail::default()
        }
    }

    fn body(
        &self,
        tee: Option<Tee>,
        headers: &http::HeaderMap,
        secrets: &mut Secrets,
    ) -> Option<silk_core::Body> {
        let tee = tee.filter(|tee| tee.total_bytes > 0)?;
        let content_type = headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        Some(
            self.redactor
                .body(content_type, &tee.captured, tee.total_bytes, secrets),
        )
    }

    pub(super) fn span(&self, span: Span, total_us: u64, secrets: &mut Secrets) -> SpanRecord {
        let mut fields = span.fields;
        self.redactor.fields(&mut fields, secrets);
        let ended_us = span.ended_us.unwrap_or(total_us).max(span.started_us);
        SpanRecord {
            name: span.metadata.name().to_owned(),
            target: span.metadata.target().to_owned(),
            file: span.metadata.file().map(ToOwned::to_owned),
            line: span.metadata.line(),
            started_us: span.started_us,
            duration_us: ended_us - span.started_us,
            busy_us: span.busy_us,
            parent: span.parent,
            fields,
        }
    }
}

pub(super) fn method(head: &Head, kind: RequestKind) -> String {
    if kind == RequestKind::Request {
        head.method.as_str().to_owned()
    } else {
        String::new()
    }
}

/// The trace id of a `traceparent` header: its 32 hex digits.
pub(super) fn trace_id(head: &Head) -> Option<String> {
    let header = head.request_headers.get("traceparent")?.to_str().ok()?;
    let id = header.split('-').nth(1)?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_ascii_lowercase())
}
