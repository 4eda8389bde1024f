//! The rooms of each crate, floor by floor, as `rooms.rs` checks them.

/// The rooms of a folder. Another order is a change of design, made here.
pub(super) struct House {
    pub(super) folder: &'static str,
    /// From the ground up. A room imports from lower floors: from none above, from none beside it.
    pub(super) floors: &'static [&'static [&'static str]],
    /// Whether a room may import what another defines through the folder's own `lib.rs` or `mod.rs`.
    pub(super) through_face: bool,
}

pub(super) const HOUSES: &[House] = &[
    House {
        folder: "crates/silk-core/src",
        floors: &[
            &[
                "boxed",
                "budget",
                "histogram",
                "id",
                "toml_file",
                "word_enum",
                "words",
            ],
            &["database"],
            &["value"],
            &["record"],
            &["redact", "vitals"],
            &["explain", "sql"],
            &["finding", "store"],
            &["across", "compare"],
            &["recording", "testing"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/silk-capture/src",
        floors: &[
            &["suppress"],
            &["record"],
            &["health", "http", "sql", "writer"],
            &["job", "start"],
            &["testing"],
        ],
        through_face: false,
    },
    House {
        folder: "crates/silk-capture/src/sql",
        floors: &[&["plans", "values", "verbs"], &["tracing"], &["pool"]],
        through_face: false,
    },
    House {
        folder: "crates/silk-capture/src/writer",
        floors: &[
            &[
                "call_site",
                "numbered",
                "path_shape",
                "retention_pace",
                "store_caller",
            ],
            &["plans", "raw_routes", "statement_sums"],
            &["transform"],
            &["thread"],
        ],
        through_face: false,
    },
    House {
        folder: "crates/silk-plan/src",
        floors: &[
            &["plan"],
            &["advice", "error", "measure", "shape"],
            &["findings", "parse"],
            &["read"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/silk-store/src",
        floors: &[
            &["age", "detail"],
            &["contract", "stats"],
            &["across"],
            &["memory", "sqlite"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/silk-store/src/sqlite",
        floors: &[
            &["config", "error", "finding_names"],
            &["bulk_insert", "log", "numbers", "watch"],
            &["findings", "json", "share", "size", "top"],
            &["intern", "names", "refill", "requests"],
            &["figures", "plans", "retention_state", "whole_request"],
            &["across", "generation", "open", "routes", "statements"],
            &["clear", "peers", "retain", "write"],
            &["lease", "steps"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/silk-explain/src",
        floors: &[
            &["checks", "refusal", "step", "target", "time_limits"],
            &["database", "prove", "room"],
            &["explainer", "session"],
            &["mysql", "postgres", "sqlite"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/silk-ui/src",
        floors: &[
            &["draw", "error", "held"],
            &["assets", "params", "security"],
            &["config"],
            &["context"],
            &["ahead", "plans"],
            &["findings"],
            &["sides"],
            &["api", "parts"],
            &["pages"],
            &["routes"],
            &["dashboard", "fixtures"],
        ],
        through_face: true,
    },
    House {
        folder: "crates/tower-silk/src",
        floors: &[
            &[
                "console",
                "error",
                "job",
                "log_lines",
                "runtime",
                "store",
                "testing",
                "vitals",
            ],
            &["remote", "store_path", "token"],
            &["silk"],
            &["builder"],
        ],
        through_face: true,
    },
];
