//! Shapes of a plan over time: one colour and letter per shape, so that A-B-A is seen.

use std::fmt::Write as _;

use askama::filters::Safe;
use chrono::{DateTime, Utc};
use silk_core::store::StatsWindow;

use crate::draw::format::{Markup, escape};

/// Height of a lane.
const LANE: usize = 18;
/// From this width on, in percent, a letter has room in its stretch on a narrow screen too.
const ROOMY: f64 = 5.0;

/// One source of plans.
pub(crate) struct Lane {
    pub(crate) label: String,
    pub(crate) stretches: Vec<Stretch>,
}

/// One shape, seen within one bucket of time.
pub(crate) struct Stretch {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) bucket: DateTime<Utc>,
    pub(crate) width_s: u32,
    pub(crate) letter: String,
    pub(crate) class: String,
    pub(crate) title: String,
    pub(crate) count: u64,
}

impl Lane {
    /// The shapes in order, each named once for as long as it lasted: `A, then B, then A again`.
    pub(crate) fn story(&self) -> String {
        let mut letters: Vec<&str> = Vec::new();
        for stretch in &self.stretches {
            if letters.last() != Some(&&*stretch.letter) {
                letters.push(&stretch.letter);
            }
        }
        let shown = letters.len().min(12);
        let mut story = letters
            .iter()
            .take(shown)
            .enumerate()
            .map(|(at, letter)| {
                if letters[..at].contains(letter) {
                    format!("{letter} again")
                } else {
                    (*letter).to_owned()
                }
            })
            .collect::<Vec<_>>()
            .join(", then ");
        if letters.len() > shown {
            story.push_str(", and so on");
        }
        story
    }
}

/// Draws lanes over a window; a shape reaches from its first to its last sight in each bucket, and
/// shapes that were seen by turns share the height by how often each was seen.
pub(crate) fn draw(lanes: &[Lane], window: StatsWindow, story: &str) -> Markup {
    let height = lanes.len().max(1) * (LANE + 2);
    let mut svg = format!(
        "<svg class=\"ribbon\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"Plan shapes over time. {}\">",
        escape(story)
    );
    for (at, lane) in lanes.iter().enumerate() {
        let top = at * (LANE + 2);
        let _ = write!(
            svg,
            "<rect class=\"lane\" y=\"{top}\" width=\"100%\" height=\"{LANE}\"/>"
        );
        let mut last_letter = "";
        let mut last_end = -1.0;
        for (place, stretch) in lane.stretches.iter().take(240).enumerate() {
            let mates: Vec<&Stretch> = lane
                .stretches
                .iter()
                .filter(|other| {
                    other.bucket == stretch.bucket
                        && other.from <= stretch.until
                        && other.until >= stretch.from
                })
                .collect();
            let (from, until) = reach(lane, place);
            let left = part(from, window) * 100.0;
            let width = ((part(until, window) - part(from, window)) * 100.0).max(0.35);
            let above: u64 = mates
                .iter()
                .take_while(|other| !std::ptr::eq(**other, stretch))
                .map(|other| other.count)
                .sum();
            let all: u64 = mates.iter().map(|other| other.count).sum();
            let y = crate::draw::format::scaled(above, all, 18.0);
            let tall = crate::draw::format::scaled(stretch.count, all, 18.0).max(1.5);
            #[expect(clippy::cast_precision_loss, reason = "a coordinate on a screen")]
            let y = top as f64 + y;
            let _ = write!(
                svg,
                "<rect class=\"{}\" x=\"{left:.2}%\" y=\"{y:.1}\" width=\"{width:.2}%\" height=\"{tall:.1}\"><title>{}</title></rect>",
                stretch.class,
                escape(&stretch.title)
            );
            if (stretch.letter != last_letter || left - last_end > 8.0)
                && tall > 12.0
                && left < 97.0
            {
                // What is too narrow for its letter has it beside it.
                let (x, class) = if width < ROOMY {
                    (left + width, " class=\"beside\"")
                } else {
                    (left, "")
                };
                let _ = write!(
                    svg,
                    "<text{class} x=\"{x:.2}%\" dx=\"4\" y=\"{}\">{}</text>",
                    top + 13,
                    escape(&stretch.letter)
                );
            }
            last_letter = &stretch.letter;
            last_end = left + width;
        }
    }
    svg.push_str("</svg>");
    Safe(svg)
}

/// From the first to the last sight; on to the next bucket where the same shape goes on in it.
fn reach(lane: &Lane, place: usize) -> (DateTime<Utc>, DateTime<Utc>) {
    let stretch = &lane.stretches[place];
    let width = chrono::TimeDelta::seconds(i64::from(stretch.width_s));
    let next = lane.stretches.get(place + 1..).and_then(|later| {
        later
            .iter()
            .find(|other| other.bucket > stretch.bucket)
            .filter(|other| {
                other.letter == stretch.letter && other.bucket <= stretch.bucket + width * 2
            })
    });
    let until = next.map_or(stretch.until, |next| next.from.max(stretch.until));
    (stretch.from, until)
}

/// Where in the window an instant lies, 0 to 1.
fn part(at: DateTime<Utc>, window: StatsWindow) -> f64 {
    let whole = (window.until - window.since).num_milliseconds().max(1);
    let part = (at - window.since).num_milliseconds();
    #[expect(clippy::cast_precision_loss, reason = "a coordinate on a screen")]
    let part = part as f64 / whole as f64;
    part.clamp(0.0, 1.0)
}
