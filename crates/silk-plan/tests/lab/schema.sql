-- What the lab's cases run on. Everything is in the schema `lab`, and made the same every time.

DROP SCHEMA IF EXISTS lab CASCADE;
CREATE SCHEMA lab;
SET search_path = lab;
-- Vacuum marks no page all-visible before the rows' commit is known to be on disk.
SET synchronous_commit = on;

CREATE TABLE author (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, country text NOT NULL);
INSERT INTO author SELECT i, 'Author ' || i, 'author' || i || '@example.org', 'C' || i % 20 FROM generate_series(1, 1000) i;

CREATE TABLE message (
    id bigint PRIMARY KEY,
    author_id bigint NOT NULL,
    status text NOT NULL,
    deleted boolean NOT NULL,
    created timestamp NOT NULL,
    updated timestamp NOT NULL,
    k1 integer NOT NULL,
    k2 integer NOT NULL,
    score real NOT NULL,
    note varchar(50) NOT NULL,
    meta jsonb NOT NULL,
    body text NOT NULL
);
INSERT INTO message SELECT
    i, 1 + i * 7919 % 1000, (ARRAY['new', 'read', 'read', 'read', 'flagged'])[1 + i % 5], i % 20 = 0,
    timestamp '2024-01-01' + i * interval '5 minutes', timestamp '2024-01-01' + (i * 7907 % 100000) * interval '5 minutes',
    i % 100, i % 100, (i * 31 % 1000) / 10.0, 'note ' || i % 5000, jsonb_build_object('k', i % 1000), repeat(md5(i::text), 3)
FROM generate_series(1, 100000) i;
CREATE INDEX message_status ON message (status);
CREATE INDEX message_created ON message (created);
CREATE INDEX message_updated ON message (updated);
CREATE INDEX message_note ON message (note);
CREATE INDEX message_k1 ON message (k1);
CREATE INDEX message_score ON message (score);

-- No visibility map: never vacuumed.
CREATE TABLE fresh (id bigint PRIMARY KEY, a integer NOT NULL) WITH (autovacuum_enabled = off);
INSERT INTO fresh SELECT i, i % 1000 FROM generate_series(1, 50000) i;
CREATE INDEX fresh_a ON fresh (a);
ANALYZE fresh;

-- All but a few rows gone, and the pages still there.
CREATE TABLE hollow (id bigint, pad text) WITH (autovacuum_enabled = off);
INSERT INTO hollow SELECT i, repeat('x', 500) FROM generate_series(1, 60000) i;
DELETE FROM hollow WHERE id % 3000 <> 0;
ANALYZE hollow;

-- The first is referenced without an index, the second with one.
CREATE TABLE parent (id bigint PRIMARY KEY);
CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL CONSTRAINT child_parent_fk REFERENCES parent);
INSERT INTO parent SELECT generate_series(1, 2000);
INSERT INTO child SELECT i, 1001 + i % 1000 FROM generate_series(1, 20000) i;
CREATE TABLE keeper (id bigint PRIMARY KEY);
CREATE TABLE kept (id bigint PRIMARY KEY, keeper_id bigint NOT NULL CONSTRAINT kept_keeper_fk REFERENCES keeper);
CREATE INDEX kept_keeper ON kept (keeper_id);
INSERT INTO keeper SELECT generate_series(1, 60000);
INSERT INTO kept SELECT i, 50001 + i % 1000 FROM generate_series(1, 20000) i;

CREATE TABLE event (at date NOT NULL, kind integer NOT NULL, pad text NOT NULL) PARTITION BY RANGE (at);
DO $$ BEGIN FOR m IN 1..12 LOOP
    EXECUTE format('CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM (%L) TO (%L)', m,
        make_date(2024, m, 1), make_date(2024, m, 1) + interval '1 month');
END LOOP; END $$;
INSERT INTO event SELECT date '2024-01-01' + i % 366, i % 50, repeat('y', 60) FROM generate_series(1, 90000) i;

-- Triggers that take a time nobody can overlook.
CREATE TABLE noted (id bigint);
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
CREATE TRIGGER a_before BEFORE INSERT ON noted FOR EACH ROW EXECUTE PROCEDURE pause();
CREATE TRIGGER b_after AFTER INSERT ON noted FOR EACH ROW EXECUTE PROCEDURE pause();

-- Few values first: what a skip scan of PostgreSQL 18 goes through.
CREATE TABLE skipped (first integer NOT NULL, second integer NOT NULL, pad text NOT NULL);
INSERT INTO skipped SELECT i % 500, i, repeat('z', 200) FROM generate_series(1, 100000) i;
CREATE INDEX skipped_both ON skipped (first, second);

-- Tables of a join that takes long to plan and nothing to run.
DO $$ BEGIN FOR t IN 1..9 LOOP
    EXECUTE format('CREATE TABLE star_%s (id bigint PRIMARY KEY, next bigint)', t);
    EXECUTE format('CREATE INDEX ON star_%s (next)', t);
    EXECUTE format('INSERT INTO star_%s SELECT i, i FROM generate_series(1, 50) i', t);
END LOOP; END $$;

-- Values in no order, so that a cache of lookups forgets what comes again.
CREATE TABLE shuffled (key bigint NOT NULL);
INSERT INTO shuffled SELECT 1 + i::bigint * 7919 % 2000 FROM generate_series(1, 30000) i;
CREATE TABLE looked_up (id bigint PRIMARY KEY, pad text NOT NULL);
INSERT INTO looked_up SELECT i, repeat('p', 400) FROM generate_series(1, 2000) i;

CREATE TABLE left_append (id bigint, pad text);
CREATE TABLE right_append (id bigint, pad text);
CREATE TABLE last_append (id bigint, pad text);
INSERT INTO left_append SELECT i, repeat('l', 100) FROM generate_series(1, 60000) i;
INSERT INTO right_append SELECT i, repeat('r', 100) FROM generate_series(1, 60000) i;
INSERT INTO last_append SELECT i, repeat('t', 100) FROM generate_series(1, 60000) i;

CREATE TABLE "Odd Name" ("Id" bigint PRIMARY KEY, "on using" text);
INSERT INTO "Odd Name" SELECT i, 'v' || i FROM generate_series(1, 500) i;

VACUUM (ANALYZE) author, message, shuffled, looked_up, parent, child, keeper, kept, event, skipped, left_append, right_append, last_append, "Odd Name";
