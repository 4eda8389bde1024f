//! What a value looks like: where a name leaves it open, that decides.

mod card;

pub(super) use self::card::card_number;

/// What a value must look like to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// A key or token: letters and digits that make no words.
    Key,
    /// A one-time code: six to eight digits, or few letters and digits.
    Code,
    /// A digest, a salt: hex or base64.
    Digest,
    /// The number of a card, an account, a person: digits, mostly.
    Number,
    /// Anything: where its place says so, and what is within an object has names of its own.
    Any,
}

/// The shortest text that can be recognised as random.
const MIN_OPAQUE: usize = 8;
/// Longer texts are documents.
const MAX_OPAQUE: usize = 4_096;
/// The fewest digits that make a number one of a card, an account or a person.
const MIN_NUMBER: usize = 6;

impl Judge {
    /// Whether a value is a secret. `is_strict` where little else stands under such a name: in
    /// headers and query strings, unlike in documents, an id under `key` opens a door.
    pub(super) fn is_secret(self, value: &str, is_strict: bool) -> bool {
        let value = value.trim();
        if self == Self::Any {
            return !value.is_empty() && !is_switch(value);
        }
        if value.is_empty() || has_blanks(value) && self != Self::Number {
            return self == Self::Code && is_spaced_code(value);
        }
        if is_password_hash(value) {
            return true;
        }
        match self {
            Self::Key => {
                let is_id = is_uuid(value) || is_hex(value) && value.len() >= 32;
                !is_file(value)
                    && !is_digest_with_name(value)
                    && (is_opaque(value)
                        || is_hex(value) && value.len() >= 40
                        || is_strict && is_id)
            }
            Self::Code => is_code(value) || is_uuid(value),
            Self::Digest => {
                !is_digest_with_name(value)
                    && (is_opaque(value)
                        || is_hex(value) && value.len() >= 16
                        || value.len() >= 20 && is_mixed(value))
            }
            Self::Number => is_number(value),
            Self::Any => true,
        }
    }
}

/// Letters and digits as no language has them, by how often one kind follows on another. Ids as
/// everybody uses them (UUIDs, dates, versions, words with a number) are not.
pub(super) fn is_opaque(text: &str) -> bool {
    if text.len() < MIN_OPAQUE || text.len() > MAX_OPAQUE || is_uuid(text) || is_time(text) {
        return false;
    }
    let Some(seen) = Seen::of(text) else {
        return false;
    };
    let by_digits = seen.digits > 0
        && seen.letters > 0
        && (seen.at_digits >= 3 || seen.at_digits == 2 && seen.changes >= 4)
        && seen.changes * 6 >= seen.letters + seen.digits;
    let by_letters = seen.letters >= 10 && seen.changes >= 4 && seen.changes * 3 >= seen.letters;
    by_digits || by_letters || seen.longest_mumble >= 8
}

/// Whether it looks like no word: for places where a secret is likely.
pub(super) fn is_odd(text: &str) -> bool {
    if text.len() < 4 || text.len() > MAX_OPAQUE {
        return false;
    }
    if is_uuid(text) || is_opaque(text) {
        return true;
    }
    let Some(seen) = Seen::of(text) else {
        return false;
    };
    if seen.letters == 0 {
        return seen.separators == 0 && (6..=8).contains(&seen.digits);
    }
    if seen.digits == 0 {
        // Few words have twenty letters.
        return seen.letters >= 20 && seen.separators == 0;
    }
    let words = text.trim_end_matches(|character: char| character.is_ascii_digit());
    let is_numbered = text.len() - words.len() <= 3
        && words
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.'));
    seen.at_digits > 0 && !is_numbered
}

/// What is counted over the bytes of a text.
#[derive(Default)]
struct Seen {
    letters: usize,
    digits: usize,
    separators: usize,
    /// How often one kind follows on another; a capital before a small letter is none.
    changes: usize,
    /// Those of them from or to a digit.
    at_digits: usize,
    /// The longest run of small letters without a vowel.
    longest_mumble: usize,
}

impl Seen {
    /// None if it holds what no credential does.
    fn of(text: &str) -> Option<Self> {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Kind {
            Small,
            Capital,
            Digit,
            Other,
        }
        let mut seen = Self::default();
        let mut before = Kind::Other;
        let mut run = 0_usize;
        let mut mumble = 0_usize;
        for byte in text.bytes() {
            let kind = match byte {
                b'a'..=b'z' => Kind::Small,
                b'A'..=b'Z' => Kind::Capital,
                b'0'..=b'9' => Kind::Digit,
                b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b'!' | b'@' | b'#' | b'$'
                | b'^' | b'*' | b'|' | b',' => Kind::Other,
                _ => return None,
            };
            match kind {
                Kind::Digit => seen.digits += 1,
                Kind::Other => seen.separators += 1,
                Kind::Small | Kind::Capital => seen.letters += 1,
            }
            mumble = if kind == Kind::Small
                && !matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
            {
                mumble + 1
            } else {
                0
            };
            seen.longest_mumble = seen.longest_mumble.max(mumble);
            if kind != before && kind != Kind::Other && before != Kind::Other {
                let is_capitalised = before == Kind::Capital && kind == Kind::Small && run == 1;
                seen.changes += usize::from(!is_capitalised);
                seen.at_digits += usize::from(kind == Kind::Digit || before == Kind::Digit);
            }
            run = if kind == before { run + 1 } else { 1 };
            before = kind;
        }
        Some(seen)
    }
}

/// Whether a text says what is wrong with a field, and nothing of what is in it: `is too short`.
pub(super) fn is_complaint(text: &str) -> bool {
    const MARKS: &[&str] = &[
        "are", "be", "blank", "cannot", "doesn't", "does", "invalid", "is", "not", "required",
        "too",
    ];
    // A small number is a length.
    let is_plain = |word: &str, is_first: bool| {
        word.bytes().enumerate().all(|(at, byte)| {
            byte.is_ascii_lowercase()
                || byte == b'\''
                || is_first && at == 0 && byte.is_ascii_uppercase()
        }) || word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut is_said = false;
    for (index, word) in text.split(' ').enumerate() {
        let word = word.trim_matches(['(', ')', '.', ',', ':', '!', ';']);
        if !is_plain(word, index == 0) {
            return false;
        }
        is_said |= MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(word));
    }
    is_said
}

/// Whether a text says that there is something, or is none.
pub(super) fn is_switch(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "null",
        "nil",
        "none",
        "undefined",
        "yes",
        "no",
        "on",
        "off",
        "enabled",
        "disabled",
        "required",
        "optional",
    ];
    text.len() <= 9 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Words of letters, parted by blanks.
pub(super) fn is_prose(text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.trim_end_matches(['.', ',', ':', '!', '?', ';']);
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_alphabetic)
            && letters.all(|letter| {
                letter.is_lowercase() || matches!(letter, '\'' | '-') || !letter.is_ascii()
            })
    };
    text.contains(' ') && text.split_whitespace().all(is_word)
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Hex, with both letters and digits.
pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// `2024-05-01…`, `20240501T…`.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = text.as_bytes().get(digits);
    digits == 4 && after == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-')
        || digits == 8 && after == Some(&b'T')
}

/// bcrypt, argon2, scrypt, PBKDF2 as they are stored: `$2b$…`, `$argon2id$…`.
pub(super) fn is_password_hash(text: &str) -> bool {
    text.len() >= 20
        && text.starts_with('$')
        && text.bytes().filter(|byte| *byte == b'$').count() >= 3
}

/// `sha256:…`, `sha512-…`: the digest of a file, an image, a script.
pub(super) fn is_digest_with_name(text: &str) -> bool {
    [
        "sha1", "sha256", "sha384", "sha512", "md5", "blake3", "crc32", "crc32c",
    ]
    .iter()
    .any(|name| {
        text.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([':', '-', '=']))
    })
}

/// A path, or a name with the ending of a file.
pub(super) fn is_file(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && (2..=5).contains(&ending.len())
            && ending
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && ending.bytes().any(|byte| byte.is_ascii_lowercase())
            && !stem.ends_with('/')
            && ENDINGS.contains(&ending)
    })
}

/// Endings of files that are served and stored.
const ENDINGS: &[&str] = &[
    "avif", "bin", "bmp", "css", "csv", "doc", "docx", "gif", "gz", "htm", "html", "ico", "jpeg",
    "jpg", "js", "json", "map", "md", "mjs", "mov", "mp3", "mp4", "ogg", "otf", "pdf", "php",
    "png", "svg", "tar", "tgz", "tsx", "ttf", "txt", "wasm", "wav", "webm", "webp", "woff",
    "woff2", "xls", "xlsx", "xml", "yaml", "yml", "zip",
];

fn has_blanks(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_whitespace())
}

/// `482 913`, `482-913`: two groups of as many digits.
fn is_spaced_code(text: &str) -> bool {
    text.split_once([' ', '-']).is_some_and(|(first, second)| {
        matches!(first.len(), 3 | 4)
            && first.len() == second.len()
            && text.bytes().filter(u8::is_ascii_digit).count() == text.len() - 1
    })
}

/// What a one-time code looks like.
pub(super) fn is_code(text: &str) -> bool {
    if is_spaced_code(text) {
        return true;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return (6..=8).contains(&text.len());
    }
    // `G-482913`
    let tail = text.strip_prefix(|character: char| character.is_ascii_uppercase());
    let is_prefixed = tail
        .and_then(|tail| tail.strip_prefix('-'))
        .is_some_and(|tail| tail.len() == 6 && tail.bytes().all(|byte| byte.is_ascii_digit()));
    let is_short = text
        .split(['-', '_'])
        .any(|part| part.len() >= 6 && Seen::of(part).is_some_and(|seen| seen.at_digits >= 2));
    is_prefixed || is_short || is_code_of_device(text) || is_opaque(text)
}

/// `WDJB-MJHT`: capitals without vowels, as RFC 8628 wants the code that a device shows, so that
/// it is no word.
fn is_code_of_device(text: &str) -> bool {
    let is_part = |part: &str| {
        part.len() == 4
            && part.bytes().all(|byte| {
                byte.is_ascii_uppercase() && !matches!(byte, b'A' | b'E' | b'I' | b'O' | b'U')
            })
    };
    text.split_once('-')
        .is_some_and(|(first, second)| is_part(first) && is_part(second))
}

/// Upper and lower case or digits in turn: base64.
fn is_mixed(text: &str) -> bool {
    Seen::of(text).is_some_and(|seen| seen.changes * 5 >= seen.letters + seen.digits)
}

/// Mostly digits; no date.
fn is_number(text: &str) -> bool {
    if is_time(text) || is_uuid(text) || text.len() > 64 {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | b'/'));
    // `ABCDE1234F`, `1234 5678 9012`, `123.456.789-09`
    let is_numbered =
        is_plain && letters <= 6 && (digits >= MIN_NUMBER || letters >= 4 && digits >= 4);
    let has_long_words = text
        .split(' ')
        .any(|word| word.bytes().all(|byte| byte.is_ascii_alphabetic()) && word.len() > 2);
    is_numbered && !has_long_words || is_opaque(text)
}
