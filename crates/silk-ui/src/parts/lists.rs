//! What lists have in common: headings to sort by, chips of their filters, and how many rows there are.

use silk_core::store::Page;

use crate::{
    draw::{counted, format, plural},
    params::Params,
};

/// The heading of a column: a link where the column can be sorted by.
pub(crate) struct Heading {
    pub(crate) label: &'static str,
    /// What the figures are measured against, below the label.
    pub(crate) note: String,
    pub(crate) class: &'static str,
    pub(crate) href: Option<String>,
    pub(crate) is_sorted: bool,
}

impl Heading {
    pub(crate) fn plain(label: &'static str, class: &'static str) -> Self {
        Self {
            label,
            note: String::new(),
            class,
            href: None,
            is_sorted: false,
        }
    }

    /// A sortable one: `path` with `params`, sorted by `word` and from the start.
    pub(crate) fn sorted_by(
        label: &'static str,
        class: &'static str,
        path: &str,
        params: &Params,
        word: &str,
        current: &str,
    ) -> Self {
        let query = params.with(&[("sort", Some(word)), ("cursor", None)]);
        Self {
            label,
            note: String::new(),
            class,
            href: Some(format!("{path}{query}")),
            is_sorted: word == current,
        }
    }

    pub(crate) fn noted(mut self, note: String) -> Self {
        self.note = note;
        self
    }
}

/// One of several views, as a link.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// A condition that holds, with the link that takes it away.
pub(crate) struct Chip {
    pub(crate) label: String,
    pub(crate) href: String,
}

/// The chips of all parameters that narrow a list.
pub(crate) fn chips(path: &str, params: &Params) -> Vec<Chip> {
    params
        .iter()
        .filter(|(name, _)| !matches!(*name, "sort" | "limit" | "cursor" | "window" | "compare"))
        .map(|(name, value)| Chip {
            label: format!("{} {}", chip_name(name), format::one_line(value, 60)),
            href: format!("{path}{}", params.with(&[(name, None), ("cursor", None)])),
        })
        .collect()
}

fn chip_name(name: &str) -> String {
    match name {
        "min_duration_ms" => "≥ ms".to_owned(),
        "min_queries" => "≥ queries".to_owned(),
        "fingerprint" => "statement".to_owned(),
        name => name.to_owned(),
    }
}

/// How many rows there are: `1,204 requests`, `about 1.2 M requests`, `50 requests shown`.
pub(crate) fn row_count<T>(page: &Page<T>, what: &str) -> String {
    match page.total {
        Some(total) if page.is_total_estimate => {
            format!("{} {}", format::about(total), plural(what))
        }
        Some(total) => counted(total, what),
        None => {
            let shown_word = if page.next.is_some() { " shown" } else { "" };
            format!("{}{shown_word}", counted(page.items.len(), what))
        }
    }
}
