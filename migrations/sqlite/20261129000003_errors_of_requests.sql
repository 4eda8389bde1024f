-- What failed in a request, for searches: its messages in lower case, as bytes, since SQL functions
-- on texts stop at NUL. A row only where something failed.
CREATE TABLE request_errors (
    sequence INTEGER PRIMARY KEY,
    text BLOB NOT NULL
) STRICT;
