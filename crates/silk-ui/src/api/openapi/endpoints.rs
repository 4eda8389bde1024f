//! Every address of the API: what it takes and gives.

use super::parameters::Query;

/// A method of an address.
pub(super) struct Endpoint {
    pub(super) id: &'static str,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) about: &'static str,
    pub(super) query: Query,
    /// Schema of the body, which is JSON.
    pub(super) body: Option<&'static str>,
    pub(super) answer: Answer,
    /// Statuses of failures.
    pub(super) errors: &'static [u16],
}

/// What is answered.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// 200, of this schema.
    Json(&'static str),
    /// 201, of this schema.
    Created(&'static str),
    /// 204
    Done,
    /// Server-sent events.
    Events,
    /// The description itself.
    Document,
}

const fn get(
    id: &'static str,
    path: &'static str,
    about: &'static str,
    query: Query,
    schema: &'static str,
    errors: &'static [u16],
) -> Endpoint {
    Endpoint {
        id,
        method: "get",
        path,
        about,
        query,
        body: None,
        answer: Answer::Json(schema),
        errors,
    }
}

const fn post(
    id: &'static str,
    path: &'static str,
    about: &'static str,
    body: &'static str,
    answer: Answer,
    errors: &'static [u16],
) -> Endpoint {
    Endpoint {
        id,
        method: "post",
        path,
        about,
        query: Query::Nothing,
        body: Some(body),
        answer,
        errors,
    }
}

const fn delete(
    id: &'static str,
    path: &'static str,
    about: &'static str,
    errors: &'static [u16],
) -> Endpoint {
    Endpoint {
        id,
        method: "delete",
        path,
        about,
        query: Query::Nothing,
        body: None,
        answer: Answer::Done,
        errors,
    }
}

/// A list out of the store.
const LIST: &[u16] = &[400, 403, 503];
/// One thing out of the store.
const ONE: &[u16] = &[400, 403, 404, 503];
/// What asks a database.
const ASKS: &[u16] = &[400, 403, 404, 409, 413, 415, 422, 503];

/// All of them.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    get(
        "list_requests",
        "/api/requests",
        "Requests, newest first or in another order.",
        Query::Requests,
        "RequestList",
        LIST,
    ),
    delete(
        "clear",
        "/api/requests",
        "Removes everything that was recorded.",
        &[400, 403, 409, 503],
    ),
    get(
        "request",
        "/api/requests/{id}",
        "One request, whole: verdict, findings, queries, waits, transactions, spans, logs.",
        Query::Nothing,
        "RequestDetail",
        ONE,
    ),
    post(
        "explain",
        "/api/requests/{id}/queries/{seq}/explain",
        "Asks the database for the plan of a recorded query.",
        "ExplainBody",
        Answer::Json("Plan"),
        ASKS,
    ),
    get(
        "compare",
        "/api/compare",
        "What differs between two requests, or two stretches of time.",
        Query::Compare,
        "Comparison",
        ONE,
    ),
    Endpoint {
        id: "live",
        method: "get",
        path: "/api/live",
        about: "Requests as they end.",
        query: Query::Live,
        body: None,
        answer: Answer::Events,
        errors: LIST,
    },
    get(
        "list_findings",
        "/api/findings",
        "What was found across requests, and what became of it.",
        Query::Findings,
        "FindingList",
        LIST,
    ),
    get(
        "list_acceptances",
        "/api/acceptances",
        "What somebody accepts.",
        Query::Nothing,
        "AcceptanceList",
        LIST,
    ),
    post(
        "accept",
        "/api/acceptances",
        "Accepts findings of a rule.",
        "AcceptBody",
        Answer::Created("AcceptanceMade"),
        &[400, 403, 409, 413, 415, 503],
    ),
    delete(
        "withdraw",
        "/api/acceptances/{id}",
        "Takes an acceptance back.",
        &[400, 403, 404, 409, 503],
    ),
    get(
        "list_routes",
        "/api/routes",
        "Routes by total time over a stretch of time.",
        Query::Items,
        "RouteList",
        LIST,
    ),
    get(
        "route",
        "/api/route",
        "One route: figures, statements, builds.",
        Query::Route,
        "RouteDetail",
        ONE,
    ),
    get(
        "list_hotspots",
        "/api/hotspots",
        "Lines of code by the time of their queries.",
        Query::Items,
        "HotspotList",
        LIST,
    ),
    get(
        "list_statements",
        "/api/statements",
        "Statements by total time or in another order.",
        Query::Statements,
        "StatementList",
        LIST,
    ),
    get(
        "statement",
        "/api/statements/{fingerprint}",
        "One statement: figures of a stretch of time, routes, lines, findings.",
        Query::Window,
        "StatementDetail",
        ONE,
    ),
    get(
        "statement_plans",
        "/api/statements/{fingerprint}/plans",
        "Plans of a statement, and their changes over a stretch of time.",
        Query::Window,
        "StatementPlans",
        ONE,
    ),
    post(
        "paste_plan",
        "/api/plans",
        "Reads and judges a pasted plan.",
        "PasteBody",
        Answer::Json("Plan"),
        &[400, 403, 409, 413, 415, 422, 503],
    ),
    get(
        "plan",
        "/api/plans/{id}",
        "One plan, judged.",
        Query::Nothing,
        "Plan",
        ONE,
    ),
    post(
        "prove",
        "/api/prove",
        "Runs the query that is offered in place of a repeated one, and compares the rows.",
        "ProveBody",
        Answer::Json("Proof"),
        ASKS,
    ),
    get(
        "list_databases",
        "/api/databases",
        "What each database gives, and how it fares.",
        Query::Nothing,
        "DatabaseReports",
        &[400, 403, 422],
    ),
    get(
        "health",
        "/api/health",
        "The profiler itself: recorded, lost and why, its own cost.",
        Query::Nothing,
        "Health",
        &[400, 403],
    ),
    Endpoint {
        id: "openapi",
        method: "get",
        path: "/api/openapi.json",
        about: "This description.",
        query: Query::Nothing,
        body: None,
        answer: Answer::Document,
        errors: &[400, 403],
    },
];
