//! Secrets that are said in passing: `/* password hunter2 */`, `RAISE 'bad password hunter2'`.

use super::lexer::{Kind, Lexeme};
use crate::{Redactor, redact::Secrets, value::REDACTED};

/// Words that follow the name of a secret in sentences that tell none. Sorted.
const COMMON: &[&str] = &[
    "a",
    "above",
    "after",
    "against",
    "algorithm",
    "alone",
    "already",
    "also",
    "an",
    "and",
    "api",
    "app",
    "are",
    "as",
    "at",
    "auth",
    "authentication",
    "based",
    "batch",
    "be",
    "because",
    "before",
    "being",
    "belongs",
    "below",
    "both",
    "bucket",
    "budget",
    "but",
    "by",
    "bytes",
    "cache",
    "can",
    "cannot",
    "change",
    "changed",
    "changes",
    "check",
    "checks",
    "cleanup",
    "code",
    "codes",
    "column",
    "columns",
    "comes",
    "compare",
    "comparison",
    "contains",
    "controller",
    "count",
    "create",
    "created",
    "creation",
    "cron",
    "data",
    "date",
    "delete",
    "deleted",
    "dialog",
    "does",
    "done",
    "each",
    "email",
    "empty",
    "endpoint",
    "entries",
    "entry",
    "example",
    "exists",
    "expired",
    "expires",
    "expiry",
    "failed",
    "feature",
    "field",
    "fields",
    "file",
    "files",
    "first",
    "flow",
    "for",
    "form",
    "format",
    "forms",
    "free",
    "from",
    "function",
    "generation",
    "goes",
    "grant",
    "handler",
    "handling",
    "has",
    "hash",
    "hashed",
    "hashes",
    "hashing",
    "have",
    "header",
    "here",
    "history",
    "holder",
    "id",
    "ids",
    "if",
    "in",
    "incorrect",
    "index",
    "info",
    "into",
    "invalid",
    "is",
    "isn",
    "issuer",
    "it",
    "its",
    "job",
    "jobs",
    "join",
    "key",
    "keys",
    "kind",
    "last",
    "leak",
    "leaks",
    "length",
    "lifetime",
    "limit",
    "link",
    "list",
    "log",
    "login",
    "lookup",
    "mail",
    "management",
    "manager",
    "mapping",
    "match",
    "matches",
    "may",
    "migration",
    "migrations",
    "mismatch",
    "missing",
    "model",
    "module",
    "must",
    "name",
    "names",
    "needs",
    "never",
    "new",
    "no",
    "not",
    "now",
    "null",
    "object",
    "objects",
    "of",
    "off",
    "old",
    "on",
    "once",
    "only",
    "option",
    "options",
    "or",
    "owner",
    "page",
    "pages",
    "parser",
    "per",
    "policy",
    "possible",
    "private",
    "prompt",
    "protected",
    "provider",
    "public",
    "purge",
    "purging",
    "query",
    "record",
    "records",
    "refresh",
    "rejected",
    "renewal",
    "request",
    "requests",
    "required",
    "reset",
    "resets",
    "response",
    "review",
    "revocation",
    "revoked",
    "ring",
    "rotation",
    "row",
    "rows",
    "rules",
    "schema",
    "screen",
    "service",
    "set",
    "setting",
    "settings",
    "should",
    "so",
    "state",
    "step",
    "steps",
    "store",
    "stored",
    "stream",
    "strength",
    "string",
    "table",
    "tables",
    "task",
    "tasks",
    "test",
    "tests",
    "than",
    "that",
    "the",
    "their",
    "then",
    "there",
    "this",
    "time",
    "to",
    "too",
    "type",
    "types",
    "unique",
    "until",
    "update",
    "updated",
    "updates",
    "usage",
    "used",
    "user",
    "users",
    "using",
    "valid",
    "validation",
    "value",
    "values",
    "verification",
    "verify",
    "version",
    "via",
    "view",
    "views",
    "was",
    "web",
    "were",
    "when",
    "where",
    "which",
    "who",
    "will",
    "with",
    "without",
    "worker",
    "wrong",
    "yet",
];

/// Names with digits that are no secrets. Sorted.
const ALGORITHMS: &[&str] = &[
    "argon2", "argon2i", "argon2id", "base32", "base58", "base64", "bcrypt", "ed25519", "es256",
    "hs256", "hs512", "http2", "ipv4", "ipv6", "md5", "oauth1", "oauth2", "pbkdf2", "ps256",
    "rs256", "sha1", "sha224", "sha256", "sha384", "sha512", "utf16", "utf8", "x509",
];

fn is_in(sorted: &[&str], word: &str) -> bool {
    sorted
        .binary_search_by(|known| {
            known
                .bytes()
                .cmp(word.bytes().map(|byte| byte.to_ascii_lowercase()))
        })
        .is_ok()
}

/// Whether the literal at `index` is what an error or a notice says.
pub(super) fn is_message(words: &[Lexeme<'_>], index: usize) -> bool {
    let at = |back: usize| index.checked_sub(back).and_then(|index| words.get(index));
    at(1).is_some_and(|before| {
        before.is_any_word(&[
            "RAISE", "EXCEPTION", "NOTICE", "WARNING", "INFO", "LOG", "DEBUG",
        ]) || (before.is_sign("=")
            && at(2).is_some_and(|name| {
                name.is_any_word(&["MESSAGE", "MESSAGE_TEXT", "DETAIL", "HINT"])
            }))
            // `RAISE(ABORT, 'x')`
            || (before.is_sign(",")
                && at(2).is_some_and(|name| {
                    name.kind == Kind::Word && name.is_any_word(&["ABORT", "FAIL", "ROLLBACK"])
                }))
    })
}

/// A text without what follows the names of secrets in it; none if nothing does. Where it
/// `is_said` by an error or a comment any word that is not a common one goes, elsewhere only what
/// looks made up.
pub(super) fn scrub(
    text: &str,
    redactor: &Redactor,
    is_said: bool,
    secrets: &mut Secrets,
) -> Option<String> {
    let mut out = String::new();
    let mut kept = 0;
    // Whether the word before names a secret.
    let mut is_named = false;
    for (start, end) in tokens(text) {
        let token = &text[start..end];
        if is_named && token != REDACTED && is_secret(token, is_said) {
            out.push_str(&text[kept..start]);
            out.push_str(REDACTED);
            kept = end;
            secrets.add(token);
            is_named = false;
            continue;
        }
        let is_link = is_named
            && ["is", "was", "=", ":", "to", "as", "of", "for"]
                .iter()
                .any(|link| token.eq_ignore_ascii_case(link));
        is_named = is_link || redactor.is_sensitive(token);
    }
    if kept == 0 {
        return None;
    }
    out.push_str(&text[kept..]);
    Some(out)
}

/// Runs without white space, without the punctuation around them.
fn tokens(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let is_around = |character: char| {
        matches!(
            character,
            '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '*' | '/' | '\'' | '"' | '`' | '='
        )
    };
    text.split_whitespace().filter_map(move |run| {
        let base = run.as_ptr().addr() - text.as_ptr().addr();
        let head = run.trim_start_matches(is_around);
        let token = head.trim_end_matches(is_around);
        let start = base + run.len() - head.len();
        (!token.is_empty()).then_some((start, start + token.len()))
    })
}

/// Whether what follows the name of a secret is one.
fn is_secret(token: &str, is_said: bool) -> bool {
    if token.starts_with(['$', '%', '{', '<', '-'])
        || is_in(COMMON, token)
        || is_in(ALGORITHMS, token)
    {
        return false;
    }
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = token.chars().any(char::is_alphabetic);
    // `p4ss`, `S3cr3t!`, `1234`; `a_b` and `t.a` are names.
    let has_sign = token
        .chars()
        .any(|c| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '/' | ','));
    let mut letters = token.chars();
    let starts_small = letters.next().is_some_and(char::is_lowercase);
    let has_capital = starts_small && letters.clone().any(char::is_uppercase);
    let is_made_up = token.len() >= 4
        && ((has_digit && (has_letter || token.len() >= 4))
            || (has_sign && has_letter)
            || (has_capital && token.len() >= 8));
    is_made_up || (is_said && has_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_for_the_search() {
        assert!(
            COMMON.is_sorted(),
            "{:?}",
            COMMON.windows(2).find(|pair| pair[0] > pair[1])
        );
        assert!(ALGORITHMS.is_sorted());
    }

    #[test]
    fn what_follows_the_name_of_a_secret_goes() {
        let redactor = Redactor::default();
        let check =
            |text: &str, is_said: bool| scrub(text, &redactor, is_said, &mut Secrets::default());
        for (text, is_said, expected) in [
            (
                "/* password hunter2 */",
                true,
                Some("/* password [redacted] */"),
            ),
            (
                "-- password: swordfish",
                true,
                Some("-- password: [redacted]"),
            ),
            (
                "bad password hunter2",
                false,
                Some("bad password [redacted]"),
            ),
            (
                "the token is aB3xY9",
                false,
                Some("the token is [redacted]"),
            ),
            ("-- password reset for the user", true, None),
            ("/* the session of the user */", true, None),
            (
                "-- token: see the wiki",
                true,
                Some("-- token: [redacted] the wiki"),
            ),
            ("the password is wrong", true, None),
            ("password policy v2", false, None),
            ("my secret santa", false, None),
        ] {
            assert_eq!(check(text, is_said).as_deref(), expected, "{text}");
        }
    }
}
