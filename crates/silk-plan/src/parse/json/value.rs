//! A JSON value, as much of it as plans need.

/// A JSON value, numbers as they were written.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Without recursion: a value of a thousand levels is read before it is refused.
impl Drop for Json {
    fn drop(&mut self) {
        let mut open = Vec::new();
        self.take_parts(&mut open);
        while let Some(mut part) = open.pop() {
            part.take_parts(&mut open);
        }
    }
}

impl Json {
    /// Moves what is in it to the end of the list, the first last.
    pub(crate) fn take_parts(&mut self, list: &mut Vec<Self>) {
        match self {
            Self::Array(items) => list.extend(items.drain(..).rev()),
            Self::Object(entries) => list.extend(entries.drain(..).rev().map(|(_, value)| value)),
            _ => {}
        }
    }

    /// The value of this key, the first if it is repeated.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// Keys and values; none if it is no object.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// Items; none if it is no array.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, also one written as a string (`"query_cost": "12.5"`).
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(text) | Self::Text(text) => number(text),
            _ => None,
        }
    }

    /// Whether it is an object with anything in it.
    pub(crate) fn has_entries(&self) -> bool {
        !self.entries().is_empty()
    }

    /// Whether it is an object or holds any.
    pub(crate) fn has_objects(&self) -> bool {
        match self {
            Self::Object(_) => true,
            Self::Array(items) => items.iter().any(|item| matches!(item, Self::Object(_))),
            _ => false,
        }
    }

    /// How it reads in one line.
    pub(crate) fn to_line(&self) -> String {
        let mut line = String::new();
        // Scalars within scalars within …: three levels are all that plans print.
        self.write_line(&mut line, 3);
        line
    }

    fn write_line(&self, line: &mut String, depth: usize) {
        match self {
            Self::Null => line.push_str("null"),
            Self::Bool(value) => line.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) | Self::Text(text) => line.push_str(text),
            Self::Array(_) | Self::Object(_) if depth == 0 => line.push('…'),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        line.push_str(", ");
                    }
                    item.write_line(line, depth - 1);
                }
            }
            Self::Object(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        line.push_str(", ");
                    }
                    line.push_str(key);
                    line.push_str(": ");
                    value.write_line(line, depth - 1);
                }
            }
        }
    }
}

/// A number as plans write them; nothing that is not finite, nothing below zero.
pub(crate) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().parse().ok()?;
    // Less than a billionth of anything is none, and nothing to divide by.
    let value = if value < 1e-9 { 0.0 } else { value };
    value.is_finite().then(|| value.clamp(0.0, 1e15))
}
