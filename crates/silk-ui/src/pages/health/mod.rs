//! What is captured, what is lost, and what the profiler costs.

mod captures;
mod switches;

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, Utc};
use silk_core::{
    store::{Budget, StoreSize},
    vitals::VitalsSnapshot,
};

use self::captures::{CaptureRow, LadderView, captures, ladders};
pub(crate) use crate::pages::health::switches::{clear, confirm_clear, switch_recording};
use crate::{
    context::Here,
    draw::{
        format::{self, Markup, bytes, count, cut, fine_duration, percent},
        svg,
    },
    error::Failure,
    parts::frame::{Frame, render},
};

#[derive(Template)]
#[template(path = "pages/health.html")]
struct HealthPage {
    frame: Frame,
    notice: Option<String>,
    csrf: String,
    captures: Vec<CaptureRow>,
    ladders: Vec<LadderView>,
    figures: Vec<Figure>,
    losses: Vec<(&'static str, String, String)>,
    lost: u64,
    minutes: Markup,
    has_minutes: bool,
    store_kind: String,
    store: Vec<Figure>,
    store_error: Option<(Markup, String)>,
    store_silent: Option<String>,
    run: Vec<(&'static str, String)>,
    started: Markup,
}

/// A figure, what it is, and how much of its limit it takes.
struct Figure {
    name: &'static str,
    value: String,
    note: String,
    bar: Option<Markup>,
    is_over: bool,
}

impl Figure {
    fn new(name: &'static str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            note: note.into(),
            bar: None,
            is_over: false,
        }
    }

    /// With a bar of `part` of `limit`; marked above nine tenths.
    fn of(mut self, part: u64, limit: u64) -> Self {
        self.is_over = limit > 0 && u128::from(part) * 10 > u128::from(limit) * 9;
        self.bar = Some(svg::bar(
            part,
            limit,
            if self.is_over { "k-over" } else { "k-total" },
        ));
        self
    }
}

/// `GET /health`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&["notice"])?;
    let vitals = here.app.vitals.snapshot();
    let size = here.app.ask(silk_core::Store::size).await;
    let (store, store_silent) = match size {
        Ok(size) => (store_figures(&size, vitals.budget, here.now), None),
        Err(failure) => (Vec::new(), Some(failure.message)),
    };
    let page = HealthPage {
        frame: Frame::new(&here, "health", "Health"),
        notice: here.app.notice(params.get("notice")),
        csrf: here.app.csrf.token().to_owned(),
        captures: captures(&vitals),
        ladders: ladders(&here).await,
        figures: figures(&vitals),
        lost: vitals.lost.iter().map(|(_, n)| n).sum(),
        losses: vitals
            .lost
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(reason, n)| {
                let words = reason.words();
                (
                    words.label,
                    count(*n),
                    format!("{} {}", words.about, words.remedy),
                )
            })
            .collect(),
        has_minutes: vitals
            .minutes
            .iter()
            .any(|minute| minute.recorded + minute.lost > 0),
        minutes: svg::charts::minutes(&vitals.minutes),
        store_kind: here.app.store_kind(),
        store,
        store_error: vitals
            .store_error
            .as_ref()
            .map(|(at, message)| (format::ago(*at), cut(message, 600))),
        store_silent,
        run: vec![
            ("service", vitals.run.service.clone()),
            (
                "build",
                vitals.run.build.clone().unwrap_or_else(|| "–".to_owned()),
            ),
            ("instance", vitals.run.instance.clone()),
            ("run", vitals.run.id.to_string()),
            ("silk", env!("CARGO_PKG_VERSION").to_owned()),
        ],
        started: format::ago(vitals.run.started_at),
    };
    render(&page)
}

fn store_figures(size: &StoreSize, budget: Budget, now: DateTime<Utc>) -> Vec<Figure> {
    let mut figures = vec![
        Figure::new(
            "size",
            bytes(size.bytes),
            format!("of {}", bytes(budget.max_bytes)),
        )
        .of(size.bytes, budget.max_bytes),
        Figure::new(
            "requests",
            count(size.requests),
            format!("of {}", count(budget.max_requests)),
        )
        .of(size.requests, budget.max_requests),
        Figure::new("statements", count(size.statements), ""),
        Figure::new(
            "each request",
            bytes(size.bytes.checked_div(size.requests).unwrap_or(0)),
            "on average, with everything it brings along",
        ),
    ];
    if let Some(oldest) = size.oldest {
        let age = u64::try_from((now - oldest).num_microseconds().unwrap_or(0)).unwrap_or(0);
        let most = u64::try_from(budget.max_age.as_micros()).unwrap_or(u64::MAX);
        let of = format!("of {}", format::span(most));
        let figure = Figure::new("oldest", format::span(age), of);
        figures.push(figure.of(age, most.saturating_mul(2)));
    }
    figures
}

fn figures(vitals: &VitalsSnapshot) -> Vec<Figure> {
    let cost = |us: Option<f64>| us.map_or_else(|| "–".to_owned(), fine_duration);
    let all = vitals.queries + vitals.unattributed_queries;
    vec![
        Figure::new("seen", count(vitals.seen), "requests"),
        Figure::new(
            "recorded",
            count(vitals.recorded),
            match vitals.seen.saturating_sub(vitals.active) {
                0 => "none has ended yet".to_owned(),
                ended => format!("{} of those that ended", percent(vitals.recorded, ended)),
            },
        ),
        Figure::new(
            "not sampled",
            count(vitals.not_sampled),
            "still counted in the figures",
        ),
        Figure::new("active", count(vitals.active), "being handled now"),
        Figure::new(
            "queries",
            count(vitals.queries),
            if all == 0 {
                "none seen yet".to_owned()
            } else {
                format!("{} of them within a request", percent(vitals.queries, all))
            },
        ),
        Figure::new(
            "unattributed",
            count(vitals.unattributed_queries),
            "queries of no request",
        ),
        Figure::new(
            "queue",
            count(vitals.queue_length),
            format!("of {} slots", count(vitals.queue_capacity)),
        )
        .of(vitals.queue_length, vitals.queue_capacity),
        Figure::new(
            "memory",
            bytes(vitals.memory_bytes),
            format!("of {}", bytes(vitals.memory_budget_bytes)),
        )
        .of(vitals.memory_bytes, vitals.memory_budget_bytes),
        Figure::new(
            "own cost",
            cost(vitals.app_cost_us),
            "per request, on the app's threads",
        ),
        Figure::new(
            "writer",
            cost(vitals.writer_cost_us),
            "per request, on its own thread",
        ),
    ]
}
