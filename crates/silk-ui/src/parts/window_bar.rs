//! The switch between stretches of time, with a form for any other.

use chrono::{DateTime, Utc};

use super::lists::Choice;
use crate::params::{Params, Window};

/// The switch of a page.
pub(crate) struct WindowBar {
    pub(crate) choices: Vec<Choice>,
    /// Of the form for two times.
    pub(crate) action: String,
    pub(crate) since: String,
    pub(crate) until: String,
    pub(crate) hidden: Vec<(String, String)>,
    /// What is shown, where it is not of the list.
    pub(crate) other: Option<String>,
}

/// The switch of the page at `path`, whose other parameters stay.
pub(crate) fn window_bar(
    path: &str,
    params: &Params,
    current: Window,
    now: DateTime<Utc>,
) -> WindowBar {
    let range = current.range(now);
    let field = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M").to_string();
    let choice = |choice: Window| Choice {
        label: choice
            .of_list()
            .map_or_else(String::new, |(_, label)| label.to_owned()),
        href: format!("{path}{}", choice.on(params, &[("cursor", None)])),
        is_current: choice == current,
    };
    WindowBar {
        choices: Window::ALL.into_iter().map(choice).collect(),
        action: path.to_owned(),
        since: field(range.since),
        until: field(range.until),
        hidden: params
            .iter()
            .filter(|(name, _)| !matches!(*name, "window" | "since" | "until" | "cursor"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        other: current.of_list().is_none().then(|| current.phrase()),
    }
}
