//! Figures of plan nodes in words.

use silk_plan::{Buffers, Direction, Execution, Plan, PlanNode};

use crate::draw::{
    format::{self, Markup, one_line},
    svg,
};

/// Plans quicker than this get no heat, in ms.
const HOT_TOTAL_MS: f64 = 5.0;
/// From this share of the whole on, a node's bar has the hue of SQL.
const HOT_SHARE: f64 = 0.1;
/// From this factor on, a wrong estimate is shown.
const OFF_FACTOR: f64 = 10.0;

/// What the nodes of a plan are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Own time.
    Time,
    /// Own cost, in planner units.
    Cost,
    /// Neither: SQLite prints no costs or times, MySQL not always.
    Nothing,
}

impl Scale {
    pub(crate) fn of(plan: &Plan) -> Self {
        if plan.nodes().any(|node| node.derived.exclusive_ms.is_some()) {
            Self::Time
        } else if plan
            .nodes()
            .any(|node| node.derived.exclusive_cost.is_some())
        {
            Self::Cost
        } else {
            Self::Nothing
        }
    }

    /// The node's share of the whole, 0 to 1.
    pub(crate) fn share(self, node: &PlanNode) -> Option<f64> {
        match self {
            Self::Time => node.derived.share,
            Self::Cost => node.derived.cost_share,
            Self::Nothing => None,
        }
    }

    /// The node itself: ms or planner units.
    pub(crate) fn own(self, node: &PlanNode) -> Option<f64> {
        match self {
            Self::Time => node.derived.exclusive_ms,
            Self::Cost => node.derived.exclusive_cost,
            Self::Nothing => None,
        }
    }

    /// A figure of this scale in words.
    pub(crate) fn words(self, value: f64) -> String {
        match self {
            Self::Time => ms(value),
            Self::Cost | Self::Nothing => number(value),
        }
    }

    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Self::Time)
    }

    pub(crate) const fn is_any(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// Whether the whole is slow enough for heat.
pub(crate) fn is_worth_heat(plan: &Plan) -> bool {
    plan.totals
        .total_ms
        .is_none_or(|total| total >= HOT_TOTAL_MS)
}

/// Milliseconds with three digits and the unit that fits.
pub(crate) fn ms(ms: f64) -> String {
    if !ms.is_finite() {
        return "–".to_owned();
    }
    let us = ms * 1e3;
    if us < 999_500.0 {
        format::fine_duration(us)
    } else {
        format::duration(format::whole(us))
    }
}

/// A count, which databases estimate and average with fractions.
pub(crate) fn number(n: f64) -> String {
    if !n.is_finite() {
        "–".to_owned()
    } else if n >= 1e12 {
        format!("{n:.0e}").replace('e', " × 10^")
    } else if n >= 9_999_500.0 {
        format::about(format::whole(n)).replace("about ", "")
    } else if n.fract().abs() < 1e-9 || n >= 100.0 {
        format::count(format::whole(n))
    } else if n >= 10.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.2}")
    }
}

/// A share in percent; one decimal where that says more.
pub(crate) fn share(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "–".to_owned()
    } else if percent > 0.0 && percent < 0.05 {
        "< 0.1 %".to_owned()
    } else if percent > 0.0 && percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// A bar of a share of the whole.
pub(crate) fn bar(share: f64, class: &str) -> Markup {
    svg::bar(format::whole(share.clamp(0.0, 1.0) * 1_000.0), 1_000, class)
}

/// The node itself on the plan's scale.
pub(crate) struct Measure {
    pub(crate) text: String,
    pub(crate) title: String,
    pub(crate) share: String,
    pub(crate) bar: Markup,
}

/// Own time or cost of a node; `heat` is the class of a finding at it.
pub(crate) fn measure(node: &PlanNode, scale: Scale, heat: &str, is_hot: bool) -> Option<Measure> {
    let derived = &node.derived;
    let own = scale.own(node)?;
    let part = scale.share(node).unwrap_or(0.0);
    let text = if scale.is_time() && derived.negligible {
        "≈ 0".to_owned()
    } else {
        scale.words(own)
    };
    let title = match scale {
        Scale::Time => {
            let mut title = format!("itself {own:.3} ms");
            if let Some(all) = derived.inclusive_ms {
                title.push_str(&format!(", with its inputs {all:.3} ms"));
            }
            if let Some(off) = derived.uncertainty_ms.filter(|off| *off > 0.0005) {
                title.push_str(&format!(", ± {off:.3} ms by rounding"));
            }
            if derived.participants > 1.0 {
                title.push_str(&format!(
                    "; shared by {} processes",
                    number(derived.participants)
                ));
            }
            title
        }
        _ => {
            let all = node.estimate.and_then(|estimate| estimate.total_cost);
            let all = all.map_or_else(String::new, |all| {
                format!(", with its inputs {}, once", number(all))
            });
            format!("itself {} planner units{all}", number(own))
        }
    };
    let class = match heat {
        "bad" => "k-over",
        "warn" => "k-warn",
        _ if is_hot && part >= HOT_SHARE => {
            if scale.is_time() {
                "k-sql"
            } else {
                "k-cost"
            }
        }
        _ => "k-rest",
    };
    Some(Measure {
        text,
        title,
        share: share(part),
        bar: bar(part, class),
    })
}

/// Rows expected and given.
pub(crate) struct Rows {
    /// `1 → 1 ×100`.
    pub(crate) text: String,
    pub(crate) title: String,
    /// How wrong the estimate was, where it was wrong beyond the gate.
    pub(crate) off: Option<String>,
}

pub(crate) fn rows(node: &PlanNode) -> Option<Rows> {
    let derived = &node.derived;
    let expected = node.estimate.and_then(|estimate| estimate.rows);
    let given = node
        .actual
        .and_then(|actual| actual.rows)
        .filter(|_| derived.execution == Execution::Ran);
    let loops = derived.loops.unwrap_or(1.0);
    let mut text = match (expected, given) {
        (Some(expected), Some(given)) => format!("{} → {}", number(expected), number(given)),
        (Some(expected), None) => number(expected),
        (None, Some(given)) => format!("– → {}", number(given)),
        (None, None) => return None,
    };
    let mut title = match (given, derived.rows_at_most) {
        (Some(_), Some(most)) => format!("at most {} rows in all", number(most)),
        (Some(_), None) => format!("{} rows in all", number(derived.rows.unwrap_or(0.0))),
        _ => "rows expected".to_owned(),
    };
    if given.is_some() && loops > 1.0 {
        text.push_str(&format!(" ×{}", number(loops)));
        title.push_str(&format!(", over {} loops", number(loops)));
    }
    if derived.stopped_early {
        title.push_str("; may have stopped early (LIMIT)");
    }
    Some(Rows {
        text,
        title,
        off: off(node),
    })
}

/// `↑ 100× more`, from ten times on.
pub(crate) fn off(node: &PlanNode) -> Option<String> {
    // A node that stopped early rightly gave fewer rows than expected.
    let factor = node
        .derived
        .estimate_factor
        .filter(|factor| factor.is_finite() && *factor >= OFF_FACTOR)
        .filter(|_| !node.derived.stopped_early)?;
    let side = match node.derived.direction {
        Some(Direction::Under) => ("↑", "more"),
        Some(Direction::Over) => ("↓", "fewer"),
        None => ("", "off"),
    };
    Some(format!("{} {}× {}", side.0, number(factor.round()), side.1))
}

/// Pages touched by the node itself, and which.
pub(crate) fn pages(node: &PlanNode) -> Option<(String, String)> {
    let buffers = node.derived.buffers.filter(|buffers| !buffers.is_empty())?;
    let (pages, temp) = (buffers.pages(), buffers.temp_pages());
    let text = if temp <= 0.0 {
        number(pages)
    } else if pages <= 0.0 {
        format!("{} temp", number(temp))
    } else {
        format!("{} + {} temp", number(pages), number(temp))
    };
    Some((text, buffer_words(&buffers)))
}

/// Every figure of buffers that is not zero.
pub(crate) fn buffer_words(buffers: &Buffers) -> String {
    let counts = [
        (buffers.shared_hit, "hit"),
        (buffers.shared_read, "read"),
        (buffers.shared_dirtied, "dirtied"),
        (buffers.shared_written, "written"),
        (buffers.local_hit, "local hit"),
        (buffers.local_read, "local read"),
        (buffers.local_dirtied, "local dirtied"),
        (buffers.local_written, "local written"),
        (buffers.temp_read, "temp read"),
        (buffers.temp_written, "temp written"),
    ];
    let times = [
        (buffers.read_ms, "reading"),
        (buffers.write_ms, "writing"),
        (buffers.temp_read_ms, "reading temp"),
        (buffers.temp_write_ms, "writing temp"),
    ];
    counts
        .iter()
        .filter(|(n, _)| *n > 0.0)
        .map(|(n, word)| format!("{} {word}", number(*n)))
        .chain(
            times
                .iter()
                .filter(|(n, _)| *n > 0.0)
                .map(|(n, word)| format!("{} {word}", ms(*n))),
        )
        .collect::<Vec<_>>()
        .join(", ")
}

/// What it reads: `using message_pkey on message m`.
pub(crate) fn target(node: &PlanNode) -> String {
    let mut parts = Vec::new();
    if let Some(index) = &node.index {
        parts.push(format!("using {index}"));
    }
    if let Some(relation) = node.relation.as_ref().or(node.cte.as_ref()) {
        let alias = node.alias.as_ref().filter(|alias| *alias != relation);
        parts.push(format!(
            "on {relation}{}",
            alias.map_or_else(String::new, |alias| format!(" {alias}"))
        ));
    } else if let Some(alias) = &node.alias {
        parts.push(format!("on {alias}"));
    }
    one_line(&parts.join(" "), 160)
}

/// Operator and what it reads, in one line.
pub(crate) fn name(node: &PlanNode) -> String {
    let (title, target) = (one_line(&node.title(), 80), target(node));
    if target.is_empty() {
        title
    } else {
        format!("{title} {target}")
    }
}

/// Where in the tree a node stands.
pub(crate) fn place_of(address: &str, id: usize) -> String {
    if id == 0 {
        address.to_owned()
    } else {
        format!("{address}?node={id}")
    }
}
