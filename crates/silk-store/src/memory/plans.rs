//! Plans in memory: one of each form, and how often each form was seen.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, TimeDelta};
use silk_core::{
    Database, Fingerprint, PlanObservation, PlanRecord, PlanShape, PlanSource,
    explain::{PlanBucket, PlanChange, plan_changes},
    store::StatsWindow,
};

use crate::stats::{
    FORM_GIVEN_UP_US, HOUR_S, LOOK_BACK_S, MAX_FORMS, PlanFigures, bucket_start, is_better,
    overlaps, sight_of,
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// At most so many plans.
const MAX_PLANS: usize = 1000;

/// Bytes of their prints.
const MAX_BYTES: usize = 16 << 20;

/// At most so many rows of sights, and statements with forms.
const MAX_SIGHTS: usize = 20_000;

/// Its database, its source and its shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Form {
    database: Database,
    source: PlanSource,
    shape: PlanShape,
}

/// Plans and the sights of their forms.
#[derive(Debug, Default)]
pub(super) struct Plans {
    /// Newest first.
    kept: Vec<PlanRecord>,
    /// When each form of a statement was seen last.
    forms: Map<Fingerprint, Map<Form, i64>>,
    /// By bucket and statement.
    sights: BTreeMap<(i64, Fingerprint), Map<Form, PlanFigures>>,
    /// Rows of `sights`.
    rows: usize,
}

fn form_of(plan: &PlanRecord) -> Option<(Fingerprint, Form)> {
    let sight = sight_of(plan)?;
    Some((sight.fingerprint, form_of_sight(&sight)))
}

fn form_of_sight(sight: &PlanObservation) -> Form {
    Form {
        database: sight.database.clone(),
        source: sight.source,
        shape: sight.shape,
    }
}

impl Plans {
    /// Keeps plans that are better than those of their form, and counts the sights.
    pub(super) fn add(&mut self, plans: &[PlanRecord], sights: &[PlanObservation]) {
        for sight in sights {
            let (form, figures) = (form_of_sight(sight), PlanFigures::of(sight));
            if !self.admit(sight.fingerprint, &form, figures.last_us) {
                continue;
            }
            let bucket = bucket_start(figures.first_us, HOUR_S);
            let forms = self.sights.entry((bucket, sight.fingerprint)).or_default();
            let before = forms.len();
            forms
                .entry(form)
                .and_modify(|sum| sum.merge(&figures))
                .or_insert(figures);
            self.rows += forms.len() - before;
        }
        while self.rows > MAX_SIGHTS
            && let Some((_, forms)) = self.sights.pop_first()
        {
            self.rows -= forms.len();
        }
        for plan in plans {
            self.keep(plan);
        }
        self.kept
            .sort_by_key(|plan| Reverse((plan.captured_at, plan.id)));
        self.kept.truncate(MAX_PLANS);
        let mut bytes = 0_usize;
        self.kept.retain(|plan| {
            bytes = bytes.saturating_add(plan.output.raw.len());
            bytes <= MAX_BYTES
        });
        if self.forms.len() > MAX_SIGHTS {
            self.forget_forms();
        }
    }

    /// Forgets the forms of the statements not planned for the longest time, about half of them.
    fn forget_forms(&mut self) {
        let last = |forms: &Map<Form, i64>| forms.values().max().copied().unwrap_or(i64::MIN);
        let mut lasts: Vec<i64> = self.forms.values().map(last).collect();
        let (_, middle, _) = lasts.select_nth_unstable(MAX_SIGHTS / 2);
        let middle = *middle;
        self.forms.retain(|_, forms| last(forms) > middle);
    }

    /// Keeps one plan, with the sight that it is, unless it is known.
    pub(super) fn add_alone(&mut self, plan: &PlanRecord) {
        if !self.kept.iter().any(|known| known.id == plan.id) {
            let sight = sight_of(plan);
            self.add(std::slice::from_ref(plan), sight.as_slice());
        }
    }

    fn keep(&mut self, plan: &PlanRecord) {
        if self.kept.iter().any(|known| known.id == plan.id) {
            return;
        }
        if let Some((fingerprint, form)) = form_of(plan) {
            if !self.admit(fingerprint, &form, plan.captured_at.timestamp_micros()) {
                return;
            }
            let same = self.kept.iter_mut().find(|known| {
                form_of(known).is_some_and(|other| other == (fingerprint, form.clone()))
            });
            if let Some(known) = same {
                if is_better(plan, known) {
                    *known = plan.clone();
                }
                return;
            }
        }
        self.kept.push(plan.clone());
    }

    /// Notes that a form was seen; `false` where the statement has too many already.
    fn admit(&mut self, fingerprint: Fingerprint, form: &Form, at_us: i64) -> bool {
        let forms = self.forms.entry(fingerprint).or_default();
        if let Some(last_us) = forms.get_mut(form) {
            *last_us = at_us.max(*last_us);
            return true;
        }
        if i64::try_from(forms.len()).unwrap_or(i64::MAX) >= MAX_FORMS {
            let oldest = forms
                .iter()
                .min_by_key(|(_, last_us)| **last_us)
                .map(|(form, last_us)| (form.clone(), *last_us));
            if let Some((oldest, last_us)) = oldest {
                if last_us > at_us.saturating_sub(FORM_GIVEN_UP_US) {
                    return false;
                }
                forms.remove(&oldest);
                self.remove(fingerprint, &oldest);
            }
        }
        self.forms
            .entry(fingerprint)
            .or_default()
            .insert(form.clone(), at_us);
        true
    }

    fn remove(&mut self, fingerprint: Fingerprint, form: &Form) {
        for ((_, of), forms) in &mut self.sights {
            if *of == fingerprint && forms.remove(form).is_some() {
                self.rows -= 1;
            }
        }
        self.kept.retain(|plan| {
            form_of(plan).is_none_or(|(of, other)| of != fingerprint || other != *form)
        });
    }

    /// Removes what is older.
    pub(super) fn retain(&mut self, oldest_us: i64) {
        self.sights.retain(|(bucket, _), _| *bucket >= oldest_us);
        self.rows = self.sights.values().map(Map::len).sum();
        for forms in self.forms.values_mut() {
            forms.retain(|_, last_us| *last_us >= oldest_us);
        }
        self.forms.retain(|_, forms| !forms.is_empty());
        let forms = &self.forms;
        self.kept.retain(|plan| match form_of(plan) {
            // As long as its form is seen.
            Some((fingerprint, form)) => forms
                .get(&fingerprint)
                .is_some_and(|forms| forms.contains_key(&form)),
            None => plan.captured_at.timestamp_micros() >= oldest_us,
        });
    }

    /// Plans newest first.
    pub(super) fn list(
        &self,
        mut wanted: impl FnMut(&PlanRecord) -> bool,
        limit: usize,
    ) -> Vec<PlanRecord> {
        self.kept
            .iter()
            .filter(|plan| wanted(plan))
            .take(limit)
            .cloned()
            .collect()
    }

    /// How often each form was seen within the window, oldest bucket first.
    pub(super) fn history(
        &self,
        fingerprint: Fingerprint,
        window: &StatsWindow,
    ) -> Vec<PlanBucket> {
        let time = |at_us| DateTime::from_timestamp_micros(at_us).unwrap_or_default();
        let mut history: Vec<PlanBucket> = self
            .sights
            .iter()
            .filter(|((bucket, of), _)| *of == fingerprint && overlaps(window, *bucket, HOUR_S))
            .flat_map(|((bucket, _), forms)| forms.iter().map(move |row| (*bucket, row)))
            .map(|(bucket, (form, figures))| PlanBucket {
                database: form.database.clone(),
                source: form.source,
                shape: form.shape,
                started_at: time(bucket),
                width_s: u32::try_from(HOUR_S).unwrap_or(u32::MAX),
                first_at: time(figures.first_us),
                last_at: time(figures.last_us),
                count: figures.sights,
                durations: figures.durations.clone(),
                plan: self
                    .kept
                    .iter()
                    .find(|plan| {
                        form_of(plan).is_some_and(|(of, other)| of == fingerprint && other == *form)
                    })
                    .map(|plan| plan.id),
            })
            .collect();
        history.sort_by_key(|bucket| (bucket.started_at, bucket.first_at));
        history
    }

    /// Plans that changed within the window, newest first.
    pub(super) fn changes(&self, window: &StatsWindow, limit: u32) -> Vec<PlanChange> {
        let wide = StatsWindow {
            since: window
                .since
                .checked_sub_signed(TimeDelta::seconds(LOOK_BACK_S))
                .unwrap_or(window.since),
            ..*window
        };
        let mut changes: Vec<PlanChange> = self
            .forms
            .iter()
            .filter(|(_, forms)| forms.len() > 1)
            .flat_map(|(fingerprint, _)| {
                plan_changes(*fingerprint, &self.history(*fingerprint, &wide))
            })
            .filter(|change| (window.since..window.until).contains(&change.changed_at))
            .collect();
        changes.sort_by_key(|change| (Reverse(change.changed_at), change.fingerprint));
        changes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        changes
    }
}
