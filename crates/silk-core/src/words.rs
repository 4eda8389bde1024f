//! Numbers with the words that they count, written the same on every page and in every message.

/// A number with separators: `10,112`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 request`, `10,112 requests`, `0 queries`.
#[must_use]
pub fn counted(n: u64, word: &str) -> String {
    if n == 1 {
        format!("1 {word}")
    } else {
        format!("{} {}", count(n), plural(word))
    }
}

/// The plural of a noun, which is the last of several words: `queries`, `other statements`.
#[must_use]
pub fn plural(word: &str) -> String {
    let stem = word
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    let hisses = ["s", "x", "z", "ch", "sh"];
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if hisses.iter().any(|end| word.ends_with(end)) => format!("{word}es"),
        None => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators_and_words_their_number() {
        assert_eq!(count(999), "999");
        assert_eq!(count(2_896), "2,896");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "query"), "0 queries");
        assert_eq!(counted(10_112, "wait"), "10,112 waits");
        assert_eq!(counted(2, "index"), "2 indexes");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(counted(1, "other statement"), "1 other statement");
        assert_eq!(counted(3_000, "lighter node"), "3,000 lighter nodes");
    }
}
