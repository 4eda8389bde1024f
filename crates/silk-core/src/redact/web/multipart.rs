//! Multipart forms: only names and sizes of the parts stay.

use crate::redact::{Redactor, Secrets};

impl Redactor {
    /// Names and sizes of the parts, a line each.
    pub(super) fn multipart(
        &self,
        boundary: &str,
        captured: &[u8],
        is_truncated: bool,
        secrets: &mut Secrets,
    ) -> Option<String> {
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
            // Written by hand, lines may end without a carriage return.
            let Some((head_end, gap)) = find(part, b"\r\n\r\n")
                .map(|end| (end, 4))
                .or_else(|| find(part, b"\n\n").map(|end| (end, 2)))
            else {
                break;
            };
            let head =
                String::from_utf8_lossy(part.get(..head_end).unwrap_or_default()).into_owned();
            let content = part.len().saturating_sub(head_end + gap);
            let size = if next.is_some() {
                content.saturating_sub(gap / 2)
            } else {
                content
            };
            let name = attribute(&head, "name").unwrap_or_default();
            if let Some(value) = part.get(head_end + gap..head_end + gap + size)
                && let Ok(value) = std::str::from_utf8(value)
                && self.is_secret(&name, value)
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

/// The boundary that the type of a form gives.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
}

/// Whether a body is a form, whatever its type says.
pub(super) fn is_form(captured: &[u8]) -> bool {
    captured.starts_with(b"--")
        && find(
            captured
                .get(..captured.len().min(1_024))
                .unwrap_or_default(),
            b"form-data",
        )
        .is_some()
}

/// The boundary by which such a body begins.
pub(super) fn first_boundary(captured: &[u8]) -> Option<&str> {
    let line = captured
        .strip_prefix(b"--")?
        .split(|byte| *byte == b'\n')
        .next()?;
    std::str::from_utf8(line).ok().map(str::trim_end)
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
