-- What to do, the query and the line of a finding. The column saves_us holds the time lost.
ALTER TABLE findings ADD COLUMN remedy TEXT;
ALTER TABLE findings ADD COLUMN query INTEGER;
ALTER TABLE findings ADD COLUMN call_site_id INTEGER NOT NULL DEFAULT 0; -- 0 for none
