//! Secrets in the places where people really put them: none may come out of the redactor.

use std::sync::Arc;

use silk_core::{
    Database, DatabaseKind, Redactor, Value, ValueState, redact::Secrets, sql::SqlReader,
};

const SECRET: &str = "CaNaRy-9f3Zq77";

fn clean(what: &str, text: &str, leaks: &mut Vec<String>) {
    if text.contains(SECRET) || text.contains("Q2FOYVJ5") || text.contains("9f3Zq77") {
        leaks.push(format!("{what}: {text}"));
    }
}

fn report(leaks: &[String]) {
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn bodies_in_odd_shapes() {
    let redactor = Redactor::default();
    let mut leaks = Vec::new();
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    for (kind, body) in [
        (
            json,
            format!(r#"{{"a":[{{"b":[[{{"password":["{SECRET}"]}}]]}}]}}"#),
        ),
        (
            json,
            format!(r#"{{"password":{{"new":{{"again":"{SECRET}"}}}}}}"#),
        ),
        (json, format!(r#"{{"pass\u0077ord":"{SECRET}"}}"#)),
        (json, format!(r#"{{"Password" : "{SECRET}"}}"#)),
        (json, format!(r#"{{"password":"{SECRET}"#)),
        (json, format!("{{\"password\":\"\\\"{SECRET}\\")),
        (
            json,
            format!(r#"{{"payload":"{{\"password\":\"{SECRET}\"}}"}}"#),
        ),
        (
            json,
            format!(r#"{{"payload":"{{\"p\":\"{{\\\"token\\\":\\\"{SECRET}\\\"}}\"}}"}}"#),
        ),
        (
            json,
            format!(r#"[{{"name":"password","value":"{SECRET}"}}]"#),
        ),
        (
            json,
            format!(r#"[{{"value":"{SECRET}","name":"password"}}]"#),
        ),
        (json, format!(r#"{{"url":"https://u:{SECRET}@h/x"}}"#)),
        (
            json,
            format!(
                r#"{{"query":"mutation {{ login(email: \"a@b\", password: \"{SECRET}\") {{ token }} }}"}}"#
            ),
        ),
        (
            json,
            format!(
                r#"{{"query":"mutation($password: String!) {{ x }}","variables":{{"password":"{SECRET}"}}}}"#
            ),
        ),
        (
            json,
            format!(r#"{{"header":"Authorization: Basic {SECRET}"}}"#),
        ),
        (json, format!("{{password: '{SECRET}'}}")),
        (json, format!("{{'password': '{SECRET}'}}")),
        (json, format!("\u{feff}{{\"password\":\"{SECRET}\"}}")),
        (json, format!("{{\"password\":/* x */\"{SECRET}\"}}")),
        (
            json,
            format!(
                r#"{{"a":1}}
{{"password":"{SECRET}"}}"#
            ),
        ),
        (
            "application/graphql",
            format!("mutation {{ login(password: \"{SECRET}\") }}"),
        ),
        (
            "application/graphql",
            format!("mutation {{ login(password: \"\"\"{SECRET}\"\"\") }}"),
        ),
        ("text/xml", format!("<a><password>{SECRET}</password></a>")),
        (
            "application/xml",
            format!("<password type=\"x\">{SECRET}</password>"),
        ),
        (
            "application/xml",
            format!("<ns:password>\n  {SECRET}\n</ns:password>"),
        ),
        ("application/xml", format!("<u password=\"{SECRET}\"/>")),
        (
            "application/xml",
            format!("<password><![CDATA[{SECRET}]]></password>"),
        ),
        (
            "text/html",
            format!("<input name=\"csrf_token\" type=\"hidden\" value=\"{SECRET}\">"),
        ),
        (
            "text/html",
            format!("<input value=\"{SECRET}\" name='password'>"),
        ),
        (
            "text/html",
            format!("<meta name=\"csrf-token\" content=\"{SECRET}\">"),
        ),
        ("text/plain", format!("password={SECRET}")),
        ("text/plain", format!("password: {SECRET}")),
        (
            "text/plain",
            format!("PASSWORD {SECRET}").replace("PASSWORD ", "export DB_PASSWORD="),
        ),
        (
            "text/event-stream",
            format!("data: {{\"token\":\"{SECRET}\"}}\n\n"),
        ),
        (
            "application/javascript",
            format!("callback({{\"token\":\"{SECRET}\"}})"),
        ),
        ("application/yaml", format!("password: {SECRET}\n")),
        ("application/yaml", format!("password: |\n  {SECRET}\n")),
        (form, format!("a=1&password={SECRET}&b=2")),
        (form, format!("user%5Bpassword%5D={SECRET}")),
        (form, format!("p%61ssword={SECRET}")),
        (form, format!("data={{\"password\":\"{SECRET}\"}}")),
        (form, format!("data=%7B%22password%22%3A%22{SECRET}%22%7D")),
        (form, format!("password[]={SECRET}")),
        (form, format!("next=%2Fx%3Ftoken%3D{SECRET}")),
        (
            form,
            format!("next=https%3A%2F%2Fh%2Fx%3Fa%3D1%26token%3D{SECRET}"),
        ),
        (form, format!("a=1;password={SECRET}")),
        (
            "text/plain",
            format!("-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----"),
        ),
    ] {
        let mut secrets = Secrets::default();
        let kept = redactor.body(Some(kind), body.as_bytes(), body.len() as u64, &mut secrets);
        clean(&body, kept.text.as_deref().unwrap_or_default(), &mut leaks);
        // Cut right behind the secret, too, where its name stands before it.
        let name_comes_first = !body.contains("\"value\":\"") && !body.contains("<input value")
            || body.starts_with("[{\"name");
        if let Some(at) = body.find(SECRET).filter(|_| name_comes_first) {
            for cut in [at + SECRET.len(), at + SECRET.len() + 1] {
                let part = body.as_bytes().get(..cut).unwrap_or(body.as_bytes());
                let mut secrets = Secrets::default();
                let kept = redactor.body(Some(kind), part, body.len() as u64 + 9, &mut secrets);
                clean(
                    &format!("{cut} of {body}"),
                    kept.text.as_deref().unwrap_or_default(),
                    &mut leaks,
                );
            }
        }
    }
    report(&leaks);
}

#[test]
fn headers_and_addresses_in_odd_shapes() {
    let redactor = Redactor::default();
    let mut leaks = Vec::new();
    for (name, value) in [
        ("AUTHORIZATION", format!("bEaReR {SECRET}")),
        ("authorization", SECRET.to_owned()),
        ("authorization", format!("Basic\t{SECRET}")),
        (
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential=x, Signature={SECRET}"),
        ),
        (
            "authorization",
            format!("Digest username=\"u\", response=\"{SECRET}\""),
        ),
        ("cookie", format!("a={SECRET}==; b=\"{SECRET}\"; {SECRET}")),
        ("set-cookie", format!("sid={SECRET}=; Path=/; HttpOnly")),
        ("set-cookie", SECRET.to_owned()),
        ("cookie2", format!("a={SECRET}")),
        ("x-amz-security-token", SECRET.to_owned()),
        ("x-goog-api-key", SECRET.to_owned()),
        ("x-vault-token", SECRET.to_owned()),
        ("x-hub-signature-256", format!("sha256={SECRET}")),
        ("stripe-signature", format!("t=1,v1={SECRET}")),
        ("x-forwarded-access-token", SECRET.to_owned()),
        ("x-auth", SECRET.to_owned()),
        ("x-auth-request-user", SECRET.to_owned()),
        ("x-session", SECRET.to_owned()),
        ("x-apikey", SECRET.to_owned()),
        ("apikey", SECRET.to_owned()),
        ("x-functions-key", SECRET.to_owned()),
        ("ocp-apim-subscription-key", SECRET.to_owned()),
        ("x-shopify-access-token", SECRET.to_owned()),
        ("cf-access-jwt-assertion", SECRET.to_owned()),
        ("x-jwt-assertion", SECRET.to_owned()),
        (
            "www-authenticate",
            format!("Bearer realm=\"x\", nonce=\"{SECRET}\""),
        ),
        ("referer", format!("https://h/x?token={SECRET}")),
        ("referer", format!("https://u:{SECRET}@h/x")),
        ("referer", format!("https://h/x?a=1#access_token={SECRET}")),
        ("referer", format!("https://h/x#access_token={SECRET}&b=1")),
        ("location", format!("/reset?t%6Fken={SECRET}")),
        ("location", format!("cb?code=1&token={SECRET}")),
        ("location", format!("myapp:cb?token={SECRET}")),
        (
            "link",
            format!("<https://h/x?token={SECRET}>; rel=\"next\""),
        ),
        ("forwarded", format!("for=1.2.3.4;secret={SECRET}")),
        ("x-original-url", format!("/x?api_key={SECRET}")),
        ("refresh", format!("0; url=/x?token={SECRET}")),
        ("sec-websocket-protocol", format!("bearer, {SECRET}")),
        (
            "sec-websocket-protocol",
            format!("base64url.bearer.authorization.k8s.io.{SECRET}, x"),
        ),
        (
            "content-disposition",
            format!("attachment; password=\"{SECRET}\""),
        ),
    ] {
        let mut secrets = Secrets::default();
        let header = redactor.header(name, &value, &mut secrets);
        clean(
            name,
            &format!("{} = {}", value, header.value).replace(&value, ""),
            &mut leaks,
        );
    }
    for query in [
        format!("token={SECRET}"),
        format!("t%6fken={SECRET}"),
        format!("TOKEN={SECRET}"),
        format!("a=1&&token={SECRET}"),
        format!("a=1;token={SECRET}"),
        format!("token%3D{SECRET}"),
        format!("?token={SECRET}"),
        format!("user[password]={SECRET}"),
        format!("user.password={SECRET}"),
        format!("filter={{\"apiKey\":\"{SECRET}\"}}"),
        format!("redirect=https%3A%2F%2Fh%2F%23access_token%3D{SECRET}"),
        format!("redirect=%2Fx%3Fn%3D%252Fy%253Ftoken%253D{SECRET}"),
        format!("X-Amz-Signature={SECRET}"),
        format!("sig={SECRET}"),
        format!("code={SECRET}&state=1"),
        format!("to ken={SECRET}").replace("to ken", "pass+word"),
        format!("password={SECRET}%"),
        format!("password=%ff{SECRET}"),
    ] {
        let mut secrets = Secrets::default();
        let safe = redactor.query_string(&query, &mut secrets);
        clean(&query, &safe, &mut leaks);
    }
    for (path, template) in [
        (format!("/reset/{SECRET}"), Some("/reset/{token}")),
        (format!("/reset/{SECRET}/"), Some("/reset/{token}")),
        (format!("/api/reset/{SECRET}"), Some("/reset/{token}")),
        (format!("/f/{SECRET}/b/c"), Some("/f/{*secret}")),
        (
            format!("/u/1/keys/{SECRET}"),
            Some("/u/{id}/keys/{api_key}"),
        ),
        (format!("/x/eyJhbGciOiJIUzI1NiJ9.eyJ{SECRET}.abc"), None),
        (format!("/reset/token={SECRET}"), None),
        (format!("/x;jsessionid={SECRET}/y"), None),
        (format!("/x/tok-{SECRET}.json"), Some("/x/tok-{token}.json")),
    ] {
        let mut secrets = Secrets::default();
        let safe = redactor.path(&path, template, &mut secrets);
        clean(&path, &safe, &mut leaks);
    }
    report(&leaks);
}

#[test]
fn texts_in_odd_shapes() {
    let redactor = Redactor::default();
    let mut leaks = Vec::new();
    for text in [
        format!("User {{ id: 1, password: \"{SECRET}\" }}"),
        format!("User {{ password: Some(\"{SECRET}\") }}"),
        format!("User {{ password: Some(Secret(\"{SECRET}\")) }}"),
        format!("User {{ password: Password(\"{SECRET}\") }}"),
        format!("{{\"password\": String(\"{SECRET}\")}}"),
        format!("[(\"authorization\", \"Bearer {SECRET}\")]"),
        format!("[(\"password\", \"{SECRET}\")]"),
        format!("{{\"x-api-key\": \"{SECRET}\"}}"),
        format!("password = '{SECRET}'"),
        format!("password='{SECRET} with space'"),
        format!("connect to postgres://app:{SECRET}@db:5432/x failed"),
        format!("connect to postgres://app:p/{SECRET}@db:5432/x failed"),
        format!("redis://:{SECRET}@h"),
        format!("host=db password={SECRET} user=x"),
        format!("Server=x;Pwd={SECRET};"),
        format!("curl -H 'X-Api-Key: {SECRET}'"),
        format!("--password {SECRET}"),
        format!("--password={SECRET}"),
        format!("Authorization: {SECRET}"),
        format!("authorization: Token {SECRET}"),
        format!("Cookie: a=1; sid={SECRET}"),
        format!("Cookie: theme={SECRET}; b={SECRET}"),
        format!("Key (email)=({SECRET}) already exists."),
        format!("Key (email, x)=({SECRET}, 1) already exists."),
        format!("Failing row contains (1, {SECRET}, null)."),
        format!("password=%22{SECRET}%22"),
        format!("password=>{SECRET}"),
        format!("api key: {SECRET}"),
        format!("client secret = {SECRET}"),
    ] {
        clean(&text, &redactor.text(&text), &mut leaks);
    }
    report(&leaks);
}

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

#[test]
fn what_is_no_secret_stays() {
    let redactor = Redactor::default();
    for text in [
        "expected Option<Token>, got </b>",
        "auth error: timeout after 30s",
        "the password is wrong",
        "[(\"name\", \"bob\"), (\"monkey\", \"x\")]",
        "this page contains (1, 2, 3)",
        "run with --verbose twice, --no-password",
        "listening on http://localhost:3000",
        "listening on http://[::1]:3000",
        "see https://example.com:8443/a",
        "monkey: |\n  banana\n",
        "keyboard: Some(Layout(\"us\"))",
        "see cookie policy",
        "<p class=\"tokenizer\">a &lt; b</p>",
        "<input name=\"email\" value=\"bob@example.com\">",
        "<user id=\"7\"><name>bob</name></user>",
    ] {
        assert_eq!(redactor.text(text), text);
        let kept = redactor.body(
            Some("text/plain"),
            text.as_bytes(),
            text.len() as u64,
            &mut Secrets::default(),
        );
        assert_eq!(kept.text.as_deref(), Some(text));
    }
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let database = Arc::new(Database {
        kind: DatabaseKind::Postgres,
        name: "x".to_owned(),
    });
    for sql in [
        "INSERT INTO messages VALUES (1, 'hello there')",
        "INSERT INTO users (id, name) VALUES (1, 'bob dylan')",
        "SELECT * FROM users WHERE tag = ANY(ARRAY['password', 'x-ray-7'])",
        "SELECT * FROM generate_series(1, 10) AS s WHERE name = 'bob dylan'",
        "SELECT primary_key FROM t WHERE key = 'abc-def'",
        "SELECT * FROM sessions WHERE user_name = 'bob dylan'",
    ] {
        assert_eq!(&*reader.read(sql, &database).text, sql);
    }
}

#[test]
fn what_reading_sql_took_out_is_scrubbed_elsewhere() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    for (kind, sql) in [
        (
            DatabaseKind::Postgres,
            format!("UPDATE users SET password = '{SECRET}' WHERE id = 1"),
        ),
        (
            DatabaseKind::MySql,
            format!("INSERT INTO users VALUES (1, 'bob', '{SECRET}')"),
        ),
        (
            DatabaseKind::Sqlite,
            format!("UPDATE t SET data = '{{\"token\":\"{SECRET}\"}}'"),
        ),
        (
            DatabaseKind::Sqlite,
            format!("SELECT 1 /* password={SECRET} */"),
        ),
        (
            DatabaseKind::Postgres,
            format!("SELECT dblink_connect('host=x password={SECRET}')"),
        ),
    ] {
        let mut secrets = Secrets::default();
        reader.add_secrets(&sql, kind, &mut secrets);
        assert_eq!(
            secrets.scrub(&format!("bob said {SECRET} at login")),
            "bob said [redacted] at login",
            "{sql}"
        );
    }
}
