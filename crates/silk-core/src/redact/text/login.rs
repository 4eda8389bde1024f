//! Names and passwords side by side where people log in: `bob/hunter2: bad credentials`,
//! `http basic: bob:…@host`.

use super::{Scan, run_end};
use crate::redact::shape::{is_digest_with_name, is_file, is_hex, is_odd, is_opaque, is_uuid};

/// Words of logging in. With one of [`REFUSED`] beside them they say that somebody was not let in.
const LOGIN: &str = "\
    access auth authenticate authenticated authentication authorization credential credentials \
    creds login logon passwd password signin unauthorized user username 401";

/// Words that say so.
const REFUSED: &str = "\
    bad denied error failed failure incorrect invalid mismatch not refused rejected \
    unauthorized unknown wrong 401";

/// Words that a name and its password follow.
const BEFORE: &str = "\
    basic credential credentials creds expdp impdp rman sqlldr sqlplus userinfo userpwd";

/// What is named before a sign and is nobody who logs in: `request:…`, `pods/…`.
const LABELS: &str = "\
    account acct actor api app arn asset author bcc blob branch bucket build by cache cc \
    channel client cluster commit container contact customer database db deployment device \
    digest doc docker email env error etag event file from git group hash host http https id \
    image ip item job key linux mail mailto message model namespace node npm object order org \
    owner package page pod policy pool process project queue realm recipient ref region \
    release repo req request resource rev role route rule sender service sha sip sips site \
    span src ssh sub tag task team tenant thread to topic trace uid uri url urn usr user \
    username uuid version volume worker xmpp zone";

/// The shortest password that is known by its place.
const MIN_PASSWORD: usize = 6;
/// How far one is read.
const MAX_PASSWORD: usize = 256;
/// How far around the words are looked at, in bytes, and how many of them.
const MAX_AROUND: usize = 80;
const MAX_WORDS: usize = 5;

impl Scan<'_, '_> {
    /// Masks the password behind the name from `start` to `end` and a colon or slash, where the words
    /// around them are of logging in, or the address of a host follows.
    pub(super) fn login(&mut self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let bytes = text.as_bytes();
        let first = end + 1;
        // Most colons end a word, most slashes are of paths, most numbers are lines and ports.
        if !bytes.get(first)?.is_ascii_graphic() || bytes.get(first) == Some(&b'/') {
            return None;
        }
        let is_apart = start.checked_sub(1).is_none_or(|before| {
            bytes[before].is_ascii_whitespace()
                || matches!(
                    bytes[before],
                    b'"' | b'\'' | b'`' | b'(' | b'[' | b'=' | b'@'
                )
        });
        if !is_apart {
            return None;
        }
        let limit = bytes.len().min(first + MAX_PASSWORD);
        let last = run_end(bytes.get(..limit)?, first, |byte| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b'(' | b')' | b']' | b'}'
                )
        });
        let value = text.get(first..last)?.trim_end_matches([':', '.', '?']);
        let (password, host) = match value.rsplit_once('@') {
            Some((password, host)) if is_host(host) => (password, Some(host)),
            _ => (value, None),
        };
        let is_of_mail = text.get(..start)?.ends_with('@');
        if !is_password(password) || !is_of_mail && is_label(text.get(start..end)?) {
            return None;
        }
        let before = words_before(text.get(..start)?);
        let after = words_behind(text.get(first + value.len()..)?);
        let is_any = |known| {
            before
                .iter()
                .chain(&after)
                .any(|word| is_one_of(known, word))
        };
        let is_announced = before.iter().take(3).any(|word| is_one_of(BEFORE, word));
        let is_login = is_announced
            || is_any(LOGIN) && is_any(REFUSED)
            || host.is_some_and(|_| is_any(LOGIN) || bytes[end] == b':' && is_opaque(password));
        is_login.then(|| self.mask(first, first + password.len()))
    }
}

/// Whether a word is one of a list, in any case.
fn is_one_of(list: &str, word: &str) -> bool {
    list.split(' ')
        .any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a text may be a password, and none of what has letters and digits elsewhere: versions,
/// files, names of pods, digests, ids.
fn is_password(text: &str) -> bool {
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if text.len() < MIN_PASSWORD || !has_letter || text.contains('/') {
        return false;
    }
    let has_capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let has_sign = text
        .bytes()
        .any(|byte| matches!(byte, b'!' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?'));
    let is_version = text
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    // `api-7f9c4dbd-x2k9p`, `ip-10-0-0-1`, `x86_64`
    let is_id = !has_capital && !has_sign && text.contains(['-', '_', '.']);
    let is_commit = is_hex(text) && (text.len() <= 12 || text.len() == 40);
    (is_odd(text) || has_sign)
        && !is_version
        && !is_id
        && !is_commit
        && !is_uuid(text)
        && !is_file(text)
        && !is_digest_with_name(text)
}

/// Whether a word says what the thing behind it is.
fn is_label(word: &str) -> bool {
    let is_known = |word| is_one_of(LABELS, word);
    let last = word
        .rsplit(|character: char| !character.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    is_known(last)
        || last.strip_suffix(['s', 'S']).is_some_and(is_known)
        // `requestId`
        || last.ends_with("Id")
        || last.ends_with("ID")
}

/// Whether a text is the name of a host, perhaps with a port and a path.
fn is_host(text: &str) -> bool {
    let end = text.find(['/', '?']).unwrap_or(text.len());
    let (name, port) = match text[..end].split_once(':') {
        Some((name, port)) => (name, port),
        None => (&text[..end], ""),
    };
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(is_part)
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !is_digest_with_name(text)
}

/// The last words of the last line, the nearest first.
fn words_before(head: &str) -> Vec<&str> {
    let from = head.floor_char_boundary(head.len().saturating_sub(MAX_AROUND));
    let line = head[from..].rsplit('\n').next().unwrap_or_default();
    line.rsplit(is_between)
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect()
}

/// The first words of the line.
fn words_behind(tail: &str) -> Vec<&str> {
    let until = tail.floor_char_boundary(MAX_AROUND);
    let line = tail[..until].split('\n').next().unwrap_or_default();
    line.split(is_between)
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect()
}

fn is_between(character: char) -> bool {
    !character.is_ascii_alphanumeric()
}
