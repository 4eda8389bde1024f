//! The parameters of addresses: those of each list, and what may be given.

use serde_json::{Value, json};

use super::notation::{described, reference};
use crate::{
    api::{live, lives},
    params::{REQUEST_PARAMS, ROUTE_PARAMS, STATEMENT_PARAMS, WINDOW_PARAMS},
    sides::COMPARE_PARAMS,
};

/// Which parameters an address takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    Nothing,
    Requests,
    Live,
    Compare,
    Findings,
    /// A window, and how many items.
    Items,
    Route,
    Statements,
    Window,
}

impl Query {
    fn names(self) -> Vec<&'static str> {
        let window = |more: &[&'static str]| [&WINDOW_PARAMS[..], more].concat();
        match self {
            Self::Nothing => Vec::new(),
            Self::Requests => REQUEST_PARAMS.to_vec(),
            Self::Live => live::params(),
            Self::Compare => COMPARE_PARAMS.to_vec(),
            Self::Findings => lives::params(),
            Self::Items => window(&["limit"]),
            Self::Route => window(&ROUTE_PARAMS),
            Self::Statements => STATEMENT_PARAMS.to_vec(),
            Self::Window => WINDOW_PARAMS.to_vec(),
        }
    }
}

/// The parameters of an address, those in its path first.
pub(super) fn of(path: &str, query: Query) -> Vec<Value> {
    let in_path = (path.split('/'))
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let schema = match (name, path) {
                ("id", "/api/acceptances/{id}") => json!({ "type": "integer" }),
                ("seq", _) => json!({ "type": "integer", "minimum": 1 }),
                ("fingerprint", _) => hex(),
                _ => json!({ "type": "string", "format": "uuid" }),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        });
    let in_query = query.names().into_iter().map(|name| {
        let (schema, about) = described_as(query, name);
        let is_required = matches!((query, name), (Query::Compare, _) | (Query::Route, "route"));
        let parameter = json!({
            "name": name,
            "in": "query",
            "required": is_required,
            "schema": schema,
        });
        described(parameter, about)
    });
    in_path.chain(in_query).collect()
}

fn hex() -> Value {
    json!({ "type": "string", "pattern": "^[0-9a-fA-F]{16}$" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// Schema and description of a parameter.
fn described_as(query: Query, name: &str) -> (Value, &'static str) {
    match (query, name) {
        (_, "kind") => (reference("RequestKind"), ""),
        (Query::Route, "method") => (
            text(),
            "`GET` unless given; of jobs and tests there is none.",
        ),
        (_, "method") => (
            json!({ "type": "string", "pattern": "^[A-Za-z-]{1,32}$" }),
            "HTTP method.",
        ),
        (Query::Route, "route") => (
            text(),
            "The route as the app wrote it, or the name of a job.",
        ),
        (Query::Findings, "route") => (text(), "A part of method and route."),
        (_, "route") => (
            pattern(),
            "The route as the app wrote it; `*` for any text.",
        ),
        (_, "path") => (pattern(), "The path that was asked for; `*` for any text."),
        (_, "status") => (
            json!({
                "type": "string",
                "pattern": "^([1-9]xx|[1-9][0-9]{2}|[1-9][0-9]{2}-[1-9][0-9]{2})$",
                "examples": ["404", "5xx", "400-499"],
            }),
            "A status, a class, or from one to another.",
        ),
        (_, "min_duration_ms") => (
            json!({ "type": "number", "minimum": 0, "maximum": 1e12 }),
            "That took at least so many milliseconds.",
        ),
        (_, "min_queries") => (
            json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
            "With at least so many queries.",
        ),
        (_, "finding") => (
            json!({
                "allOf": [reference("Rule"), { "type": "string", "pattern": "^[a-z_]{1,64}$" }],
            }),
            "With a finding of this rule, or of `any`.",
        ),
        (_, "rule") => (text(), "Of this rule."),
        (_, "state") => (reference("FindingState"), "`todo` unless given."),
        (_, "fingerprint") => (hex(), "About, or running, this statement."),
        (_, "window") => (
            reference("Window"),
            "`1h` unless given; not beside `since`.",
        ),
        (_, "since") => (moment(), "Inclusive: a time, or a while ago such as `3h`."),
        (_, "until") => (moment(), "Exclusive; up to now unless given."),
        (_, "sort" | "limit" | "cursor") => of_page(query, name),
        (Query::Requests | Query::Live, "text") => (
            json!({ "type": "string", "maxLength": 200, "pattern": "\\S" }),
            "In the normalised SQL or an error, upper or lower case; or the trace id, or a whole \
             `traceparent`.",
        ),
        (_, "text") => (text(), "In the normalised SQL, upper or lower case."),
        (_, "table") => (text(), "That touch this table."),
        (_, "command") => (
            json!({ "type": "string", "pattern": "^[A-Za-z]{1,32}$" }),
            "Like `SELECT`.",
        ),
        (_, "database") => (reference("DatabaseKind"), "Of this dialect."),
        (_, "a" | "b") => (
            text(),
            "A side: an id; `fastest`, `slowest` or `previous` of the other side's route; or \
             `route:GET /x@FROM..TO`, `job:NAME@…`, `test:NAME@…`, `statement:FINGERPRINT@…`, \
             `all@…`.",
        ),
        _ => (text(), ""),
    }
}

/// What says which page of a list is wanted.
fn of_page(query: Query, name: &str) -> (Value, &'static str) {
    match (query, name) {
        (Query::Statements, "sort") => (reference("StatementSort"), ""),
        (_, "sort") => (reference("RequestSort"), ""),
        (_, "limit") => (
            json!({ "type": "integer", "minimum": 1, "maximum": 500 }),
            "Items at most: 50 requests or statements unless given, 100 of other things.",
        ),
        (Query::Statements, "cursor") => (
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            "`next` of the page before.",
        ),
        _ => (
            json!({ "type": "string", "pattern": "^-?[0-9]{1,18}\\.[0-9a-f]{32}$" }),
            "`next` of the page before.",
        ),
    }
}

fn pattern() -> Value {
    json!({ "type": "string", "pattern": "^[^*]*(\\*[^*]*){0,8}$" })
}

fn moment() -> Value {
    json!({
        "anyOf": [
            { "type": "string", "format": "date-time" },
            { "type": "string", "pattern": "^[0-9]{1,9}[smhd]$" },
        ],
    })
}
