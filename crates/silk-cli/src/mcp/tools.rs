//! The tools that an agent has.

use std::time::Duration;

use rmcp::{
    ServerHandler,
    handler::server::wrapper::Parameters,
    model::{Implementation, ServerCapabilities, ServerConfig},
    schemars::{self, JsonSchema},
    tool, tool_handler, tool_router,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shorten::shorten;
use crate::{
    api::{Answer, Api, Query},
    commands::{compare, ids, plan, prove, replay, request, statements, wait},
    trouble::Result,
};

const INSTRUCTIONS: &str = "\
What tower-silk recorded of a running app: every request with its SQL, values, lines of code, waits \
and plans. `findings` says what costs most across all requests. To mend a slow route: 1. note the newest id (`requests` with limit 1), send a request to \
the app, and get its record (`await_request` with that id as `after`). 2. Look: the `verdict` and the \
`findings` of the request say what costs most, from which line, and what to write instead; `plan` \
shows why a query is slow; `prove` runs the query that an N+1's finding offers, read-only, and says \
whether the rows are the same. 3. Change the code, let the app start again. 4. `replay` the request, or \
send it again. 5. `compare` the old id with the new one: fewer queries, less time, and no new finding. Times are in microseconds (`_us`). Answers are cut to fit; what was cut says so.";

/// Longest wait that a call may ask for, in seconds: agents give up on longer ones.
const MAX_WAIT_S: u64 = 300;

/// Queries of a request in one answer.
const QUERIES_AT_ONCE: usize = 50;

/// The tools, on one API.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    api: Api,
    replay_to: Option<String>,
}

impl Tools {
    pub(super) const fn new(api: Api, replay_to: Option<String>) -> Self {
        Self { api, replay_to }
    }
}

/// Text for the model: what was found, or why not and what helps.
type Told = Result<String, String>;

fn told(answer: Result<Value>) -> Told {
    answer
        .map(|answer| shorten(&answer))
        .map_err(|trouble| trouble.to_string())
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct RequestsInput {
    /// Route template, as /people/{id}; * stands for any text.
    route: Option<String>,
    /// HTTP method.
    method: Option<String>,
    /// HTTP status: 404, 5xx or 400-499.
    status: Option<String>,
    /// Name of a rule that found something in it, or any.
    finding: Option<String>,
    /// Started at or after: 15m, 1h, 7d ago, or a time like 2026-01-31T12:00:00Z.
    since: Option<String>,
    /// -started_at (newest first), -duration_us, -query_time_us or -query_count.
    sort: Option<String>,
    /// How many, 1 to 100; 20 unless given.
    limit: Option<u16>,
    /// `next` of the answer before, for the page after it.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct RequestInput {
    /// Id of the request.
    id: String,
    /// List single queries with their values from this number on, 50 at a time. Without it the
    /// answer has the statements, summed, and how many queries there are.
    queries_from: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct AwaitInput {
    /// Route template, as /people/{id}; * stands for any text.
    route: Option<String>,
    /// HTTP method.
    method: Option<String>,
    /// HTTP status: 404, 5xx or 400-499.
    status: Option<String>,
    /// Id of a request: the first match that started after it counts, also one that is recorded
    /// already. Without it, only what is recorded from now on.
    after: Option<String>,
    /// Seconds to wait, at most 300; 30 unless given.
    timeout_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct FindingsInput {
    /// todo (what needs an answer), all, new, open, came_back, fixed, accepted or
    /// unknown (of plans); todo unless given.
    state: Option<String>,
    /// Text within the route.
    route: Option<String>,
    /// How far back: 15m, 1h, 24h or 7d; 24h unless given.
    window: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct StatementInput {
    /// Fingerprint of the statement: 16 hex digits.
    fingerprint: String,
    /// How far back: 15m, 1h, 24h or 7d; 1h unless given.
    window: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct IdInput {
    /// Its id.
    id: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ProveInput {
    /// Id of a request with a finding whose `sql_is` is `query`.
    id: String,
    /// Fingerprint of the repeated statement; that of the first such finding unless given.
    statement: Option<String>,
    /// True only after an answer asked for it and a person said yes: the app's role is a superuser.
    confirmed: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct CompareInput {
    /// Id of the request before the change.
    a: String,
    /// Id of the request after it.
    b: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ReplayInput {
    /// Id of a recorded request with method GET or HEAD.
    id: String,
}

#[tool_router]
impl Tools {
    #[tool(
        description = "List recorded requests, newest first unless sorted otherwise: id, route, \
                       status, time, number of queries, names of rules that found something.",
        annotations(read_only_hint = true)
    )]
    async fn requests(&self, Parameters(input): Parameters<RequestsInput>) -> Told {
        let mut query = Query::new();
        add(&mut query, "route", input.route);
        add(&mut query, "method", input.method);
        add(&mut query, "status", input.status);
        add(&mut query, "finding", input.finding);
        add(&mut query, "since", input.since);
        add(&mut query, "sort", input.sort);
        add(&mut query, "cursor", input.cursor);
        let limit = input.limit.unwrap_or(20).clamp(1, 100);
        query.push(("limit", limit.to_string()));
        told(self.get("api/requests", &query).await)
    }

    #[tool(
        description = "One request whole: its verdict (the largest cause of its time), findings \
                       with line of code and fix, statements with calls and times, waits, \
                       transactions, logs.",
        annotations(read_only_hint = true)
    )]
    async fn request(&self, Parameters(input): Parameters<RequestInput>) -> Told {
        told(self.whole(&input.id, input.queries_from).await)
    }

    #[tool(
        description = "Wait for the next request that matches and give it whole, as `request` does.",
        annotations(read_only_hint = true)
    )]
    async fn await_request(&self, Parameters(input): Parameters<AwaitInput>) -> Told {
        told(self.awaited(input).await)
    }

    #[tool(
        description = "What was found across requests, what costs most first: rule, route, line, \
                       time lost, the worst request, and whether it is new, open, fixed by a build, \
                       came back, or accepted.",
        annotations(read_only_hint = true)
    )]
    async fn findings(&self, Parameters(input): Parameters<FindingsInput>) -> Told {
        let mut query = Query::new();
        add(&mut query, "state", input.state);
        add(&mut query, "route", input.route);
        let window = input.window.unwrap_or_else(|| "24h".to_owned());
        query.push(("window", window));
        query.push(("limit", "20".to_owned()));
        told(self.get("api/findings", &query).await)
    }

    #[tool(
        description = "One statement over a stretch of time: calls, times, the routes and lines \
                       that run it, its slowest requests, findings, and its plans with their ids.",
        annotations(read_only_hint = true)
    )]
    async fn statement(&self, Parameters(input): Parameters<StatementInput>) -> Told {
        let mut window = Query::new();
        add(&mut window, "window", input.window);
        told(self.statement_with_plans(&input.fingerprint, &window).await)
    }

    #[tool(
        description = "A query plan by its id: operators with rows and times, and what the rules \
                       say about it, with the fix.",
        annotations(read_only_hint = true)
    )]
    async fn plan(&self, Parameters(input): Parameters<IdInput>) -> Told {
        told(json_of(plan::answer(&self.api, &input.id).await))
    }

    #[tool(
        description = "Whether the one query that a finding offers gives the same rows as the \
                       repeated ones: the app runs both on the recorded values, read-only, in one \
                       snapshot, rolled back. With time, pages and plan of both.",
        annotations(read_only_hint = true)
    )]
    async fn prove(&self, Parameters(input): Parameters<ProveInput>) -> Told {
        let statement = input.statement.as_deref();
        let confirmed = input.confirmed.unwrap_or(false);
        told(json_of(
            prove::answer(&self.api, &input.id, statement, confirmed).await,
        ))
    }

    #[tool(
        description = "What differs between two requests, before and after a change: time, queries, \
                       statements gone, added, faster, slower, findings gone and new.",
        annotations(read_only_hint = true)
    )]
    async fn compare(&self, Parameters(input): Parameters<CompareInput>) -> Told {
        told(json_of(
            compare::answer(&self.api, &input.a, &input.b).await,
        ))
    }

    #[tool(
        description = "Send a recorded GET or HEAD request again to the app, and get the id of the \
                       new record. Refused where a part of it was redacted or cut.",
        annotations(read_only_hint = false, destructive_hint = false)
    )]
    async fn replay(&self, Parameters(input): Parameters<ReplayInput>) -> Told {
        let Some(to) = self.replay_to.clone() else {
            return Err(
                "Nothing is sent anywhere: `silk mcp` was started without --replay-to. \
                        Ask the person to start it with --replay-to http://127.0.0.1:3000, or send \
                        the request yourself."
                    .to_owned(),
            );
        };
        let options = replay::Options {
            to,
            ..replay::Options::default()
        };
        let replayed = replay::replay(&self.api, &input.id, &options).await;
        told(replayed.map(|replayed| {
            json!({
                "status": replayed.status,
                "request_id": replayed.id,
                "bytes": replayed.bytes,
            })
        }))
    }

    #[tool(
        description = "How the profiler fares: what is recorded, what was lost and why, what is not \
                       captured and what would unlock it.",
        annotations(read_only_hint = true)
    )]
    async fn health(&self) -> Told {
        told(self.get("api/health", &Query::new()).await)
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("silk", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}

impl Tools {
    async fn get(&self, path: &str, query: &Query) -> Result<Value> {
        json_of(self.api.get(path, query).await)
    }

    async fn whole(&self, id: &str, queries_from: Option<u32>) -> Result<Value> {
        let id = ids::whole(&self.api, id).await?;
        let mut whole = json_of(request::answer(&self.api, &id).await)?;
        fold_queries(&mut whole, queries_from);
        Ok(whole)
    }

    async fn awaited(&self, input: AwaitInput) -> Result<Value> {
        let mut query = Query::new();
        add(&mut query, "route", input.route);
        add(&mut query, "method", input.method);
        add(&mut query, "status", input.status);
        let known = match &input.after {
            Some(id) => wait::Known::after(&ids::whole(&self.api, id).await?),
            None => wait::Known::look(&self.api, &query).await?,
        };
        let patience = Duration::from_secs(input.timeout_s.unwrap_or(30).min(MAX_WAIT_S));
        let mut whole = json_of(wait::next(&self.api, &query, &known, patience).await)?;
        fold_queries(&mut whole, None);
        Ok(whole)
    }

    async fn statement_with_plans(&self, fingerprint: &str, window: &Query) -> Result<Value> {
        let mut whole = json_of(statements::answer(&self.api, fingerprint, window).await)?;
        let plans = json_of(statements::plans(&self.api, fingerprint, window).await)?;
        whole["plans"] = plans["plans"].clone();
        whole["plan_changes"] = plans["changes"].clone();
        Ok(whole)
    }
}

fn add(query: &mut Query, name: &'static str, value: Option<String>) {
    query.extend(value.map(|value| (name, value)));
}

fn json_of(answer: Result<Answer>) -> Result<Value> {
    answer?.read()
}

/// Leaves of the single queries those that were asked for: their statements tell the same in short.
fn fold_queries(whole: &mut Value, from: Option<u32>) {
    let Some(queries) = whole["queries"].as_array_mut() else {
        return;
    };
    let all = queries.len();
    let Some(from) = from else {
        whole["queries"] = json!(format!(
            "[{all} queries; statements sum them up, queries_from=1 lists them]"
        ));
        return;
    };
    queries.retain(|query| {
        query["seq"]
            .as_u64()
            .is_some_and(|seq| seq >= u64::from(from))
    });
    let rest = queries.len().saturating_sub(QUERIES_AT_ONCE);
    queries.truncate(QUERIES_AT_ONCE);
    if rest > 0 {
        let next = queries
            .last()
            .and_then(|query| query["seq"].as_u64())
            .map_or(0, |seq| seq + 1);
        whole["queries_next"] = json!({ "more": rest, "queries_from": next });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_given_in_pages() {
        let queries: Vec<Value> = (1..=120).map(|seq| json!({ "seq": seq })).collect();
        let whole = json!({ "queries": queries });
        let mut short = whole.clone();
        fold_queries(&mut short, None);
        assert!(short["queries"].as_str().unwrap().contains("120 queries"));
        let mut first = whole.clone();
        fold_queries(&mut first, Some(1));
        assert_eq!(first["queries"].as_array().unwrap().len(), 50);
        assert_eq!(first["queries_next"]["queries_from"], 51);
        assert_eq!(first["queries_next"]["more"], 70);
        let mut last = whole;
        fold_queries(&mut last, Some(101));
        assert_eq!(last["queries"].as_array().unwrap().len(), 20);
        assert!(last["queries_next"].is_null());
    }
}
