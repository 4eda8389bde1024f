//! Which names stand for secrets.

mod lists;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use self::lists::{DEFAULT, ENDINGS, HARMLESS_FIRST, HARMLESS_LAST};

/// Longer names are not names.
const MAX_NAME: usize = 256;

/// Answers remembered; all are forgotten beyond.
const MAX_REMEMBERED: usize = 1_024;
/// Longer names are not remembered.
const MAX_REMEMBERED_NAME: usize = 64;

/// Answers given: the keys of documents and the names of headers are few, and come again and again.
#[derive(Debug, Default)]
struct Memo(Mutex<HashMap<Box<str>, bool, foldhash::fast::RandomState>>);

impl Clone for Memo {
    /// Empty: the copy's names may change.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A set of names by their words.
#[derive(Debug, Clone)]
pub(super) struct Names {
    memo: Memo,
    /// Words joined by spaces.
    apart: BTreeSet<String>,
    /// Words joined by nothing: of those names that are never parts of common words.
    together: BTreeSet<String>,
    /// Names that are said not to be sensitive.
    except: BTreeSet<String>,
    longest: usize,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            memo: Memo::default(),
            apart: BTreeSet::new(),
            together: BTreeSet::new(),
            except: BTreeSet::new(),
            longest: 1,
        };
        for name in DEFAULT {
            names.add(name);
        }
        names
    }
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.memo = Memo::default();
        let words = words(name);
        if words.is_empty() {
            return;
        }
        self.longest = self.longest.max(words.len());
        self.together.insert(words.concat());
        let joined = words.join(" ");
        self.except.remove(&joined);
        self.apart.insert(joined);
    }

    pub(super) fn except(&mut self, name: &str) {
        self.memo = Memo::default();
        let words = words(name);
        let joined = words.join(" ");
        // A name of the list goes; any other one is an exception.
        self.apart.remove(&joined);
        self.together.remove(&words.concat());
        self.except.insert(joined);
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        if name.is_empty() || name.len() > MAX_NAME {
            return false;
        }
        if name.len() > MAX_REMEMBERED_NAME {
            return self.matches(name);
        }
        let lock = || self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(name).copied();
        known.unwrap_or_else(|| {
            let is_it = self.matches(name);
            let mut memo = lock();
            if memo.len() >= MAX_REMEMBERED {
                memo.clear();
            }
            memo.insert(name.into(), is_it);
            is_it
        })
    }

    fn matches(&self, name: &str) -> bool {
        let words = words(name);
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return false;
        };
        if !self.except.is_empty() && self.except.contains(&words.join(" ")) {
            return false;
        }
        let is_about = words.len() > 1
            && (HARMLESS_LAST.contains(&last.as_str()) || HARMLESS_FIRST.contains(&first.as_str()));
        if is_about && !self.apart.contains(&words.join(" ")) {
            return false;
        }
        (0..words.len()).any(|start| {
            let most = self.longest.min(words.len() - start);
            (1..=most).any(|length| {
                let run = &words[start..start + length];
                if length == 1 {
                    self.is_word(&run[0])
                } else {
                    self.apart.contains(&run.join(" "))
                }
            })
        })
    }
}

impl Names {
    fn is_word(&self, word: &str) -> bool {
        self.apart.contains(word)
            || self.together.contains(word)
            || ENDINGS
                .iter()
                .any(|ending| word.ends_with(ending) && self.together.contains(*ending))
    }
}

/// The words of a name in lower case: `X-Api-Key`, `x_api_key`, `xApiKey` and `XApiKey` have the
/// same. Digits at the end of a word do not count: `password2`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        if !character.is_alphanumeric() {
            end(&mut words, &mut word);
        } else {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let starts = character.is_uppercase()
                && (before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && next_is_lower));
            if starts {
                end(&mut words, &mut word);
            }
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    end(&mut words, &mut word);
    words
}

fn end(words: &mut Vec<String>, word: &mut String) {
    let length = word
        .trim_end_matches(|character: char| character.is_ascii_digit())
        .len();
    if length > 0 {
        word.truncate(length);
    }
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("X-Api-Key"), ["x", "api", "key"]);
        assert_eq!(words("HTTPServerKey"), ["http", "server", "key"]);
        assert_eq!(words("userPassword2"), ["user", "password"]);
        assert_eq!(words("USER_PASSWORD"), ["user", "password"]);
        assert_eq!(words("user[password]"), ["user", "password"]);
    }

    #[test]
    fn secrets_are_known_by_whole_words() {
        let names = Names::default();
        for name in [
            "password",
            "Password",
            "user_password",
            "passwordHash",
            "X-Api-Key",
            "apiKey",
            "apikey",
            "APIKEY",
            "access_token",
            "accessToken",
            "accesstoken",
            "Authorization",
            "Proxy-Authorization",
            "Set-Cookie",
            "client_secret",
            "PIN",
            "pin",
            "user.pin",
            "PHPSESSID",
            "connect.sid",
            "session_id",
            "csrf_token",
            "csrfmiddlewaretoken",
            "X-XSRF-TOKEN",
            "private_key",
            "card_number",
            "cardNumber",
            "cvv",
            "otp",
            "pwd",
            "passphrase",
            "AWS_SECRET_ACCESS_KEY",
            "user[password]",
            "password2",
            "signature",
            "ssn",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for name in [
            "monkey",
            "keyboard",
            "tokenizer",
            "author",
            "passenger",
            "spinner",
            "secretary",
            "key",
            "id",
            "",
            "pinned",
            "compass",
            "passive",
            "authority",
            "max_tokens",
            "token_type",
            "token_count",
            "password_changed_at",
            "has_password",
            "Content-Type",
            "sidebar",
            "obsession",
            "user",
            "email",
            "primary_key",
        ] {
            assert!(!names.contains(name), "{name}");
        }
    }

    #[test]
    fn the_list_can_be_changed() {
        let mut names = Names::default();
        names.add("loyalty number");
        names.except("session");
        names.except("push_token");
        assert!(names.contains("loyaltyNumber") && names.contains("LOYALTY_NUMBER"));
        assert!(!names.contains("session") && !names.contains("pushToken"));
        assert!(names.contains("token") && names.contains("session_token"));
    }
}
