//! The assertions on one recording.

use silk_core::{
    Finding, RequestStatement,
    words::{count, counted},
};

use super::{
    Recorded,
    debts::{self, Debt, DebtFile},
    message::{Message, line_of, line_of_debt, mark, shown},
    violation::{Standing, Violation},
};

/// Kinds of debts that are no names of rules.
pub(super) const QUERIES: &str = "queries";
pub(super) const REPEATS: &str = "repeats";
pub(super) const GROWTH: &str = "growth";
pub(super) const PLAN: &str = "plan";

impl<T> Recorded<T> {
    /// Fails unless exactly so many queries ran. Known debts are not looked at.
    ///
    /// # Panics
    /// Where another number ran, or none could have been seen.
    #[track_caller]
    pub fn assert_queries(&self, expected: u64) -> &Self {
        self.assert_sighted();
        let ran = self.record.summary.query_count;
        if ran != expected {
            let headline = format!(
                "{} ran {}, expected {}.",
                self.name(),
                counted(ran, "query"),
                count(expected)
            );
            let message = self.with_all(headline, None);
            fail(&message.finish());
        }
        self
    }

    /// Fails where more queries ran.
    ///
    /// # Panics
    /// Where more ran than that and than the known debts allow, or none could have been seen.
    #[track_caller]
    pub fn assert_max_queries(&self, most: u64) -> &Self {
        self.assert_sighted();
        let ran = self.record.summary.query_count;
        let violations: Vec<_> = if ran > most {
            self.record.statements.iter().map(as_queries).collect()
        } else {
            Vec::new()
        };
        let is_kind = |kind: &str| kind == QUERIES;
        let Some(known) = self.known(is_kind, &violations) else {
            return self;
        };
        let allowed = known.iter().map(|debt| debt.allowed).sum::<u64>();
        if ran > most.max(allowed) {
            let known_text = match allowed {
                0 => String::new(),
                _ => format!(" ({} known)", count(allowed)),
            };
            let headline = format!(
                "{} ran {}; at most {} are allowed{known_text}.",
                self.name(),
                counted(ran, "query"),
                count(most),
            );
            let message = self.with_all(headline, (!known.is_empty()).then_some(&*known));
            fail(&message.with_way_out(self));
        }
        if !known.is_empty() {
            let now = if ran > most { ran } else { 0 };
            self.note_sum(now, allowed);
        }
        self
    }

    /// Fails where a statement ran more than once, whatever its values.
    ///
    /// # Panics
    /// Where one did that is no known debt, or none could have been seen.
    #[track_caller]
    pub fn assert_no_repeats(&self) -> &Self {
        self.assert_max_repeats(1)
    }

    /// Fails where a statement ran more often than that, whatever its values.
    ///
    /// # Panics
    /// Where one did that is no known debt, or none could have been seen.
    #[track_caller]
    pub fn assert_max_repeats(&self, most: u64) -> &Self {
        self.assert_sighted();
        let repeated: Vec<_> = self.repeated(most);
        let violation = |(part, calls): &(&RequestStatement, u64)| {
            Violation::new(
                REPEATS,
                Some(&part.statement),
                part.call_site.as_ref(),
                *calls,
            )
        };
        let violations: Vec<_> = repeated.iter().map(violation).collect();
        let Some(known) = self.known(|kind| kind == REPEATS, &violations) else {
            return self;
        };
        let failed = violations
            .iter()
            .filter(|one| !one.standing(&known).is_allowed());
        if failed.count() > 0 {
            let times = if most == 1 {
                "once".to_owned()
            } else {
                format!("{} times", count(most))
            };
            let number = u64::try_from(repeated.len()).unwrap_or(u64::MAX);
            let headline = format!(
                "{}: {} ran more than {times}.",
                self.name(),
                counted(number, "statement"),
            );
            let mut message = Message::new(headline);
            let is_repeated = |part: &&RequestStatement| {
                let fingerprint = part.statement.fingerprint;
                (repeated.iter()).any(|(known, _)| known.statement.fingerprint == fingerprint)
            };
            let parts = self.record.statements.iter().filter(is_repeated);
            message.statements(parts, |part| {
                let fingerprint = part.statement.fingerprint;
                let at = (repeated.iter())
                    .position(|(known, _)| known.statement.fingerprint == fingerprint)?;
                (!known.is_empty()).then(|| mark(violations[at].standing(&known)))
            });
            let findings = self.findings().filter(|finding| {
                (repeated.iter())
                    .any(|(part, _)| Some(part.statement.fingerprint) == finding.fingerprint)
            });
            message.findings(self, findings, |_| None);
            message.instead(self, repeated.iter().map(|(part, _)| *part));
            fail(&message.with_way_out(self));
        }
        self.note(&violations, &known);
        self
    }

    /// Fails where a rule found something. Rules that speak of time alone count only with
    /// [`Recording::timed_rules`](super::Recording::timed_rules).
    ///
    /// # Panics
    /// Where something was found that is no known debt, or no query could have been seen.
    #[track_caller]
    pub fn assert_no_findings(&self) -> &Self {
        self.assert_sighted();
        let findings: Vec<_> = self.findings().collect();
        let violations: Vec<_> = findings.iter().map(|one| self.as_violation(one)).collect();
        let is_rule = |kind: &str| ![QUERIES, REPEATS, GROWTH, PLAN].contains(&kind);
        let Some(known) = self.known(is_rule, &violations) else {
            return self;
        };
        let failed = violations
            .iter()
            .filter(|one| !one.standing(&known).is_allowed());
        if failed.count() > 0 {
            let number = u64::try_from(findings.len()).unwrap_or(u64::MAX);
            let headline = format!("{}: {}.", self.name(), counted(number, "finding"));
            let mut message = Message::new(headline);
            message.findings(self, findings.into_iter(), |finding| {
                (!known.is_empty()).then(|| self.as_violation(finding).standing(&known))
            });
            let named = |part: &&RequestStatement| {
                let fingerprint = Some(part.statement.fingerprint);
                self.findings()
                    .any(|finding| finding.fingerprint == fingerprint)
            };
            message.statements(self.record.statements.iter().filter(named), |_| None);
            fail(&message.with_way_out(self));
        }
        self.note(&violations, &known);
        self
    }

    /// Fails where nothing could have been seen: zero would be no number then.
    #[track_caller]
    pub(super) fn assert_sighted(&self) {
        if let Some(why) = self.context.seen.blindness() {
            fail(&format!("{}: {why}", self.name()));
        }
    }

    /// Statements that ran more often than that: their part of most calls, and all calls.
    fn repeated(&self, most: u64) -> Vec<(&RequestStatement, u64)> {
        let mut sums: Vec<(&RequestStatement, u64)> = Vec::new();
        for part in &self.record.statements {
            let fingerprint = part.statement.fingerprint;
            match sums
                .iter_mut()
                .find(|(known, _)| known.statement.fingerprint == fingerprint)
            {
                Some((known, calls)) => {
                    *calls = calls.saturating_add(part.calls);
                    if part.calls > known.calls {
                        *known = part;
                    }
                }
                None => sums.push((part, part.calls)),
            }
        }
        sums.retain(|(_, calls)| *calls > most);
        sums
    }

    fn as_violation(&self, finding: &Finding) -> Violation {
        let of_it =
            |part: &&RequestStatement| Some(part.statement.fingerprint) == finding.fingerprint;
        let parts = self.record.statements.iter().filter(of_it);
        let calls = parts.clone().map(|part| part.calls).sum::<u64>();
        let statement = parts.map(|part| &*part.statement).next();
        Violation::new(
            &finding.rule,
            statement,
            finding.call_site.as_ref(),
            calls.max(1),
        )
    }

    /// All statements and what was found of them.
    fn with_all(&self, headline: String, known: Option<&[Debt]>) -> Message {
        let mut message = Message::new(headline);
        message.statements(self.record.statements.iter(), |part| {
            known.map(|known| mark(as_queries(part).standing(known)))
        });
        message.findings(self, self.findings(), |_| None);
        let repeated = self.repeated(1);
        message.instead(self, repeated.iter().map(|(part, _)| *part));
        message
    }

    /// The known debts of these kinds; none if they were just written instead.
    #[track_caller]
    pub(super) fn known(
        &self,
        is_kind: impl Fn(&str) -> bool,
        violations: &[Violation],
    ) -> Option<Vec<Debt>> {
        let context = &self.context;
        let (path, test) = (context.debt_file(), context.test());
        let target = &*context.name.target;
        if debts::is_updating() {
            let debt = |one: &Violation| Debt {
                target: target.to_owned(),
                test: test.clone(),
                kind: one.kind.clone(),
                statement: one.statement.clone(),
                place: one.place.clone(),
                allowed: one.number,
            };
            let now = violations.iter().map(debt).collect();
            if let Err(error) = DebtFile::update(&path, (target, &test), is_kind, now) {
                fail(&format!(
                    "the file of known debts cannot be written: {error}"
                ));
            }
            return None;
        }
        match DebtFile::read(&path) {
            Ok(file) => Some(file.of(target, &test, is_kind)),
            Err(error) => fail(&format!("the file of known debts cannot be read: {error}")),
        }
    }

    /// Says on standard error which debts there are, and which are smaller now.
    pub(super) fn note(&self, violations: &[Violation], known: &[Debt]) {
        for violation in violations {
            match violation.standing(known) {
                Standing::Known => self.say(&format!("known debt: {}", line_of(violation))),
                Standing::Better(allowed) => self.say(&format!(
                    "better than known ({} allowed), lower it: {}",
                    count(allowed),
                    line_of(violation)
                )),
                Standing::New | Standing::Worse(_) => {}
            }
        }
        for debt in known {
            if !violations.iter().any(|violation| violation.is_of(debt)) {
                self.say(&format!(
                    "a debt is paid, remove it: {}",
                    line_of_debt(debt)
                ));
            }
        }
    }

    fn note_sum(&self, now: u64, allowed: u64) {
        let (was, is) = (count(allowed), counted(now, "query"));
        match now {
            0 => self.say(&format!("a debt is paid, remove it: {was} queries")),
            now if now < allowed => {
                self.say(&format!(
                    "better than known ({was} allowed), lower it: {is}"
                ));
            }
            _ => self.say(&format!("known debt: {is}")),
        }
    }

    #[expect(
        clippy::print_stderr,
        reason = "a harness shows it with the test's output"
    )]
    fn say(&self, what: &str) {
        let file = shown(&self.context.debt_file());
        eprintln!("silk: {}: {what} ({file})", self.context.test());
    }
}

fn as_queries(part: &RequestStatement) -> Violation {
    Violation::new(
        QUERIES,
        Some(&part.statement),
        part.call_site.as_ref(),
        part.calls,
    )
}

/// Fails the test.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion fails by a panic")]
pub(super) fn fail(message: &str) -> ! {
    panic!("{message}")
}
