//! Patterns of routes and paths.

/// A text with `*`; each stands for any number of characters, none included.
///
/// Upper and lower case differ, and no other character is special. The `*` of a route like
/// `/files/{*path}` stands for itself.
///
/// ```
/// use silk_core::store::TextPattern;
///
/// let pattern = TextPattern::new("*99*").unwrap();
/// assert!(pattern.matches("/orders/1995"));
/// assert!(!pattern.matches("/orders/9"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPattern<'a> {
    first: &'a str,
    between: Vec<&'a str>,
    /// None in a pattern without `*`.
    last: Option<&'a str>,
}

/// A pattern with more than [`TextPattern::MAX_STARS`] `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern may hold at most {} `*`", TextPattern::MAX_STARS)]
pub struct TooManyStars;

impl<'a> TextPattern<'a> {
    /// `*` in a pattern at most; several in a row count as one.
    pub const MAX_STARS: usize = 8;

    /// Reads a pattern.
    ///
    /// # Errors
    /// It has too many `*`.
    pub fn new(text: &'a str) -> Result<Self, TooManyStars> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (at, _) in text.match_indices('*') {
            if !text[..at].ends_with('{') {
                parts.push(&text[start..at]);
                start = at + 1;
            }
        }
        let rest = &text[start..];
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Ok(Self {
                first: rest,
                between: Vec::new(),
                last: None,
            });
        };
        let between: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if between.len() >= Self::MAX_STARS {
            return Err(TooManyStars);
        }
        Ok(Self {
            first,
            between,
            last: Some(rest),
        })
    }

    /// The text that alone matches, of a pattern without `*`.
    #[must_use]
    pub const fn exact(&self) -> Option<&'a str> {
        match self.last {
            None => Some(self.first),
            Some(_) => None,
        }
    }

    /// What stands before the first `*`, between two, and after the last one.
    #[must_use]
    pub fn parts(&self) -> (&'a str, &[&'a str], &'a str) {
        (self.first, &self.between, self.last.unwrap_or_default())
    }

    /// Whether a text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(last) = self.last else {
            return text == self.first;
        };
        let Some(mut rest) = text
            .strip_prefix(self.first)
            .and_then(|rest| rest.strip_suffix(last))
        else {
            return false;
        };
        // Each as early as it comes leaves most for the next.
        for part in &self.between {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text_wherever_they_are() {
        for (pattern, text, wanted) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("", "", true),
            ("", "/", false),
            ("*", "", true),
            ("**", "/any", true),
            ("/a*", "/a", true),
            ("/a*", "/b/a", false),
            ("*/edit", "/threads/7/edit", true),
            ("*/edit", "/threads/7/edit/now", false),
            ("*99*", "/threads/1995", true),
            ("*99*", "99", true),
            ("*99*", "/threads/9", false),
            ("/a*b", "/ab", true),
            ("/a*b", "/a-b-b", true),
            ("/a*a", "/a", false),
            ("a*ba*b", "aba-b", true),
            ("a*ba*b", "ab", false),
            ("*b*a*", "ab", false),
            ("*é*", "/caf\u{e9}/1", true),
            ("*É*", "/caf\u{e9}/1", false),
            ("*?*", "/a", false),
            ("*%*", "/a", false),
            ("*[a]*", "/a", false),
            ("/files/{*path}", "/files/{*path}", true),
            ("/files/{*path}", "/files/{path}", false),
            ("/files/{*path}*", "/files/{*path}/x", true),
        ] {
            let pattern = TextPattern::new(pattern).unwrap();
            assert_eq!(pattern.matches(text), wanted, "{pattern:?} of {text}");
        }
    }

    #[test]
    fn too_many_stars_are_refused_and_rows_of_them_are_one() {
        let many = "*a".repeat(TextPattern::MAX_STARS);
        assert!(TextPattern::new(&many).is_ok());
        assert_eq!(TextPattern::new(&format!("{many}*b*")), Err(TooManyStars));
        assert!(TextPattern::new(&"*".repeat(1000)).is_ok());
    }
}
