//! Literals and bound values.

use std::sync::Arc;

use silk_core::{
    Database, DatabaseKind, Redactor, Value, ValueState, redact::Secrets, sql::SqlReader,
};

use super::{SECRET, clean, report};

#[test]
fn sql_in_odd_shapes() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let mut leaks = Vec::new();
    for kind in [
        DatabaseKind::Postgres,
        DatabaseKind::MySql,
        DatabaseKind::Sqlite,
    ] {
        let database = Arc::new(Database {
            kind,
            name: "x".to_owned(),
        });
        for sql in [
            format!("INSERT INTO users (name, password) VALUES ('a', '{SECRET}')"),
            format!("INSERT INTO users (name, password) VALUES ('a', 'x'), ('b', '{SECRET}')"),
            format!("INSERT INTO users (name, `password`) VALUES ('a', '{SECRET}')"),
            format!("INSERT INTO users (\"Password\") VALUES ('{SECRET}')"),
            format!("INSERT INTO s.users AS u (password) SELECT '{SECRET}'"),
            format!("INSERT INTO users SET name = 'a', password = '{SECRET}'"),
            format!("REPLACE INTO users (password) VALUES ('{SECRET}')"),
            format!("INSERT INTO users (name, password) VALUES ('it\\'s, ', '{SECRET}')"),
            format!("INSERT INTO users (name, password) VALUES ('it''s, ', '{SECRET}')"),
            format!("INSERT INTO users (name, password) VALUES (E'it\\'s, ', E'{SECRET}')"),
            format!("INSERT INTO users (name, password) VALUES ($$it's, $$, $${SECRET}$$)"),
            format!("INSERT INTO users (name, password) VALUES ($q$it's, $q$, $q${SECRET}$q$)"),
            format!(
                "INSERT INTO users (name, password) VALUES (f('a', 'b'), crypt('{SECRET}', gen_salt('bf')))"
            ),
            format!("INSERT INTO users (password) VALUES (U&'{SECRET}')"),
            format!("INSERT INTO users (password) VALUES (N'{SECRET}')"),
            format!("INSERT INTO users (password) VALUES (_utf8mb4'{SECRET}')"),
            format!("INSERT INTO users (password) VALUES (_utf8mb4 '{SECRET}' COLLATE x)"),
            format!("INSERT INTO users (password) VALUES ('a' '{SECRET}')"),
            format!("INSERT INTO users (password) VALUES (CONCAT('a', '{SECRET}'))"),
            format!("INSERT INTO users (password) VALUES ('a' || '{SECRET}')"),
            format!("INSERT INTO users (password) VALUES ('{SECRET}'::text)"),
            format!("INSERT INTO users (password) VALUES (CAST('{SECRET}' AS TEXT))"),
            format!("INSERT INTO users (password) VALUES (\"{SECRET}\")"),
            format!(
                "INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET password = '{SECRET}'"
            ),
            format!(
                "INSERT INTO users (id) VALUES (1) ON DUPLICATE KEY UPDATE password = '{SECRET}'"
            ),
            format!("UPDATE users SET (name, password) = ('a', '{SECRET}')"),
            format!("UPDATE users SET (name, password) = ROW('a', '{SECRET}')"),
            format!("UPDATE users SET name = 'a', password = '{SECRET}' WHERE id = 1"),
            format!("SELECT * FROM users WHERE password = '{SECRET}'"),
            format!("SELECT * FROM users WHERE '{SECRET}' = password"),
            format!("SELECT * FROM users WHERE password IN ('a', '{SECRET}')"),
            format!("SELECT * FROM users WHERE (name, password) = ('a', '{SECRET}')"),
            format!("SELECT * FROM users WHERE (name, password) IN (('a', '{SECRET}'))"),
            format!("SELECT * FROM users WHERE password LIKE '{SECRET}%'"),
            format!("SELECT * FROM users WHERE password BETWEEN 'a' AND '{SECRET}'"),
            format!("SELECT * FROM users WHERE lower(password) = '{SECRET}'"),
            format!("SELECT * FROM users WHERE data->>'password' = '{SECRET}'"),
            format!("SELECT * FROM users WHERE data @> '{{\"password\":\"{SECRET}\"}}'"),
            format!("SELECT * FROM users WHERE data #>> '{{a,password}}' = '{SECRET}'"),
            format!("SELECT * FROM users WHERE data['password'] = '\"{SECRET}\"'"),
            format!("SELECT * FROM users WHERE JSON_EXTRACT(data, '$.password') = '{SECRET}'"),
            format!("SELECT * FROM users WHERE data->'$.password' = '{SECRET}'"),
            format!("UPDATE users SET data = jsonb_set(data, '{{password}}', '\"{SECRET}\"')"),
            format!("UPDATE users SET data = JSON_SET(data, '$.password', '{SECRET}')"),
            format!("UPDATE users SET data = data || jsonb_build_object('password', '{SECRET}')"),
            format!("UPDATE users SET data = '{{\"password\":\"{SECRET}\"}}'"),
            format!("INSERT INTO users (data) VALUES ('{{\"password\":\"{SECRET}\"}}')"),
            format!("INSERT INTO users (data) VALUES ('{{\"a\":[{{\"token\":\"{SECRET}\"}}]}}')"),
            format!("UPDATE users SET h = 'password=>{SECRET}'"),
            format!("CREATE USER x IDENTIFIED BY '{SECRET}'"),
            format!("CREATE ROLE x PASSWORD '{SECRET}'"),
            format!("CREATE ROLE x LOGIN ENCRYPTED PASSWORD '{SECRET}'"),
            format!("ALTER USER x WITH PASSWORD '{SECRET}'"),
            format!("ALTER USER x IDENTIFIED WITH mysql_native_password BY '{SECRET}'"),
            format!("SET PASSWORD FOR x = '{SECRET}'"),
            format!("SET PASSWORD = PASSWORD('{SECRET}')"),
            format!("PRAGMA key = '{SECRET}'"),
            format!("PRAGMA key('{SECRET}')"),
            format!("SELECT set_config('app.jwt_token', '{SECRET}', false)"),
            format!("SET app.jwt_token = '{SECRET}'"),
            format!("SET LOCAL \"request.jwt.claims\" = '{SECRET}'"),
            format!("SELECT dblink_connect('host=x password={SECRET}')"),
            format!("CREATE SUBSCRIPTION s CONNECTION 'host=x password={SECRET}' PUBLICATION p"),
            format!("CREATE USER MAPPING FOR x SERVER y OPTIONS (user 'a', password '{SECRET}')"),
            format!("CALL reset_password(1, '{SECRET}')"),
            format!("SELECT reset_password(1, '{SECRET}')"),
            format!("SELECT * FROM check_password('a', '{SECRET}')"),
            format!("SELECT pgp_sym_decrypt(ssn, '{SECRET}') FROM t"),
            format!("SELECT AES_DECRYPT(ssn, '{SECRET}') FROM t"),
            format!("SELECT 1 /* password={SECRET} */"),
            format!("SELECT 1 -- token: {SECRET}"),
            format!(
                "/* traceparent */ SELECT * FROM u WHERE /* x */ password /* y */ = /* z */ '{SECRET}'"
            ),
            format!("SELECT * FROM users WHERE password = '{SECRET}"),
            format!("SELECT * FROM users WHERE password = $${SECRET}"),
            format!("SELECT * FROM users WHERE password = E'{SECRET}\\"),
            format!("WITH x AS (SELECT '{SECRET}' AS password) SELECT * FROM x"),
            format!("SELECT '{SECRET}' AS password"),
            format!("SELECT * FROM (VALUES ('a', '{SECRET}')) AS v(name, password)"),
            format!("WITH v(name, password) AS (VALUES ('a', '{SECRET}')) SELECT * FROM v"),
            format!(
                "MERGE INTO users u USING s ON u.id = s.id WHEN MATCHED THEN UPDATE SET password = '{SECRET}'"
            ),
            format!(
                "MERGE INTO users u USING s ON u.id = s.id WHEN NOT MATCHED THEN INSERT (name, password) VALUES ('a', '{SECRET}')"
            ),
            format!(
                "UPDATE users SET password = CASE id WHEN 1 THEN 'a' WHEN 2 THEN '{SECRET}' END"
            ),
            format!("COPY t FROM 's3://x' CREDENTIALS 'aws_secret_access_key={SECRET}'"),
            format!("COPY users FROM PROGRAM 'curl -H \"X-Api-Key: {SECRET}\" http://x'"),
            format!("DO $$ BEGIN UPDATE users SET password = '{SECRET}'; END $$"),
            format!("ATTACH DATABASE 'x.db' AS x KEY '{SECRET}'"),
            format!("SELECT * FROM t WHERE url = 'https://u:{SECRET}@h/'"),
            format!("SELECT * FROM t WHERE h = 'Bearer {SECRET}'"),
        ] {
            // What another dialect reads as something else need not be understood.
            let is_foreign = match kind {
                // A column's name in double quotes.
                DatabaseKind::Postgres => sql.contains("VALUES (\""),
                // A comment, a text in double quotes that nobody compares, a name with a dollar.
                DatabaseKind::MySql => ["#>>", "SET LOCAL \"", "$$"]
                    .iter()
                    .any(|part| sql.contains(part)),
                _ => false,
            };
            if is_foreign {
                continue;
            }
            let text = reader.read(&sql, &database);
            clean(&format!("{kind:?} {sql}\n   text"), &text.text, &mut leaks);
            clean(
                &format!("{kind:?} {sql}\n   normalized"),
                &text.statement.normalized,
                &mut leaks,
            );
        }
    }
    report(&leaks);
}

#[test]
fn bound_values_in_odd_shapes() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let redactor = Redactor::default();
    let mut leaks = Vec::new();
    for (kind, sql, count, secret) in [
        (
            DatabaseKind::Postgres,
            "INSERT INTO users (name, password) VALUES ($1, $2), ($3, $4)",
            4,
            vec![1, 3],
        ),
        (
            DatabaseKind::Postgres,
            "INSERT INTO users (name, password) VALUES ($2, $1)",
            2,
            vec![0],
        ),
        (
            DatabaseKind::Postgres,
            "INSERT INTO users (name, password) SELECT * FROM UNNEST($1::text[], $2::text[])",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "INSERT INTO users (name, password) SELECT a, b FROM UNNEST($1::text[], $2::text[]) AS x(a, b)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "UPDATE users SET (name, password) = ($1, $2) WHERE id = $3",
            3,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "UPDATE users SET password = COALESCE($2, password) WHERE id = $1",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "UPDATE u SET password = v.password FROM (VALUES ($1, $2)) AS v(id, password)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT * FROM t WHERE token = ANY($1)",
            1,
            vec![0],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT * FROM t WHERE email = $1 AND password = crypt($2, password)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT * FROM t WHERE data->>'api_key' = $1",
            1,
            vec![0],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT * FROM t WHERE data->>$1 = $2",
            2,
            vec![],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT set_config('app.token', $1, true)",
            1,
            vec![0],
        ),
        (
            DatabaseKind::Postgres,
            "SELECT login(email => $1, password => $2)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::MySql,
            "INSERT INTO users SET name = ?, password = ?",
            2,
            vec![1],
        ),
        (
            DatabaseKind::MySql,
            "INSERT INTO users (name, password) VALUES (?, ?) ON DUPLICATE KEY UPDATE password = ?",
            3,
            vec![1, 2],
        ),
        (
            DatabaseKind::MySql,
            "SELECT * FROM t WHERE `password` = SHA2(CONCAT(?, salt), 256) AND id = ?",
            2,
            vec![0],
        ),
        (
            DatabaseKind::MySql,
            "UPDATE t SET d = JSON_SET(d, '$.token', ?) WHERE id = ?",
            2,
            vec![0],
        ),
        (
            DatabaseKind::MySql,
            "INSERT INTO users (note, password) VALUES ('a\\'?', ?)",
            1,
            vec![0],
        ),
        (
            DatabaseKind::Sqlite,
            "INSERT INTO users (name, password) VALUES (?2, ?1)",
            2,
            vec![0],
        ),
        (
            DatabaseKind::Sqlite,
            "INSERT OR REPLACE INTO users (name, password) VALUES (?, ?)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Sqlite,
            "INSERT INTO users (name, password) VALUES (:name, :password)",
            2,
            vec![1],
        ),
        (
            DatabaseKind::Sqlite,
            "UPDATE users SET x = :password WHERE id = @id",
            2,
            vec![0],
        ),
        (
            DatabaseKind::Sqlite,
            "INSERT INTO sessions VALUES (?, ?)",
            2,
            vec![0, 1],
        ),
    ] {
        let found = reader.sensitive_values(sql, kind, count);
        for index in secret {
            let mut value = Value {
                type_name: "TEXT".to_owned(),
                state: ValueState::Bytes(SECRET.as_bytes().to_vec()),
            };
            let mut secrets = Secrets::default();
            redactor.value(&mut value, kind, found[index], &mut secrets);
            if value.state != ValueState::Redacted {
                leaks.push(format!("{sql}: value {}", index + 1));
            }
        }
    }
    report(&leaks);
}
