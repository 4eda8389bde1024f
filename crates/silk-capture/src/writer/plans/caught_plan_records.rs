//! Records of the plans that were caught, one of each form that is worth storing.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    Database, ExplainOutput, Fingerprint, PlanFormat, PlanId, PlanObservation, PlanRecord,
    PlanShape, PlanSource, QueryRef, RequestRecord, redact::Secrets,
};
use silk_plan::Plan;
use uuid::Uuid;

use super::PlanRedactor;
use crate::{
    record::{
        buffers::KeptPlan,
        plans::{PlanNotes, caught_plan::PlanMark, plan_notes::Dropped},
    },
    writer::numbered::index,
};

/// Forms remembered; a map that is full starts anew.
const MAX_KNOWN_FORMS: usize = 10_000;
/// After so long a plan is handed to the store again: it may have gone there by age.
const RESEND_AFTER: Duration = Duration::from_secs(600);

/// Makes records of the plans that were caught, on the writer's thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    notes: Arc<PlanNotes>,
    redactor: PlanRedactor,
    /// What an outline was found to be, so that of a thousand runs one is parsed.
    forms: HashMap<Key, Option<Form>, foldhash::fast::RandomState>,
    /// The slowest run handed to the store of each form, and when.
    sent: HashMap<Key, (u64, Instant), foldhash::fast::RandomState>,
    plans: Vec<PlanRecord>,
    observations: Vec<PlanObservation>,
}

/// A statement in a database, and an outline or a form.
type Key = (Fingerprint, Arc<Database>, u64);

#[derive(Debug, Clone, Copy)]
struct Form {
    shape: PlanShape,
    total_cost: Option<f64>,
}

/// The query whose plan a caught one is.
#[derive(Debug, Clone, Copy)]
struct Owner {
    seq: u32,
    ended_at: DateTime<Utc>,
}

impl Keeper {
    pub(crate) fn new(notes: Arc<PlanNotes>, redactor: PlanRedactor) -> Self {
        Self {
            notes,
            redactor,
            forms: HashMap::default(),
            sent: HashMap::default(),
            plans: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// What was made since the last time.
    pub(crate) fn take(&mut self) -> (Vec<PlanRecord>, Vec<PlanObservation>) {
        (
            std::mem::take(&mut self.plans),
            std::mem::take(&mut self.observations),
        )
    }

    /// Tells each query of a record the form of its plan, and keeps those plans that are worth it.
    /// `marks` go with the queries of the record, one each.
    pub(crate) fn keep(
        &mut self,
        record: &mut RequestRecord,
        kept: &[KeptPlan],
        marks: &[Option<PlanMark>],
        secrets: &Secrets,
    ) {
        if kept.is_empty() {
            return;
        }
        let owners = self.tell_queries(record, kept, marks);
        for (plan, owner) in kept.iter().zip(owners) {
            if let Some(owner) = owner {
                self.keep_plan(record, plan, owner, secrets);
            }
        }
    }

    /// Tells each query the form of its plan; of each caught plan, the query whose plan it is.
    fn tell_queries(
        &mut self,
        record: &mut RequestRecord,
        kept: &[KeptPlan],
        marks: &[Option<PlanMark>],
    ) -> Vec<Option<Owner>> {
        let started_at = record.summary.started_at;
        let detail = &mut record.detail;
        let mut owners: Vec<Option<Owner>> = vec![None; kept.len()];
        for (query, mark) in detail.queries.iter_mut().zip(marks) {
            let Some(mark) = mark else { continue };
            let Some(at) = kept
                .iter()
                .position(|kept| kept.text == query.text && kept.outline == mark.outline)
            else {
                continue;
            };
            let Some(text) = index(&detail.texts, query.text) else {
                continue;
            };
            let plan = &kept[at];
            let Some(form) = self.form(plan, text.statement.fingerprint, &text.database) else {
                self.notes.drop_one(Dropped::Unread);
                continue;
            };
            query.plan_shape = Some(form.shape);
            query.server_us = Some(mark.duration_us);
            let offset = query.started_us.saturating_add(query.duration_us);
            let ended_at =
                started_at + TimeDelta::microseconds(i64::try_from(offset).unwrap_or(i64::MAX / 2));
            if mark.duration_us == plan.duration_us && owners[at].is_none() {
                owners[at] = Some(Owner {
                    seq: query.seq,
                    ended_at,
                });
            }
            self.observations.push(PlanObservation {
                fingerprint: text.statement.fingerprint,
                database: Database::clone(&text.database),
                source: PlanSource::AutoExplain,
                shape: form.shape,
                observed_at: ended_at,
                duration_us: Some(mark.duration_us),
            });
        }
        owners
    }

    /// Keeps a caught plan, redacted, where it is worth it.
    fn keep_plan(
        &mut self,
        record: &RequestRecord,
        plan: &KeptPlan,
        owner: Owner,
        secrets: &Secrets,
    ) {
        let Some(text) = index(&record.detail.texts, plan.text) else {
            return;
        };
        let fingerprint = text.statement.fingerprint;
        let Some(form) = self.form(plan, fingerprint, &text.database) else {
            return;
        };
        if !self.is_worth_sending(fingerprint, &text.database, form.shape, plan.duration_us) {
            return;
        }
        let mut output = ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: plan.message.clone().into(),
            analyzed: true,
        };
        self.redactor.redact(&mut output, &text.text, secrets);
        self.add(PlanRecord {
            id: PlanId(Uuid::now_v7()),
            query: Some(QueryRef {
                request_id: record.summary.id,
                seq: owner.seq,
            }),
            fingerprint: Some(fingerprint),
            database: Database::clone(&text.database),
            captured_at: owner.ended_at,
            source: PlanSource::AutoExplain,
            shape: Some(form.shape),
            duration_us: Some(plan.duration_us),
            total_cost: form.total_cost,
            output,
        });
    }

    /// A batch holds one plan of each form: the slowest.
    fn add(&mut self, plan: PlanRecord) {
        let same = self.plans.iter_mut().find(|other| {
            other.fingerprint == plan.fingerprint
                && other.shape == plan.shape
                && other.database == plan.database
        });
        match same {
            Some(other) if other.duration_us >= plan.duration_us => {}
            Some(other) => *other = plan,
            None => self.plans.push(plan),
        }
    }

    fn form(
        &mut self,
        plan: &KeptPlan,
        fingerprint: Fingerprint,
        database: &Arc<Database>,
    ) -> Option<Form> {
        let key = (fingerprint, Arc::clone(database), plan.outline);
        if let Some(form) = self.forms.get(&key) {
            return *form;
        }
        let form = form_of(PlanFormat::PostgresJson, &plan.message)
            .map(|(shape, total_cost)| Form { shape, total_cost });
        if self.forms.len() >= MAX_KNOWN_FORMS {
            self.forms.clear();
        }
        self.forms.insert(key, form);
        form
    }

    fn is_worth_sending(
        &mut self,
        fingerprint: Fingerprint,
        database: &Arc<Database>,
        shape: PlanShape,
        duration_us: u64,
    ) -> bool {
        let key = (fingerprint, Arc::clone(database), shape.0);
        let now = Instant::now();
        if let Some((slowest, at)) = self.sent.get(&key)
            && duration_us <= slowest.saturating_add(slowest / 8)
            && now.duration_since(*at) < RESEND_AFTER
        {
            return false;
        }
        if self.sent.len() >= MAX_KNOWN_FORMS {
            self.sent.clear();
        }
        self.sent.insert(key, (duration_us, now));
        true
    }
}

/// Shape and cost of a plan; none if it cannot be read.
pub(super) fn form_of(format: PlanFormat, raw: &str) -> Option<(PlanShape, Option<f64>)> {
    let plan = Plan::parse(format, raw).ok()?;
    let shape = plan.shape.parse().ok()?;
    Some((
        shape,
        plan.root
            .estimate
            .as_ref()
            .and_then(|estimate| estimate.total_cost),
    ))
}
