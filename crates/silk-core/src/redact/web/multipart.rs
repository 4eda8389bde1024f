//! Multipart forms, of which only names and sizes of the parts stay.

use crate::redact::{Redactor, Secrets};

impl Redactor {
    /// Names and sizes of the parts, a line each.
    pub(super) fn multipart(
        &self,
        content_type: &str,
        captured: &[u8],
        is_truncated: bool,
        secrets: &mut Secrets,
    ) -> Option<String> {
        let boundary = content_type
            .split(';')
            .find_map(|part| part.trim().strip_prefix("boundary="))?;
        let boundary = boundary.trim_matches('"');
        if boundary.is_empty() || boundary.len() > 200 {
            return None;
        }
        let delimiter = format!("--{boundary}");
        let mut lines = Vec::new();
        let mut rest = captured;
        rest = rest.get(find(rest, delimiter.as_bytes())? + delimiter.len()..)?;
        while lines.len() < 100 && !rest.starts_with(b"--") {
            let next = find(rest, delimiter.as_bytes());
            let part = rest.get(..next.unwrap_or(rest.len())).unwrap_or_default();
            let Some(head_end) = find(part, b"\r\n\r\n") else {
                break;
            };
            let head =
                String::from_utf8_lossy(part.get(..head_end).unwrap_or_default()).into_owned();
            let content = part.len().saturating_sub(head_end + 4);
            let size = if next.is_some() {
                content.saturating_sub(2)
            } else {
                content
            };
            let name = attribute(&head, "name").unwrap_or_default();
            if self.is_sensitive(&name)
                && let Some(value) = part.get(head_end + 4..head_end + 4 + size)
                && let Ok(value) = std::str::from_utf8(value)
            {
                secrets.add(value);
            }
            let file = if attribute(&head, "filename").is_some() {
                ", a file"
            } else {
                ""
            };
            let more = if next.is_none() && is_truncated {
                " or more"
            } else {
                ""
            };
            lines.push(format!("{name}: {size} bytes{more}{file}"));
            let Some(next) = next else { break };
            rest = rest.get(next + delimiter.len()..).unwrap_or_default();
        }
        Some(lines.join("\n"))
    }
}

fn attribute(head: &str, name: &str) -> Option<String> {
    head.split([';', '\r', '\n'])
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"').to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
