-- Figures of lines stand beside those of statements, under numbers of their own (see the code), so
-- that no page reads the rows of every statement. Those of buckets that were there before are summed
-- step by step by retention, and read from the statements' rows until then.
CREATE TABLE unsummed_figures (
    width_s INTEGER NOT NULL,
    bucket_us INTEGER NOT NULL,
    PRIMARY KEY (width_s, bucket_us)
) STRICT, WITHOUT ROWID;

INSERT INTO unsummed_figures (width_s, bucket_us) SELECT DISTINCT width_s, bucket_us FROM figures;
