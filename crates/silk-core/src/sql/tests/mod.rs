mod called;
mod cases;
mod corpus;
mod flow;
mod properties;
mod safety;
mod sensitive;
mod shape;

use super::*;

fn database(kind: DatabaseKind) -> Arc<Database> {
    Arc::new(Database {
        kind,
        name: "weave".to_owned(),
    })
}

fn read_as(sql: &str, kind: DatabaseKind) -> SqlText {
    SqlReader::new(Arc::new(Redactor::default())).read(sql, &database(kind))
}

fn read(sql: &str) -> SqlText {
    read_as(sql, DatabaseKind::Postgres)
}

fn normal(sql: &str) -> String {
    read(sql).statement.normalized.clone()
}

/// Found by the property of normal texts, each once in some ten thousand of them.
#[test]
fn what_mysql_reads_as_one_stays_apart() {
    for (sql, normal) in [
        ("VALUES@@v .x'ab'", "VALUES @@v . ?"),
        ("VALUES@@vVALUES .?", "VALUES @@vVALUES . ?"),
        ("SELECT @@global.v", "SELECT @@global.v"),
        ("SELECT(. 1a", "SELECT (. 1a"),
        ("SELECT t. 1a", "SELECT t.1a"),
    ] {
        let once = read_as(sql, DatabaseKind::MySql).statement;
        assert_eq!(once.normalized, normal, "{sql}");
        let twice = read_as(&once.normalized, DatabaseKind::MySql).statement;
        assert_eq!(twice.normalized, normal, "{sql}");
    }
}

#[test]
fn formatting_breaks_at_clauses_and_keeps_tokens() {
    let pretty = format(
        "SELECT a, count(*) FROM t LEFT JOIN u ON u.id = t.id WHERE a BETWEEN 1 AND 2 AND b IN (SELECT x FROM y) -- why\nORDER BY a LIMIT 3",
        DatabaseKind::Postgres,
    );
    assert_eq!(
        pretty,
        "SELECT a, count(*)\nFROM t\nLEFT JOIN u ON u.id = t.id\nWHERE a BETWEEN 1 AND 2\n  AND b IN (\n  SELECT x\n  FROM y\n) -- why\nORDER BY a\nLIMIT 3",
    );
    assert_eq!(format("SELECT 'x", DatabaseKind::Postgres), "SELECT 'x");
}

#[test]
fn the_cache_is_bounded_and_right() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let database = database(DatabaseKind::Sqlite);
    let first = reader.read("SELECT 1", &database);
    for number in 0..20_000 {
        let text = reader.read(&std::format!("SELECT {number}"), &database);
        assert!(Arc::ptr_eq(&text.statement, &first.statement));
    }
    assert!(reader.cache.lock().unwrap().len() <= 2 * 4_096);
}
