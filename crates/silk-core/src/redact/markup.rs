//! Secrets in HTML and XML: `<password>…</password>`, `<input name="csrf_token" value="…">`.

use super::text::{Scan, run_end};

/// Longer tags are not looked into.
const MAX_TAG: usize = 1 << 10;

const fn is_tag_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':') || byte >= 0x80
}

/// An attribute: where its name and its value stand.
struct Attribute {
    name: (usize, usize),
    value: (usize, usize),
}

impl Scan<'_, '_> {
    /// Looks into the tag that starts at `start`; returns from where on to look further.
    pub(super) fn tag(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let name_end = run_end(bytes, start + 1, is_tag_name);
        let Some(name) = self
            .text
            .get(start + 1..name_end)
            .filter(|name| !name.is_empty())
        else {
            return start + 1;
        };
        let limit = bytes.len().min(start + MAX_TAG);
        let (attributes, end) = self.attributes(name_end, limit);
        let is_about = attributes.iter().any(|attribute| {
            let names = ["name", "id", "property", "key"];
            self.text
                .get(attribute.name.0..attribute.name.1)
                .is_some_and(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
                && self.is_secret_name(attribute.value)
        });
        for attribute in &attributes {
            let is_value = is_about
                && self
                    .text
                    .get(attribute.name.0..attribute.name.1)
                    .is_some_and(|name| {
                        name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case("content")
                    });
            if is_value || self.is_secret_name(attribute.name) {
                self.mask(attribute.value.0, attribute.value.1);
            }
        }
        let local = name.rsplit(':').next().unwrap_or(name);
        let is_open = bytes.get(end) == Some(&b'>') && bytes.get(end - 1) != Some(&b'/');
        if !is_open || !self.redactor.is_sensitive(local) {
            // Values of other attributes are texts with secrets of their own.
            return if attributes.is_empty() {
                end
            } else {
                name_end.max(self.masked_to())
            };
        }
        let content = end + 1;
        let content = match bytes.get(content..) {
            Some(rest) if rest.starts_with(b"<![CDATA[") => content + 9,
            _ => content,
        };
        // Up to the closing tag; what is nested before it goes too.
        let length = self.text.get(content..).and_then(|rest| {
            rest.find("]]>")
                .filter(|_| content > end + 1)
                .or_else(|| rest.find("</"))
        });
        let last = length.map_or(bytes.len(), |length| content + length);
        let is_blank = self
            .text
            .get(content..last)
            .is_none_or(|text| text.trim().is_empty());
        if is_blank {
            last
        } else {
            self.mask(content, last)
        }
    }

    fn is_secret_name(&self, (start, end): (usize, usize)) -> bool {
        self.text
            .get(start..end)
            .is_some_and(|name| self.redactor.is_sensitive(name))
    }

    /// The attributes from `from` on, and where the tag's `>` is (or the text ends).
    fn attributes(&self, from: usize, limit: usize) -> (Vec<Attribute>, usize) {
        let bytes = self.text.as_bytes().get(..limit).unwrap_or_default();
        let mut attributes = Vec::new();
        let mut index = from;
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'>' => return (attributes, index),
                b'<' => return (attributes, index - 1),
                _ if !is_tag_name(*byte) => index += 1,
                _ => {
                    let name_end = run_end(bytes, index, is_tag_name);
                    let name = (index, name_end);
                    let after = run_end(bytes, name_end, |byte| byte.is_ascii_whitespace());
                    if bytes.get(after) != Some(&b'=') {
                        index = name_end;
                        continue;
                    }
                    let first = run_end(bytes, after + 1, |byte| byte.is_ascii_whitespace());
                    let (first, last) = match bytes.get(first) {
                        Some(quote @ (b'"' | b'\'')) => {
                            (first + 1, run_end(bytes, first + 1, |byte| byte != *quote))
                        }
                        _ => (
                            first,
                            run_end(bytes, first, |byte| {
                                !byte.is_ascii_whitespace() && byte != b'>'
                            }),
                        ),
                    };
                    attributes.push(Attribute {
                        name,
                        value: (first, last),
                    });
                    // Behind the closing quote.
                    index = last + usize::from(matches!(bytes.get(last), Some(b'"' | b'\'')));
                }
            }
        }
        (attributes, bytes.len())
    }
}
