//! Secrets in HTML and XML: `<password>…</password>`, `<input name="csrf_token" value="…">`.

use super::{
    names::Verdict,
    shape::Judge,
    text::{Scan, run_end},
};

/// Longer tags are not looked into.
const MAX_TAG: usize = 1 << 10;

/// Longer names are not names.
const MAX_NAME: usize = 64;

/// Elements within one another that are looked through for a value.
const MAX_DEPTH: usize = 4;

/// Attributes and elements that name a value beside them.
const NAMING: &[&str] = &[
    "name",
    "id",
    "property",
    "key",
    "type",
    "field",
    "param-name",
];

/// Attributes that hold such a value.
const VALUES: &[&str] = &["value", "content", "val", "data", "default"];

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
        if bytes
            .get(name_end..)
            .is_some_and(|rest| rest.starts_with(b"//"))
        {
            // An address in angle brackets.
            return start + 1;
        }
        let limit = bytes.len().min(start + MAX_TAG);
        let (attributes, end) = self.attributes(name_end, limit);
        let is_about = attributes.iter().any(|attribute| {
            self.is(attribute.name, NAMING) && self.is_secret_name(attribute.value)
        });
        let mut has_value = false;
        for attribute in &attributes {
            let is_value = is_about && self.is(attribute.name, VALUES);
            has_value |= is_value;
            if is_value || self.is_secret_attribute(attribute) {
                self.mask(attribute.value.0, attribute.value.1);
            }
        }
        let local = name.rsplit(':').next().unwrap_or(name);
        let is_open = bytes.get(end) == Some(&b'>') && bytes.get(end - 1) != Some(&b'/');
        let verdict = if is_open {
            self.redactor.answer(local).verdict
        } else {
            Verdict::Harmless
        };
        if verdict != Verdict::Secret {
            // Values of other attributes are texts with secrets of their own.
            let on = if attributes.is_empty() {
                end
            } else {
                name_end.max(self.masked_to())
            };
            if !is_open {
                return on;
            }
            if is_about && !has_value {
                return self.inner(end + 1).unwrap_or(on);
            }
            if NAMING.iter().any(|known| local.eq_ignore_ascii_case(known))
                && let Some(last) = self.named(end + 1)
            {
                return last;
            }
            if let Verdict::Judge(judge) = verdict {
                let last = run_end(bytes, end + 1, |byte| byte != b'<');
                let value = self.text.get(end + 1..last).unwrap_or_default();
                if judge.is_secret(value, false) {
                    return self.mask(end + 1, last);
                }
            }
            return on;
        }
        self.element(local, end + 1)
    }

    /// Masks the content of an element, which begins at `start`, up to its closing tag; what is
    /// nested before it goes too.
    fn element(&mut self, local: &str, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let content = match bytes.get(start..) {
            Some(rest) if rest.starts_with(b"<![CDATA[") => start + 9,
            _ => start,
        };
        let length = self.text.get(content..).and_then(|rest| {
            rest.find("]]>")
                .filter(|_| content > start)
                .or_else(|| rest.find("</"))
        });
        let last = length.map_or(bytes.len(), |length| content + length);
        // A session of a conference has a title; that of a login has an id.
        let is_thing = matches!(local, "session" | "sessions")
            && bytes
                .get(start)
                .is_some_and(|first| matches!(first, b'<' | b'\n' | b' '));
        if is_thing {
            let text = self.text.get(content..last).unwrap_or_default();
            let value = text.rsplit('>').next().unwrap_or_default();
            if !Judge::Key.is_secret(value, true) {
                return start;
            }
        }
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

    /// Masks the value behind a name: `<name>password</name><value>…`, the name from `start` on.
    fn named(&mut self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let last = run_end(
            bytes.get(..bytes.len().min(start + MAX_NAME))?,
            start,
            |byte| byte != b'<',
        );
        if bytes.get(last..)?.starts_with(b"</") && self.is_secret_name((start, last)) {
            let close = run_end(bytes, last, |byte| byte != b'>');
            return self.inner(close + 1);
        }
        None
    }

    /// Masks the first text from `start` on, within the elements that begin before it.
    fn inner(&mut self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut index = start;
        for _ in 0..MAX_DEPTH {
            index = run_end(bytes, index, |byte| byte.is_ascii_whitespace());
            let rest = bytes.get(index..)?;
            if rest.starts_with(b"<![CDATA[") {
                let first = index + 9;
                let length = self.text.get(first..)?.find("]]>");
                let last = length.map_or(bytes.len(), |length| first + length);
                return Some(self.mask(first, last));
            }
            if rest.starts_with(b"</") {
                return None;
            }
            if !rest.starts_with(b"<") {
                let last = run_end(bytes, index, |byte| byte != b'<');
                return (index < last).then(|| self.mask(index, last));
            }
            let limit = bytes.len().min(index + MAX_TAG);
            let end = run_end(bytes.get(..limit)?, index, |byte| byte != b'>');
            if bytes.get(end) != Some(&b'>') || bytes.get(end - 1) == Some(&b'/') {
                return None;
            }
            index = end + 1;
        }
        None
    }

    /// Whether a name is one of these.
    fn is(&self, (start, end): (usize, usize), known: &[&str]) -> bool {
        self.text
            .get(start..end)
            .is_some_and(|name| known.iter().any(|known| name.eq_ignore_ascii_case(known)))
    }

    fn is_secret_name(&self, (start, end): (usize, usize)) -> bool {
        self.text
            .get(start..end)
            .is_some_and(|name| self.redactor.is_sensitive(name.trim()))
    }

    fn is_secret_attribute(&self, attribute: &Attribute) -> bool {
        let text = |(start, end): (usize, usize)| self.text.get(start..end).unwrap_or_default();
        match self.redactor.answer(text(attribute.name)).verdict {
            Verdict::Secret => true,
            Verdict::Harmless => false,
            Verdict::Judge(judge) => judge.is_secret(text(attribute.value), false),
        }
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
