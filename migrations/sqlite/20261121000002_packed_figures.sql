-- Figures of sixteen routes in a row: to read a row costs more than to read what stands in it. They
-- take the place of route_stats and statement_stats, whose rows are moved step by step by retention
-- and read until then.
CREATE TABLE figures (
    statement_id INTEGER NOT NULL, -- 0 for the routes themselves
    width_s INTEGER NOT NULL,
    bucket_us INTEGER NOT NULL,
    part INTEGER NOT NULL, -- route_id / 16
    run_id INTEGER NOT NULL,
    figures BLOB NOT NULL, -- by route and call site; see the code for its form
    PRIMARY KEY (statement_id, width_s, bucket_us, part, run_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX figures_by_bucket ON figures (width_s, bucket_us);
