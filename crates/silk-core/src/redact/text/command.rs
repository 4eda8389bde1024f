//! Passwords in command lines (`curl -u bob:…`, `mysql -p…`), tokens of bots and of webhooks.

use super::{Scan, run_end};
use crate::redact::shape::{is_file, is_opaque};

/// How far before a flag its command is looked for.
const MAX_COMMAND: usize = 128;

/// Commands that take a password behind a flag; whether it stands right behind it (`-pX`), and
/// whether behind a blank (`-p X`).
const FLAGS: &[(&str, &str, bool, bool)] = &[
    ("-p", "mysql", true, false),
    ("-p", "mariadb", true, false),
    ("-p", "sshpass", true, true),
    ("-p", "docker login", false, true),
    ("-p", "podman login", false, true),
    ("-p", "mongo", false, true),
    ("-a", "redis-cli", false, true),
    ("-w", "ldap", false, true),
];

/// Commands whose `-u` takes a name and a password: `bob:…`.
const WITH_USER: &str = "curl";
/// The longest word of flags in a row: `-sSLu`.
const MAX_FLAGS: usize = 5;

/// The digits of a bot's id, and the length of the token behind it, of Telegram.
const BOT_DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
const BOT_TOKEN: usize = 35;

/// The shortest token of a webhook's address.
const MIN_HOOK: usize = 10;
/// How far before it the address is looked at.
const MAX_HOOK: usize = 128;

/// Whether a word may be a flag behind which a password stands.
pub(super) const fn may_be_flag(word: &[u8]) -> bool {
    matches!(word, [b'-', b'u' | b'U' | b'p' | b'a' | b'w', ..]) || is_row_of_flags(word)
}

/// Whether a word is several flags, and the last one takes a name and a password: `-su`.
const fn is_row_of_flags(word: &[u8]) -> bool {
    word.len() <= MAX_FLAGS
        && matches!(word, [b'-', first, .., b'u' | b'U'] if first.is_ascii_alphabetic())
}

impl Scan<'_, '_> {
    /// Masks the password that a command takes by the flag from `start` to `end`.
    pub(super) fn flag(&mut self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let bytes = text.as_bytes();
        let word = text.get(start..end)?;
        let from = text.floor_char_boundary(start.saturating_sub(MAX_COMMAND));
        let line = text.get(from..start)?.rsplit('\n').next()?;
        let is_user = word.starts_with("-u") || word.starts_with("-U");
        let is_row = is_row_of_flags(word.as_bytes()) || word.starts_with("--");
        if line.contains(WITH_USER) && (is_user || is_row) {
            let mut first = if is_row { end } else { start + 2 };
            if matches!(bytes.get(first), Some(b' ' | b'=')) {
                first += 1;
            }
            if matches!(bytes.get(first), Some(b'"' | b'\'')) {
                first += 1;
            }
            let last = run_end(bytes, first, |byte| {
                !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`')
            });
            let (name, password) = text.get(first..last)?.split_once(':')?;
            // An address: `-u http://…`.
            let is_password = !password.is_empty() && !password.starts_with("//");
            return is_password.then(|| self.mask(first + name.len() + 1, last));
        }
        let is_glued = start + 2 < end || matches!(bytes.get(end), Some(b'"' | b'\''));
        let is_apart = start + 2 == end && bytes.get(end) == Some(&b' ');
        let is_it = |(flag, command, glued, apart): &(&str, &str, bool, bool)| {
            word.starts_with(flag)
                && (*glued && is_glued || *apart && is_apart)
                && line.contains(command)
        };
        FLAGS
            .iter()
            .any(is_it)
            .then(|| self.value(start + 2 + usize::from(is_apart)))
    }

    /// Masks the token of a bot behind its id: `bot123456:…`. The id may stand alone before a token
    /// of the usual length.
    pub(super) fn bot(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let word = self.text.get(start..end)?;
        let id = word.strip_prefix("bot");
        let digits = id.unwrap_or(word);
        if !BOT_DIGITS.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let last = run_end(bytes, end + 1, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
        });
        let token = self.text.get(end + 1..last)?;
        let is_token = is_opaque(token) && (id.is_some() || token.len() == BOT_TOKEN);
        is_token.then(|| self.mask(end + 1, last))
    }

    /// Whether a part of a path is the token of a webhook: `hooks.example/services/T…/B…/…`,
    /// `/api/webhooks/1234/…`.
    pub(super) fn is_of_hook(&self, start: usize, part: &str) -> bool {
        if part.len() < MIN_HOOK || !is_opaque(part) || is_file(part) {
            return false;
        }
        let first = self
            .text
            .floor_char_boundary(start.saturating_sub(MAX_HOOK));
        let head = self.text.get(first..start).unwrap_or_default();
        // Of this address, not of one before it.
        let in_address = |head: &str| {
            !head
                .bytes()
                .any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''))
        };
        // The id of a workspace has no small letters.
        let is_of_workspace = || {
            head.rsplit_once("/services/T").is_some_and(|(_, rest)| {
                let id = rest.split('/').next().unwrap_or_default();
                in_address(rest)
                    && id
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            })
        };
        // `fcm.googleapis.com/fcm/send/…`: where a browser takes messages.
        let is_of = |word: &str| {
            head.rfind(word)
                .and_then(|at| head.get(at..))
                .is_some_and(in_address)
        };
        is_of("hook") || is_of("push") || is_of("/fcm") || is_of_workspace()
    }
}
