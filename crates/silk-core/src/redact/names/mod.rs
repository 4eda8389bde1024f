//! Which names stand for secrets.

mod lists;
mod words;

use std::{
    collections,
    sync::{LazyLock, Mutex, PoisonError},
};

use self::lists::{By, names, section};
pub(super) use self::words::words;
use super::shape::{Judge, is_prose, is_switch};

type HashMap<K, V> = collections::HashMap<K, V, foldhash::fast::RandomState>;
type HashSet<T> = collections::HashSet<T, foldhash::fast::RandomState>;

/// Longer names are not names.
const MAX_NAME: usize = 256;

/// Answers remembered; all are forgotten beyond.
const MAX_REMEMBERED: usize = 1_024;
/// Longer names are not remembered.
const MAX_REMEMBERED_NAME: usize = 64;

/// What a name says of its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is no secret.
    #[default]
    Harmless,
    /// It is one, whatever it looks like.
    Secret,
    /// It is one if it looks like it.
    Judge(Judge),
}

/// All that is asked about a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// Whether its last word may make another verdict of a name within it: `card` of `number`.
    pub(super) may_join: bool,
    /// Whether what follows it in a path opens a door: `reset-password`.
    pub(super) is_action: bool,
    /// Whether a digest beside it is that of a file or commit.
    pub(super) is_of_file: bool,
    /// Whether a code beside it is that of an error or of a thing.
    pub(super) is_of_error: bool,
    /// Whether hex behind it in a path is the digest of a file: `avatar`.
    pub(super) is_before_digest: bool,
}

impl Answer {
    /// Whether a value opens a door by what its name in a query string does: `invite=…`.
    pub(super) fn opens(self, name: &str, value: &str) -> bool {
        // An id of another kind of name (`share_id`) opens nothing.
        self.is_action && Judge::Key.is_secret(value, words(name).len() == 1)
    }
}

/// Answers given: the keys of documents and the names of headers are few, and come again and again.
#[derive(Debug, Default)]
struct Memo(Mutex<HashMap<Box<str>, Answer>>);

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
    /// Words joined by spaces; those of two and more also joined by nothing.
    known: HashMap<String, By>,
    /// What longer words may end with, or have within.
    parts: Vec<String>,
    /// Names that are said not to be sensitive.
    except: HashSet<String>,
    /// First words of known names that have several, and words before which names are harmless.
    joins: HashSet<String>,
    longest: usize,
    context: &'static Context,
}

/// What tells harmless names apart.
#[derive(Debug)]
struct Context {
    last: HashSet<String>,
    units: HashSet<String>,
    first: HashSet<String>,
    anywhere: HashSet<String>,
    harmless: HashSet<String>,
    before: HashSet<String>,
    files: HashSet<String>,
    digests: HashSet<String>,
    errors: HashSet<String>,
    actions: HashSet<String>,
}

static CONTEXT: LazyLock<Context> = LazyLock::new(|| Context {
    last: section("last").collect(),
    units: section("units").collect(),
    first: section("first").collect(),
    anywhere: section("anywhere").collect(),
    harmless: section("harmless").collect(),
    before: section("before").collect(),
    files: section("files").collect(),
    digests: section("digests").collect(),
    errors: section("errors").collect(),
    actions: section("actions").collect(),
});

static DEFAULT: LazyLock<Names> = LazyLock::new(|| {
    let mut all = Names {
        memo: Memo::default(),
        known: HashMap::default(),
        parts: Vec::new(),
        except: HashSet::default(),
        joins: CONTEXT.before.clone(),
        longest: 1,
        context: &CONTEXT,
    };
    for (_, by, name) in names() {
        all.insert(name, by);
    }
    all
});

impl Default for Names {
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.insert(name, By::Name);
    }

    fn insert(&mut self, name: &str, by: By) {
        self.memo = Memo::default();
        let words = words(name);
        let Some(first) = words.first() else {
            return;
        };
        self.longest = self.longest.max(words.len());
        let joined = words.join(" ");
        self.except.remove(&joined);
        if words.len() > 1 {
            self.joins.insert(first.clone());
            self.known.insert(words.concat(), by);
        }
        if by == By::Part {
            self.parts.push(joined.clone());
        }
        self.known.insert(joined, by);
    }

    pub(super) fn except(&mut self, name: &str) {
        self.memo = Memo::default();
        let words = words(name);
        let joined = words.join(" ");
        // A name of the list goes; any other one is an exception.
        self.known.remove(&joined);
        self.known.remove(&words.concat());
        self.parts.retain(|part| *part != joined);
        self.except.insert(joined);
    }

    /// What is known of a name.
    pub(super) fn answer(&self, name: &str) -> Answer {
        if name.is_empty() || name.len() > MAX_NAME {
            return Answer::default();
        }
        if name.len() > MAX_REMEMBERED_NAME {
            return self.judge(name);
        }
        let lock = || self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(name).copied();
        known.unwrap_or_else(|| {
            let answer = self.judge(name);
            let mut memo = lock();
            if memo.len() >= MAX_REMEMBERED {
                memo.clear();
            }
            memo.insert(name.into(), answer);
            answer
        })
    }

    fn judge(&self, name: &str) -> Answer {
        let words = words(name);
        let Some(last) = words.last() else {
            return Answer::default();
        };
        let joined = words.join(" ");
        let context = self.context;
        let verdict = self.verdict(&words, &joined);
        Answer {
            verdict,
            may_join: self.joins.contains(last),
            is_action: verdict == Verdict::Secret
                || words.iter().any(|word| context.actions.contains(word)),
            is_of_file: context.files.contains(&joined),
            is_of_error: context.errors.contains(&joined),
            is_before_digest: context.digests.contains(&joined),
        }
    }

    fn verdict(&self, words: &[String], joined: &str) -> Verdict {
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return Verdict::Harmless;
        };
        let context = self.context;
        let is_anywhere = |name: &String| {
            joined.match_indices(name.as_str()).any(|(at, _)| {
                let end = at + name.len();
                (at == 0 || joined[..at].ends_with(' '))
                    && (end == joined.len() || joined[end..].starts_with(' '))
            })
        };
        if self.except.contains(joined)
            || context.harmless.contains(joined)
            || context.anywhere.iter().any(is_anywhere)
        {
            return Verdict::Harmless;
        }
        // `x-max-tokens`
        let first = words.get(1).filter(|_| first == "x").unwrap_or(first);
        let is_measured = words.len() > 2
            && context.units.contains(last)
            && context.last.contains(&words[words.len() - 2]);
        let is_about = words.len() > 1
            && (is_measured || context.last.contains(last) || context.first.contains(first));
        // `maiden name` ends with a word that tells of names, and is one of the list itself.
        let is_listed = |start: usize| {
            let run = &words[start..];
            run.len() <= self.longest
                && (start == 0 || run.len() > 1)
                && matches!(self.known.get(&run.join(" ")), Some(By::Name | By::Part))
        };
        if is_about && !(0..words.len()).any(is_listed) {
            return Verdict::Harmless;
        }
        let mut judge = None;
        for start in 0..words.len() {
            let most = self.longest.min(words.len() - start);
            for end in start + 1..=start + most {
                let known = match &words[start..end] {
                    [word] => self.word(word),
                    run => self.known.get(&run.join(" ")).copied(),
                };
                match known {
                    Some(By::Name | By::Part) => return Verdict::Secret,
                    Some(By::Value(by)) if end == words.len() => {
                        let before = start.checked_sub(1).and_then(|before| words.get(before));
                        let is_harmless = before.is_some_and(|word| context.before.contains(word));
                        // The longest run speaks first: `sort code` is more than `code`.
                        if !is_harmless && judge.is_none() {
                            judge = Some(by);
                        }
                    }
                    _ => {}
                }
            }
        }
        judge.map_or(Verdict::Harmless, Verdict::Judge)
    }

    fn word(&self, word: &str) -> Option<By> {
        let known = self.known.get(word).copied();
        known.or_else(|| {
            let is_within = |part: &&String| {
                if has_no_blanks(part) {
                    word.contains(part.as_str())
                } else {
                    word.ends_with(part.as_str())
                }
            };
            self.parts.iter().find(is_within).map(|_| By::Part)
        })
    }
}

/// Whether a value under the name of a secret is none: it says whether there is one, how many there
/// are, or it is a sentence where only a token could be one.
pub(super) fn is_no_secret(name: &str, value: &str) -> bool {
    is_switch(value)
        || is_count(name, value)
        || is_prose(value)
            && words(name)
                .last()
                .is_some_and(|last| ONE_WORD.contains(&last.as_str()))
}

/// Names of secrets that have no blanks in them, and of other things that are called so: the
/// session of a conference, the signature below a letter.
const ONE_WORD: &[&str] = &["session", "sessions", "signature", "signatures"];

/// Whether a number under a name says how many there are: `tokens: 1532`, `sessions=42`.
fn is_count(name: &str, value: &str) -> bool {
    // `1532`, `1532/4096`
    let is_number = |part: &str| {
        (1..=MAX_COUNT_DIGITS).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    value.split('/').all(is_number)
        && words(name)
            .last()
            .is_some_and(|last| COUNTED.contains(&last.as_str()))
}

/// What is counted under its own name.
const COUNTED: &[&str] = &["tokens", "sessions", "cookies", "jwts"];
/// Longer numbers may be one-time codes.
const MAX_COUNT_DIGITS: usize = 5;

/// Whether a word is of a script that has no blanks between words: those from Thai on.
fn has_no_blanks(word: &str) -> bool {
    word.chars().next().is_some_and(|first| first >= '\u{e00}')
}

/// The names of the list with their languages, for tests of each.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, Verdict)> {
    names().map(|(language, by, name)| {
        let verdict = match by {
            By::Value(judge) => Verdict::Judge(judge),
            By::Name | By::Part => Verdict::Secret,
        };
        (language, name, verdict)
    })
}

#[cfg(test)]
mod tests;
