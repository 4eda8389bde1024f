-- What stands for a finding of a route where figures count it: what was said of it last. Figures of
-- findings stand under a number of their own (see the code), by route, run and finding.
CREATE TABLE finding_lives (
    finding_id INTEGER PRIMARY KEY AUTOINCREMENT, -- figures may name one that is gone
    rule TEXT NOT NULL,
    route_id INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL, -- 0 for none
    severity INTEGER NOT NULL,
    title TEXT NOT NULL,
    call_site_id INTEGER NOT NULL, -- 0 for none
    accepted_why TEXT, -- the app's reason, where its code accepts it
    last_us INTEGER NOT NULL, -- start of the last request that had it
    last_used_us INTEGER NOT NULL,
    UNIQUE (rule, route_id, fingerprint)
) STRICT;

-- What people accept. It stays when records are cleared.
CREATE TABLE acceptances (
    acceptance_id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    route_kind INTEGER, -- NULL for any route
    route_method TEXT,
    route TEXT,
    fingerprint INTEGER, -- NULL for any statement
    call_site_function TEXT, -- NULL for any line
    call_site_file TEXT,
    call_site_line INTEGER,
    accepted_by TEXT NOT NULL,
    why TEXT NOT NULL,
    until_build TEXT,
    accepted_us INTEGER NOT NULL
) STRICT;
