//! Secrets that reach their column by a way of their own.

use DatabaseKind::{MySql, Postgres, Sqlite};

use super::*;

fn check(sql: &str, kind: DatabaseKind, expected: &[u8]) {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let found: Vec<u8> = reader
        .sensitive_values(sql, kind, expected.len())
        .into_iter()
        .map(u8::from)
        .collect();
    assert_eq!(found, expected, "{sql}");
    // Literals are read by the same rules; a number that ends in one is a secret.
    if kind == Postgres {
        let mut literal = sql.to_owned();
        for (place, is_secret) in expected.iter().enumerate().rev() {
            let text = std::format!(
                "'{}{place}zz'",
                if *is_secret == 1 { "secret" } else { "plain" }
            );
            literal = literal.replace(&std::format!("${}", place + 1), &text);
        }
        let read = read_as(&literal, kind);
        for (place, is_secret) in expected.iter().enumerate() {
            let text = if *is_secret == 1 { "secret" } else { "plain" };
            assert_eq!(
                read.text.contains(&std::format!("{text}{place}zz")),
                *is_secret == 0,
                "{}",
                read.text
            );
        }
    }
}

#[test]
fn secrets_3_columns_of_a_cte_carry_secrets() {
    for sql in [
        "WITH v(n,p) AS (VALUES ($1::text,$2::text)) INSERT INTO acc(name,password) SELECT n,p FROM v",
        "WITH v AS (SELECT $1::text AS n, $2::text AS p) INSERT INTO acc(name,password) SELECT n,p FROM v",
        "WITH v AS (SELECT $1::text AS n, $2::text AS p) INSERT INTO acc(name,password) SELECT v.n, v.p FROM v",
        "WITH v(n,p) AS (VALUES ($1,$2)) INSERT INTO acc(name,password) SELECT * FROM v",
        "WITH v(n,p) AS (SELECT $1, $2) INSERT INTO acc(name,password) SELECT v.* FROM v",
        "INSERT INTO acc(name,password) WITH v(n,p) AS (VALUES ($1,$2)) SELECT n,p FROM v",
        "WITH a(x,y) AS (VALUES ($1,$2)), b AS (SELECT x AS n, y AS p FROM a) INSERT INTO acc(name,password) SELECT n,p FROM b",
        "WITH a(x,y) AS (VALUES ($1,$2)), b(n,p) AS (SELECT * FROM a) INSERT INTO acc(name,password) SELECT n,p FROM b",
        "WITH b AS (WITH a(x,y) AS (VALUES ($1,$2)) SELECT x AS n, y AS p FROM a) INSERT INTO acc(name,password) SELECT n,p FROM b",
        "WITH v AS (SELECT $1 AS n, $2 AS p) UPDATE acc SET password = v.p FROM v WHERE acc.name = v.n",
        "WITH v(n,p) AS (SELECT 'a', 'b' UNION ALL SELECT $1, $2) INSERT INTO acc(name,password) SELECT n,p FROM v",
        "WITH v(name,password) AS (VALUES ($1,$2)) SELECT * FROM v",
        "WITH v AS MATERIALIZED (SELECT $1 AS n, $2 AS p), w AS (INSERT INTO acc(name,password) SELECT n,p FROM v RETURNING id) SELECT * FROM w",
    ] {
        check(sql, Postgres, &[0, 1]);
    }
}

#[test]
fn secrets_4_what_is_merged_carries_secrets() {
    for (sql, expected) in [
        (
            "MERGE INTO acc t USING (SELECT $1::text AS p) s ON t.id=1 WHEN MATCHED THEN UPDATE SET password = s.p",
            &[1][..],
        ),
        (
            "MERGE INTO acc t USING (VALUES ($1, $2)) AS s(n, p) ON t.name = s.n WHEN NOT MATCHED THEN INSERT (name, password) VALUES (s.n, s.p)",
            &[0, 1],
        ),
        (
            "MERGE INTO acc t USING unnest($1::int[], $2::text[]) AS s(i, p) ON t.id = s.i WHEN MATCHED THEN UPDATE SET password = s.p",
            &[0, 1],
        ),
    ] {
        check(sql, Postgres, expected);
    }
}

#[test]
fn secrets_5_subqueries_and_functions_carry_secrets() {
    for (sql, expected) in [
        (
            "UPDATE acc SET password = v.b FROM (VALUES ($1, $2)) AS v(a, b) WHERE acc.id = v.a",
            &[0, 1][..],
        ),
        (
            "UPDATE acc SET password = s.p FROM (SELECT $1 AS i, $2 AS p) s WHERE acc.id = s.i",
            &[0, 1],
        ),
        (
            "UPDATE acc SET password = v.p FROM unnest($1::int[], $2::text[]) AS v(i, p) WHERE acc.id = v.i",
            &[0, 1],
        ),
        (
            "UPDATE acc SET (name, password) = (SELECT n, p FROM (VALUES ($1)) v(p), t)",
            &[1],
        ),
        (
            "INSERT INTO acc(name, password) SELECT n, p FROM (SELECT a AS n, b AS p FROM (VALUES ($1, $2)) v(a, b)) w",
            &[0, 1],
        ),
        (
            "INSERT INTO acc(token) SELECT t FROM unnest($1::text[]) AS t",
            &[1],
        ),
        (
            "INSERT INTO acc (id, note) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET password = EXCLUDED.note",
            &[0, 1],
        ),
        (
            "SELECT * FROM (SELECT id, password AS p FROM acc WHERE id = $1) s WHERE s.p = $2",
            &[0, 1],
        ),
        (
            "WITH s AS (SELECT id, token AS t FROM acc), w AS (SELECT id, t AS u FROM s) SELECT id FROM w WHERE id = $1 AND u = $2",
            &[0, 1],
        ),
        (
            "UPDATE acc SET password = column2 FROM (VALUES ($1, $2)) v WHERE acc.id = column1",
            &[0, 1],
        ),
    ] {
        check(sql, Postgres, expected);
    }
}

#[test]
fn secrets_6_what_is_joined_on_a_secret_is_one() {
    for (sql, expected) in [
        (
            "SELECT 1 FROM acc JOIN (VALUES ($1)) v(t) ON acc.token = v.t",
            &[1][..],
        ),
        (
            "SELECT 1 FROM acc JOIN (VALUES ($1, $2)) v(i, t) ON acc.id = v.i AND acc.token = v.t",
            &[0, 1],
        ),
        (
            "SELECT 1 FROM acc JOIN (VALUES ($1, $2)) v(id, token) USING (token)",
            &[0, 1],
        ),
        (
            "SELECT 1 FROM acc, (VALUES ($1)) v(t) WHERE acc.token = v.t",
            &[1],
        ),
        (
            "SELECT 1 FROM acc, (SELECT $1 AS t) v WHERE v.t = acc.token",
            &[1],
        ),
        (
            "DELETE FROM acc USING (VALUES ($1, $2)) v(i, t) WHERE acc.id = v.i AND acc.token = v.t",
            &[0, 1],
        ),
        (
            "SELECT 1 FROM acc WHERE token IN (SELECT t FROM (VALUES ($1)) v(t))",
            &[1],
        ),
        (
            "WITH v(t) AS (VALUES ($1)) SELECT 1 FROM acc WHERE token IN (SELECT t FROM v)",
            &[1],
        ),
        (
            "SELECT 1 FROM acc JOIN unnest($1::int[], $2::text[]) AS u(i, t) ON u.i = acc.id AND u.t = acc.token",
            &[0, 1],
        ),
        (
            "SELECT 1 FROM app.acc a LEFT JOIN (VALUES ($1)) v(t) ON crypt(v.t, a.hash) = a.hash",
            &[1],
        ),
    ] {
        check(sql, Postgres, expected);
    }
}

#[test]
fn secrets_other_dialects_carry_secrets_too() {
    for (sql, kind, expected) in [
        (
            "WITH v AS (SELECT ? AS n, ? AS p) SELECT 1 FROM acc JOIN v ON acc.name = v.n AND acc.password = v.p",
            MySql,
            &[0, 1][..],
        ),
        (
            "UPDATE acc JOIN (SELECT ? AS i, ? AS p) v ON acc.id = v.i SET acc.password = v.p",
            MySql,
            &[0, 1],
        ),
        (
            "INSERT INTO acc (id, note) VALUES (?, ?) AS n(a, b) ON DUPLICATE KEY UPDATE password = n.b",
            MySql,
            &[0, 1],
        ),
        (
            "INSERT INTO acc (id, note) VALUES (?, ?) ON DUPLICATE KEY UPDATE password = VALUES(note)",
            MySql,
            &[0, 1],
        ),
        (
            "INSERT INTO acc (name, password) SELECT v.* FROM (VALUES ROW(?, ?)) AS v(n, p)",
            MySql,
            &[0, 1],
        ),
        (
            "WITH v(n, p) AS (VALUES (?1, ?2)) INSERT INTO acc (name, password) SELECT n, p FROM v",
            Sqlite,
            &[0, 1],
        ),
        (
            "UPDATE acc SET password = v.p FROM (SELECT :n AS n, :x AS p) AS v WHERE acc.name = v.n",
            Sqlite,
            &[0, 1],
        ),
        (
            "INSERT INTO acc (id, note) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET password = excluded.note",
            Sqlite,
            &[0, 1],
        ),
    ] {
        check(sql, kind, expected);
    }
}

#[test]
fn names_that_meet_no_secret_stay() {
    for (sql, expected) in [
        (
            "WITH v(n,p) AS (VALUES ($1,$2)) INSERT INTO person(name,phone) SELECT n,p FROM v",
            &[0, 0][..],
        ),
        (
            "WITH x AS (SELECT $1 AS id) UPDATE u SET password = $2 FROM x WHERE u.id = x.id",
            &[0, 1],
        ),
        (
            "WITH s AS (SELECT id, token FROM acc WHERE id = $1) SELECT id FROM s WHERE id = $2",
            &[0, 0],
        ),
        (
            "SELECT u.password FROM u JOIN (VALUES ($1)) v(id) ON u.id = v.id",
            &[0],
        ),
        (
            "INSERT INTO s (user_id, token) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET token = EXCLUDED.token",
            &[0, 1],
        ),
        (
            "SELECT user_id, count(token) AS n FROM acc GROUP BY user_id HAVING count(token) > $1",
            &[0],
        ),
        ("SELECT id FROM acc WHERE length(password) > $1", &[0]),
        (
            "SELECT id FROM (SELECT id, length(token) AS n FROM acc) s WHERE n > $1",
            &[0],
        ),
        (
            "SELECT CASE WHEN token IS NULL THEN $1 ELSE $2 END AS state FROM acc",
            &[0, 0],
        ),
    ] {
        check(sql, Postgres, expected);
    }
}

#[test]
fn secrets_1_settings_name_their_secrets() {
    for (sql, expected) in [
        ("UPDATE kv SET v = $1 WHERE k = 'smtp_password'", &[1][..]),
        (
            "UPDATE kv SET v = $1, updated_at = $2 WHERE k = 'smtp_password' AND tenant_id = $3",
            &[1, 0, 0],
        ),
        (
            "UPDATE kv SET v = $1 WHERE lower(k) = 'smtp_password'",
            &[1],
        ),
        ("UPDATE kv SET v = $1 WHERE 'smtp_password' = k", &[1]),
        (
            "UPDATE app.settings AS s SET setting_value = $1 WHERE s.setting_name = 'stripe.api_key'",
            &[1],
        ),
        (
            "SELECT 1 FROM kv WHERE k = 'smtp_password' AND v = $1",
            &[1],
        ),
        (
            "SELECT v FROM kv WHERE k = 'smtp_password' AND tenant_id = $1",
            &[0],
        ),
        (
            "UPDATE kv SET v = CASE k WHEN 'smtp_password' THEN $1 WHEN 'theme' THEN $2 END",
            &[1, 0],
        ),
        (
            "UPDATE kv SET v = CASE WHEN k = 'smtp_password' THEN $1 ELSE $2 END",
            &[1, 0],
        ),
        (
            "DELETE FROM kv WHERE k = 'smtp_password' AND value = $1",
            &[1],
        ),
        ("UPDATE kv SET v = $1 WHERE k = 'theme'", &[0]),
        ("UPDATE u SET name = $1 WHERE kind = 'password_reset'", &[0]),
        ("UPDATE u SET name = $1 WHERE grant_type = 'password'", &[0]),
        (
            "SELECT * FROM tags WHERE name = 'password' AND lang = $1",
            &[0],
        ),
    ] {
        check(sql, Postgres, expected);
    }
}

#[test]
fn secrets_2_rows_of_settings_name_their_secrets() {
    for (sql, expected) in [
        ("INSERT INTO kv(k,v) VALUES ('api_key2', $1)", &[1][..]),
        (
            "INSERT INTO kv(k,v) VALUES ('theme', $1), ('api_key2', $2)",
            &[0, 1],
        ),
        ("INSERT INTO kv VALUES ('api_key2', $1)", &[1]),
        ("INSERT INTO kv(k,v) SELECT 'api_key2', $1", &[1]),
        (
            "INSERT INTO kv(k,v,created_by) VALUES ('api_key2', $1, $2) ON CONFLICT (k) DO UPDATE SET v = $3",
            &[1, 0, 1],
        ),
        (
            "INSERT INTO fields(label,kind,position) VALUES ('Password', 'password', $1)",
            &[0],
        ),
    ] {
        check(sql, Postgres, expected);
    }
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let bound = |sql: &str, kind, texts: &[&str]| -> Vec<bool> {
        let values: Vec<Value> = texts
            .iter()
            .map(|text| Value {
                type_name: "TEXT".to_owned(),
                state: ValueState::Bytes(text.as_bytes().to_vec()),
            })
            .collect();
        reader
            .sensitive(sql, kind)
            .of(&values, &Redactor::default())
    };
    let insert = "INSERT INTO kv(k,v) VALUES ($1,$2)";
    assert_eq!(
        bound(insert, Postgres, &["stripe_secret_key", "S"]),
        [false, true]
    );
    assert_eq!(bound(insert, Postgres, &["theme", "dark"]), [false, false]);
    assert_eq!(
        bound(
            "INSERT INTO kv(k,v) VALUES (?,?),(?,?)",
            MySql,
            &["theme", "dark", "smtp_password", "S"]
        ),
        [false, false, false, true]
    );
    assert_eq!(
        bound(
            "UPDATE kv SET v = $1 WHERE k = $2",
            Postgres,
            &["S", "smtp_password"]
        ),
        [true, false]
    );
    assert_eq!(
        bound(
            "INSERT INTO kv VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = ?",
            Sqlite,
            &["api_key", "S", "S"]
        ),
        [false, true, true]
    );
    assert_eq!(
        bound(
            "SELECT set_config($1, $2, true)",
            Postgres,
            &["app.jwt_secret", "S"]
        ),
        [false, true]
    );
    assert_eq!(
        bound(
            "SELECT * FROM t WHERE data->>$1 = $2",
            Postgres,
            &["password", "S"]
        ),
        [false, true]
    );
    assert_eq!(
        bound(
            "UPDATE u SET name = $1 WHERE kind = $2",
            Postgres,
            &["x", "password_reset"]
        ),
        [false, false]
    );
    assert_eq!(
        bound(
            "INSERT INTO person (name, email) VALUES ($1, $2)",
            Postgres,
            &["bob", "bob@example.com"]
        ),
        [false, false]
    );
}

#[test]
fn secrets_7_to_10_sql_in_literals_comments_and_messages_are_read() {
    for sql in [
        "DO $x$ BEGIN EXECUTE 'ALTER ROLE postgres PASSWORD ''zq9secret'''; END $x$",
        "DO 'BEGIN ALTER ROLE x PASSWORD ''zq9secret''; END'",
        "DO $$ BEGIN UPDATE acc SET password = 'zq9secret' WHERE id = 1; END $$",
        "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'bob', 'zq9secret'); END $$",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE x PASSWORD ' || quote_literal('zq9secret'); END $$",
        "DO $$ DECLARE p text := 'x'; password text := 'zq9secret'; BEGIN NULL; END $$",
        "DO $a$ BEGIN EXECUTE $b$ UPDATE acc SET token = 'zq9secret' $b$; END $a$",
        "CREATE FUNCTION f() RETURNS void AS $$ UPDATE acc SET password = 'zq9secret' $$ LANGUAGE sql",
        "PREPARE p AS UPDATE acc SET password = 'zq9secret' WHERE id = $1",
        "DO $$ BEGIN RAISE EXCEPTION 'bad password zq9secret'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'bad password swordfish'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'bad password %', 'zq9secret'; END $$",
        "DO $$ BEGIN RAISE NOTICE 'token is zq9secret'; END $$",
        "SELECT 1 /* password zq9secret */",
        "SELECT 1 /* password swordfish */",
        "SELECT 1 -- password: zq9secret",
        "SELECT 1 -- the api_key is zq9secret",
        "SELECT crypt('zq9secret', hash) FROM acc",
        "SELECT pgp_sym_encrypt(note, 'zq9secret') FROM t",
        "SELECT encode(hmac(note, 'zq9secret', 'sha256'), 'hex') FROM t",
        "SELECT set_config('app.secret', 'zq9secret', false)",
        "CREATE USER MAPPING FOR x SERVER y OPTIONS (user 'a', password 'zq9secret')",
        "ALTER SERVER y OPTIONS (SET password 'zq9secret')",
        "COPY t FROM 's3://b' WITH (FORMAT csv, password 'zq9secret')",
        "ALTER ROLE x SET app.secret TO 'zq9secret'",
        "INSERT INTO log (line) VALUES ('bad password zq9secret')",
    ] {
        let text = read_as(sql, Postgres);
        for secret in ["zq9secret", "swordfish"] {
            assert!(!text.text.contains(secret), "{}", text.text);
            assert!(
                !text.statement.normalized.contains(secret),
                "{}",
                text.statement.normalized
            );
        }
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let mut secrets = Secrets::default();
        reader.add_secrets(sql, Postgres, &mut secrets);
        let secret = if sql.contains("zq9") {
            "zq9secret"
        } else {
            "swordfish"
        };
        assert_eq!(
            secrets.scrub(&std::format!("ERROR: bad password {secret}")),
            "ERROR: bad password [redacted]",
            "{sql}"
        );
    }
    for sql in [
        "SELECT AES_ENCRYPT(note, 'zq9secret') FROM t",
        "PREPARE s FROM 'UPDATE acc SET password = ''zq9secret'''",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'bad password swordfish'",
        "INSERT INTO a (name, password) /*!50100 VALUES ('bob', 'zq9secret') */",
    ] {
        let text = read_as(sql, MySql);
        assert!(
            !text.text.contains("zq9secret") && !text.text.contains("swordfish"),
            "{}",
            text.text
        );
    }
    let text = read("DO $x$ BEGIN EXECUTE 'ALTER ROLE postgres PASSWORD ''hunter2'''; END $x$");
    assert_eq!(
        &*text.text,
        "DO $x$ BEGIN EXECUTE 'ALTER ROLE postgres PASSWORD ''[redacted]'''; END $x$"
    );
    for sql in [
        "DO $$ BEGIN UPDATE acc SET name = 'bob' WHERE id = 1; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'the password is wrong'; END $$",
        "SELECT 1 /* password reset for the user */",
        "-- name: list_sessions\nSELECT 1",
        "INSERT INTO mail (body) VALUES ('Update your profile (it is new)')",
        "SELECT 1 /* see session handling in auth.rs */",
    ] {
        assert_eq!(&*read(sql).text, sql);
    }
}
