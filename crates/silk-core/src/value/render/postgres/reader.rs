//! Reads the parts of a value that has several.

/// The bytes that are left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        Some(f64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A length, then so many bytes; none within for the length −1, which is NULL.
    pub(super) fn part(&mut self) -> Option<Option<&'a [u8]>> {
        match self.int()? {
            -1 => Some(None),
            length => Some(Some(self.take(usize::try_from(length).ok()?)?)),
        }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// A part between the marks of an array, a range or a composite: quoted where it holds what could
/// be taken for one of them. `escape` puts a backslash before quotes and backslashes, else they
/// are doubled.
pub(super) fn push_quoted(out: &mut String, text: &str, special: &[char], is_escaped: bool) {
    let needs_quotes = text.is_empty()
        || text.contains(|c: char| {
            c.is_ascii_whitespace()
                || c == '\u{b}'
                || matches!(c, '"' | '\\')
                || special.contains(&c)
        });
    if !needs_quotes {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push(if is_escaped { '\\' } else { c });
        }
        out.push(c);
    }
    out.push('"');
}
