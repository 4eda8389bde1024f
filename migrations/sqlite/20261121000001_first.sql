-- The first schema. Times are microseconds (of a start: since 1970, UTC); ids are 16 bytes.
-- No foreign keys: rows leave in small steps, and nothing may refuse a step.

-- One run of a process.
CREATE TABLE runs (
    run_id INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    started_us INTEGER NOT NULL,
    service TEXT NOT NULL,
    build TEXT,
    instance TEXT NOT NULL,
    last_batch BLOB -- the last batch that held what request ids do not tell apart
) STRICT;

-- What does the work: a route of an HTTP service, a job, a test.
CREATE TABLE routes (
    route_id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    last_used_us INTEGER NOT NULL,
    UNIQUE (route, method, kind)
) STRICT;

CREATE TABLE databases (
    database_id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT;

-- Statements with their figures since they were first seen; a few thousand rows.
CREATE TABLE statements (
    statement_id INTEGER PRIMARY KEY,
    fingerprint INTEGER NOT NULL UNIQUE,
    database_kind INTEGER NOT NULL,
    command TEXT NOT NULL,
    tables TEXT NOT NULL, -- JSON array
    normalized TEXT NOT NULL,
    calls INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    total_us INTEGER NOT NULL DEFAULT 0,
    max_us INTEGER NOT NULL DEFAULT 0,
    rows_returned INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    last_used_us INTEGER NOT NULL
) STRICT;

-- Id 0 stands for "not captured" and has no row.
CREATE TABLE call_sites (
    call_site_id INTEGER PRIMARY KEY,
    function TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    last_used_us INTEGER NOT NULL,
    UNIQUE (file, line, function)
) STRICT;

-- Texts of queries without literals; those with literals stand in the blobs of their requests.
CREATE TABLE sql_texts (
    sql_text_id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    statement_id INTEGER NOT NULL,
    database_id INTEGER NOT NULL,
    is_redacted INTEGER NOT NULL,
    text TEXT NOT NULL,
    last_used_us INTEGER NOT NULL,
    UNIQUE (hash, statement_id, database_id, is_redacted)
) STRICT;

-- One narrow row per request.
CREATE TABLE requests (
    sequence INTEGER PRIMARY KEY, -- order of writing
    id BLOB NOT NULL UNIQUE,
    started_us INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    status INTEGER,
    outcome INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    sql_us INTEGER NOT NULL,
    query_count INTEGER NOT NULL,
    query_errors INTEGER NOT NULL,
    head_us INTEGER NOT NULL,
    body_us INTEGER NOT NULL,
    wait_us INTEGER NOT NULL,
    polling_us INTEGER NOT NULL,
    poll_total_us INTEGER NOT NULL,
    longest_poll_us INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    is_top_duration INTEGER NOT NULL,
    is_top_query_time INTEGER NOT NULL,
    is_top_query_count INTEGER NOT NULL,
    path TEXT, -- NULL where it is the route
    parent_id BLOB,
    trace_id ANY, -- 16 bytes for 32 hex digits in lower case; else text
    findings TEXT -- JSON array of rules; NULL for none
) STRICT;

CREATE INDEX requests_by_start ON requests (started_us);
CREATE INDEX requests_by_route ON requests (route_id, started_us);
CREATE INDEX requests_with_findings ON requests (started_us) WHERE findings IS NOT NULL;
-- An index over every row by duration, SQL time and count would cost more than all the rest of
-- storing a request: only what can be in a top list is indexed.
CREATE INDEX requests_top_duration ON requests (total_us, id) WHERE is_top_duration = 1;
CREATE INDEX requests_top_query_time ON requests (sql_us, id) WHERE is_top_query_time = 1;
CREATE INDEX requests_top_query_count ON requests (query_count, id) WHERE is_top_query_count = 1;

-- Every request at or above (key, id) is flagged for the top list; no row: every request is.
CREATE TABLE top_thresholds (
    list TEXT PRIMARY KEY,
    key INTEGER NOT NULL,
    id BLOB NOT NULL
) STRICT;

-- What only the page of a request opens, compressed; see the codec for its form.
CREATE TABLE request_details (
    sequence INTEGER PRIMARY KEY,
    detail BLOB NOT NULL
) STRICT;

CREATE TABLE request_statements (
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    statement_id INTEGER NOT NULL,
    call_site_id INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    max_us INTEGER NOT NULL,
    rows_returned INTEGER NOT NULL,
    distinct_values INTEGER,
    PRIMARY KEY (sequence, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX request_statements_by_statement ON request_statements (statement_id);

-- A table of its own: what plans tell arrives later than the request.
CREATE TABLE findings (
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity INTEGER NOT NULL,
    title TEXT NOT NULL,
    detail TEXT NOT NULL,
    fingerprint INTEGER,
    saves_us INTEGER,
    PRIMARY KEY (sequence, position)
) STRICT, WITHOUT ROWID;

-- Forms of the plans of statements, one row each: what was seen when. Sources are kept as words:
-- there are few rows.
CREATE TABLE plan_forms (
    fingerprint INTEGER NOT NULL,
    database_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    shape INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, database_id, source, shape)
) STRICT, WITHOUT ROWID;

-- Plans in full: one of each form, and those without a form.
CREATE TABLE plans (
    plan_id INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    request_id BLOB,
    seq INTEGER,
    fingerprint INTEGER,
    database_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    shape INTEGER,
    captured_us INTEGER NOT NULL,
    duration_us INTEGER,
    total_cost REAL,
    format TEXT NOT NULL,
    is_analyzed INTEGER NOT NULL,
    raw BLOB NOT NULL -- compressed
) STRICT;

CREATE UNIQUE INDEX plans_by_form ON plans (fingerprint, database_id, source, shape);
CREATE INDEX plans_by_request ON plans (request_id);
CREATE INDEX plans_by_fingerprint ON plans (fingerprint, captured_us);
CREATE INDEX plans_by_capture ON plans (captured_us);

-- Sights of forms per time bucket: an hour, with age a day.
CREATE TABLE plan_stats (
    fingerprint INTEGER NOT NULL,
    width_s INTEGER NOT NULL,
    bucket_us INTEGER NOT NULL,
    database_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    shape INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    sights INTEGER NOT NULL,
    durations BLOB NOT NULL, -- of runs with a time
    PRIMARY KEY (fingerprint, width_s, bucket_us, database_id, source, shape)
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_stats_by_bucket ON plan_stats (width_s, bucket_us);

-- Figures per time bucket (a minute; with age an hour, then a day). They outlive the requests.
CREATE TABLE route_stats (
    width_s INTEGER NOT NULL,
    bucket_us INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    sql_us INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    max_queries INTEGER NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (width_s, bucket_us, route_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE statement_stats (
    statement_id INTEGER NOT NULL,
    width_s INTEGER NOT NULL,
    bucket_us INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    call_site_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    rows_returned INTEGER NOT NULL,
    max_us INTEGER NOT NULL,
    slowest_sequence INTEGER NOT NULL, -- the request of max_us
    durations BLOB NOT NULL,
    PRIMARY KEY (statement_id, width_s, bucket_us, route_id, call_site_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX statement_stats_by_bucket ON statement_stats (width_s, bucket_us);
