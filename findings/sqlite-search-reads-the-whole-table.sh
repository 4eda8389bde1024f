#!/bin/sh
# SQLite: EXPLAIN QUERY PLAN says `SEARCH` of a min() or max() without an index, although every row
# of the table is read. So the word alone does not say that a plan stops early.
#
# Runs SQLite alone (through apsw), in a temporary folder. Exits non-zero if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --target "$folder/packages" apsw==3.50.4.0
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import apsw

print(f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}")
database = apsw.Connection(":memory:")
database.execute("create table t(id integer primary key, a integer, b integer)")
database.execute(
    "insert into t(a, b) with recursive n(i) as (select 1 union all select i + 1 from n"
    " where i < 10000) select i, i from n"
)
database.execute("create index t_a on t(a)")


def look(sql):
    """What the plan says of the table, and how many rows were stepped to without an index."""
    plan = [row[3] for row in database.execute("explain query plan " + sql)]
    cursor = database.cursor()
    steps = 0

    def profile(info):
        nonlocal steps
        steps += info["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]

    database.trace_v2(apsw.SQLITE_TRACE_PROFILE, profile)
    cursor.execute(sql).fetchall()
    database.trace_v2(0, None)
    return plan, steps


cases = [
    # The word, and whether all 10,000 rows are stepped to.
    ("select max(b) from t", "SEARCH", True),
    ("select min(b) from t", "SEARCH", True),
    ("select max(a) from t", "SEARCH", False),
    ("select sum(b) from t", "SCAN", True),
    ("select * from t where id = 5", "SEARCH", False),
]
is_as_known = True
for sql, word, reads_all in cases:
    plan, steps = look(sql)
    is_same = plan[0].startswith(word) and (steps >= 9999) == reads_all
    is_as_known &= is_same
    print(f"{sql}: expected {'SCAN' if reads_all else 'SEARCH'}, seen {plan[0]!r}, {steps} rows stepped to")
sys.exit(0 if is_as_known else 1)
PYTHON
