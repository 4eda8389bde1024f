//! Paths, part by part: by the route's template, by those of other routes, by what the part before
//! says, and where nothing else is known by what a part looks like.

use std::borrow::Cow;

use super::{
    encoding::decode,
    routes::{Part, Template, is_secret},
};
use crate::redact::{
    REDACTED, Redactor, Secrets,
    names::{Verdict, words},
    shape::{is_digest_with_name, is_file, is_hex, is_odd, is_opaque},
};

/// The shortest part of a path that is a token by its looks alone.
const MIN_TOKEN: usize = 12;

impl Redactor {
    /// A path, made safe: parameters whose names in the template are sensitive (`/reset/{token}`)
    /// are taken out, and remembered: the same path is made safe wherever it is named. Where path
    /// and template do not fit together and one is sensitive, whatever the template does not spell
    /// out is. What follows a word such as `reset-password` and looks like no word is taken out
    /// as well; without a template, so is what looks like a token.
    #[must_use]
    pub fn path(&self, path: &str, template: Option<&str>, secrets: &mut Secrets) -> String {
        let template = template.map(|text| self.routes.template(text, &self.names));
        let safe = match template.filter(|template| template.parts.len() > 1) {
            Some(template) if template.parts.iter().any(says_something) => {
                Cow::Owned(self.by_template(path, &template, secrets))
            }
            Some(_) => self.parts(path, false, secrets),
            None => self.parts(path, true, secrets),
        };
        self.text_with(&safe, secrets)
    }

    fn by_template(&self, path: &str, template: &Template, secrets: &mut Secrets) -> String {
        let parts: Vec<&str> = path.split('/').collect();
        let is_fit = parts.len() == template.parts.len()
            || (template.has_rest() && parts.len() >= template.parts.len());
        let is_literal = |part: &str| {
            let is_it = |known: &Part| matches!(known, Part::Literal(text) if text == part);
            template.parts.iter().any(is_it)
        };
        let mut out: Vec<&str> = Vec::with_capacity(parts.len());
        let mut rest = None;
        for (index, part) in parts.iter().enumerate() {
            let is_taken = if is_fit {
                let verdict = match template.parts.get(index) {
                    Some(Part::Parameter(verdict)) => Some(*verdict),
                    Some(Part::Rest(verdict)) => {
                        rest = Some(*verdict);
                        rest
                    }
                    Some(Part::Literal(_)) => None,
                    None => rest,
                };
                verdict.is_some_and(|verdict| is_secret(verdict, &plain(part)))
            } else {
                template.has_secret && !is_literal(part)
            };
            let before = index.checked_sub(1).and_then(|before| parts.get(before));
            let is_taken = is_taken || before.is_some_and(|before| self.opens(before, part));
            if is_taken && !part.is_empty() {
                remember(part, secrets);
                out.push(REDACTED);
            } else {
                out.push(part);
            }
        }
        out.join("/")
    }

    /// A path of which no template is at hand; `is_open` where none is known to fit it, so that a
    /// part may be anything.
    pub(super) fn parts<'t>(
        &self,
        path: &'t str,
        is_open: bool,
        secrets: &mut Secrets,
    ) -> Cow<'t, str> {
        let known = if is_open {
            self.routes.secrets_of(path)
        } else {
            Vec::new()
        };
        let mut out = String::new();
        let mut kept = 0;
        let mut start = 0;
        let mut before = None;
        let mut is_behind_action = false;
        for part in path.split('/') {
            let end = start + part.len();
            let is_taken = known.contains(&(start..end))
                || self.is_token(before, part, is_behind_action, is_open);
            if is_taken && !part.is_empty() {
                remember(part, secrets);
                out.push_str(path.get(kept..start).unwrap_or_default());
                out.push_str(REDACTED);
                kept = end;
            }
            // Nothing is found behind an action unless it is long enough.
            is_behind_action |= before.is_some_and(|before| self.answer(before).is_action);
            before = Some(part);
            start = end + 1;
        }
        if kept == 0 {
            return Cow::Borrowed(path);
        }
        out.push_str(path.get(kept..).unwrap_or_default());
        Cow::Owned(out)
    }

    fn is_token(
        &self,
        before: Option<&str>,
        part: &str,
        is_behind_action: bool,
        is_open: bool,
    ) -> bool {
        if part.len() < 4 || part == REDACTED {
            return false;
        }
        if before.is_some_and(|before| self.opens(before, part)) {
            return true;
        }
        if is_behind_action && before.is_some_and(is_channel) && is_odd(part) {
            return true;
        }
        if !is_behind_action && !is_open || part.len() < MIN_TOKEN {
            return false;
        }
        let part = plain(part);
        if is_file(&part) || is_digest_with_name(&part) {
            return false;
        }
        // `(S(zq81kk…))`, `Users('zq81kk…')`: the token stands within other signs.
        let is_sign = |sign: char| matches!(sign, '(' | ')' | '\'' | '"' | ';' | ':' | '{' | '}');
        part.split(is_sign).any(|run| {
            let is_digest =
                || is_hex(run) && before.is_some_and(|before| self.answer(before).is_before_digest);
            run.len() >= MIN_TOKEN
                && is_opaque(run)
                && (is_behind_action || !is_id(run) && !is_digest())
        })
    }

    /// Whether what stands behind this part of a path opens a door: a token, a one-time code.
    pub(in crate::redact) fn opens(&self, before: &str, part: &str) -> bool {
        let part = plain(part);
        if !is_odd(&part) || before.contains('.') {
            return false;
        }
        let answer = self.answer(before);
        if is_file(&part) {
            let stem = part.rsplit_once('.').map_or("", |(stem, _)| stem);
            return answer.is_action && is_opaque(stem) && !stem.contains('.');
        }
        // Of what has a number, such as `/sessions/1234567`, the number is no secret; a code is one.
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        answer.is_action && (!is_number || answer.verdict != Verdict::Secret || has_digits(before))
    }
}

/// Whether a part of a path says by what a code came: `/verify/sms/482913`.
fn is_channel(part: &str) -> bool {
    matches!(part, "sms" | "email" | "mail" | "phone" | "code")
}

/// Whether secrets of this name are made of digits: `otp`, `pin`, `verification-code`.
fn has_digits(name: &str) -> bool {
    const OF_DIGITS: &[&str] = &[
        "code", "codes", "otp", "otps", "otc", "passcode", "pin", "totp",
    ];
    words(name)
        .last()
        .is_some_and(|last| OF_DIGITS.contains(&last.as_str()))
}

fn says_something(part: &Part) -> bool {
    matches!(part, Part::Parameter(verdict) | Part::Rest(verdict) if *verdict != Verdict::Harmless)
}

/// Ids that many use in addresses: of documents in MongoDB, of commits, ULIDs.
fn is_id(part: &str) -> bool {
    let is_ulid = part.len() == 26
        && part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_ulid || (is_hex(part) && matches!(part.len(), 24 | 40))
}

/// A part as it is meant.
fn plain(part: &str) -> Cow<'_, str> {
    if part.contains(['%', '+']) {
        Cow::Owned(decode(part))
    } else {
        Cow::Borrowed(part)
    }
}

fn remember(part: &str, secrets: &mut Secrets) {
    secrets.add(&decode(part));
    secrets.add(part);
}

/// A text up to a sign, and what follows the sign, if it is there.
pub(super) fn cut(text: &str, sign: char) -> (&str, Option<&str>) {
    text.split_once(sign)
        .map_or((text, None), |(head, tail)| (head, Some(tail)))
}
