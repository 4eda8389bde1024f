//! `api/health`.

use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use silk_core::{LossReason, RunRecord, vitals::CaptureLevel};

use crate::{context::Here, error::Failure};

#[derive(Debug, Serialize)]
struct HealthJson<'a> {
    run: &'a RunRecord,
    is_recording: bool,
    seen: u64,
    recorded: u64,
    not_sampled: u64,
    lost: BTreeMap<&'static str, u64>,
    losses: Vec<LossJson>,
    active: u64,
    queue: QueueJson,
    memory: MemoryJson,
    store: StoreJson,
    queries: u64,
    unattributed_queries: u64,
    app_cost_us: Option<f64>,
    writer_cost_us: Option<f64>,
    captures: Vec<CaptureJson<'a>>,
    minutes: Vec<MinuteJson>,
}

/// A reason of loss that has occurred.
#[derive(Debug, Serialize)]
struct LossJson {
    reason: &'static str,
    label: &'static str,
    requests: u64,
    about: &'static str,
    remedy: &'static str,
}

#[derive(Debug, Serialize)]
struct QueueJson {
    length: u64,
    capacity: u64,
}

#[derive(Debug, Serialize)]
struct MemoryJson {
    bytes: u64,
    budget_bytes: u64,
}

#[derive(Debug, Serialize)]
struct StoreJson {
    kind: String,
    bytes: Option<u64>,
    requests: Option<u64>,
    statements: Option<u64>,
    oldest: Option<DateTime<Utc>>,
    max_bytes: u64,
    max_requests: u64,
    max_age_s: u64,
    error: Option<String>,
    /// When it failed.
    error_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
struct CaptureJson<'a> {
    what: &'a str,
    level: &'static str,
    reason: &'a str,
    remedy: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct MinuteJson {
    started_at: DateTime<Utc>,
    recorded: u64,
    lost: u64,
}

fn losses(lost: &[(LossReason, u64)]) -> Vec<LossJson> {
    let occurred = lost.iter().filter(|(_, requests)| *requests > 0);
    occurred
        .map(|&(reason, requests)| {
            let words = reason.words();
            LossJson {
                reason: reason.as_str(),
                label: words.label,
                requests,
                about: words.about,
                remedy: words.remedy,
            }
        })
        .collect()
}

/// `GET api/health`: answers with what is known also where the store does not.
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let vitals = here.app.vitals.snapshot();
    let (size, silent) = match here.app.ask(silk_core::Store::size).await {
        Ok(size) => (Some(size), None),
        Err(failure) => (None, Some(failure.message)),
    };
    let json = HealthJson {
        run: &vitals.run,
        is_recording: vitals.is_recording,
        seen: vitals.seen,
        recorded: vitals.recorded,
        not_sampled: vitals.not_sampled,
        lost: vitals
            .lost
            .iter()
            .map(|(reason, n)| (reason.as_str(), *n))
            .collect(),
        losses: losses(&vitals.lost),
        active: vitals.active,
        queue: QueueJson {
            length: vitals.queue_length,
            capacity: vitals.queue_capacity,
        },
        memory: MemoryJson {
            bytes: vitals.memory_bytes,
            budget_bytes: vitals.memory_budget_bytes,
        },
        store: StoreJson {
            kind: here.app.store_kind(),
            bytes: size.as_ref().map(|size| size.bytes),
            requests: size.as_ref().map(|size| size.requests),
            statements: size.as_ref().map(|size| size.statements),
            oldest: size.and_then(|size| size.oldest),
            max_bytes: vitals.budget.max_bytes,
            max_requests: vitals.budget.max_requests,
            max_age_s: vitals.budget.max_age.as_secs(),
            error_at: match (&silent, &vitals.store_error) {
                (Some(_), _) => Some(here.now),
                (None, error) => error.as_ref().map(|(at, _)| *at),
            },
            error: silent.or_else(|| {
                vitals
                    .store_error
                    .as_ref()
                    .map(|(_, message)| message.clone())
            }),
        },
        queries: vitals.queries,
        unattributed_queries: vitals.unattributed_queries,
        app_cost_us: vitals.app_cost_us,
        writer_cost_us: vitals.writer_cost_us,
        captures: vitals
            .captures
            .iter()
            .map(|capture| CaptureJson {
                what: &capture.what,
                level: match capture.level {
                    CaptureLevel::Full => "full",
                    CaptureLevel::Partial => "partial",
                    CaptureLevel::Off => "off",
                },
                reason: &capture.reason,
                remedy: capture.remedy.as_deref(),
            })
            .collect(),
        minutes: vitals
            .minutes
            .iter()
            .map(|minute| MinuteJson {
                started_at: minute.started_at,
                recorded: minute.recorded,
                lost: minute.lost,
            })
            .collect(),
    };
    Ok(Json(json).into_response())
}
