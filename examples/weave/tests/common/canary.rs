//! A secret sent in 14 places, looked for everywhere.

use std::{collections::BTreeSet, path::Path};

use super::weave::{Start, Weave};

/// What is looked for; every secret sent contains it.
const CANARY: &str = "c4n4ry7f3a9b";

/// Sends secrets every way there is, and looks for them in pages, answers, log and store.
pub fn nowhere(database: &str) {
    let weave = Weave::start(&Start::on(database));
    let secret = |place: &str| format!("{CANARY}{place}");
    // 1, 2: headers; 3: cookie; 4: query string; 5: path parameter. The app binds, writes into
    // SQL, inserts, provokes an error with, logs and sends back the password of the body and the
    // parameter of the path: 6 JSON at depth, 7 form, 8 value of a password column, 9 inserted
    // row, 10 literal, 11 detail of an error, 12 log field, 13 response body, 14 response header.
    let path = format!(
        "/api/careless/{}?access_token={}",
        secret("5path"),
        secret("4query")
    );
    let authorization = format!("Bearer {}", secret("1bearer"));
    let key = secret("2key");
    let cookie = format!("theme=dark; session={}", secret("3cookie"));
    let json = format!(
        r#"{{"user":{{"deep":[{{"api_key":"{}"}}]}},"credentials":{{"password":"{}"}}}}"#,
        secret("6deep"),
        secret("8json")
    );
    let form = format!("name=x&password={}", secret("7form"));
    let mut ids = Vec::new();
    for (content_type, body) in [
        ("application/json", &json),
        ("application/x-www-form-urlencoded", &form),
    ] {
        let headers = [
            ("Authorization", authorization.as_str()),
            ("X-Api-Key", key.as_str()),
            ("Cookie", cookie.as_str()),
            ("Content-Type", content_type),
        ];
        let answer = weave.send("POST", &path, &headers, body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        // The app itself is untouched.
        assert!(answer.text().contains(CANARY));
        assert!(
            answer
                .header("set-cookie")
                .is_some_and(|value| value.contains(CANARY))
        );
        let record = weave.record_of(&answer);
        assert_eq!(record["request"]["query_count"], 3, "{record:#}");
        ids.push(record["request"]["id"].as_str().unwrap().to_owned());
    }

    let mut seen = BTreeSet::new();
    let mut paths = vec![
        "/silk".to_owned(),
        "/silk/requests".to_owned(),
        "/silk/statements".to_owned(),
        "/silk/health".to_owned(),
        "/silk/api/requests".to_owned(),
        "/silk/api/statements".to_owned(),
        "/silk/api/health".to_owned(),
    ];
    for id in &ids {
        paths.push(format!("/silk/requests/{id}"));
        paths.push(format!("/silk/api/requests/{id}"));
        for part in ["request-body", "response-body", "replay.sh", "replay.rs"] {
            paths.push(format!("/silk/requests/{id}/{part}"));
        }
        for seq in 1..=3 {
            paths.push(format!("/silk/requests/{id}/queries/{seq}"));
            paths.push(format!("/silk/requests/{id}/queries/{seq}/sql"));
            let explain = weave.send(
                "POST",
                &format!("/silk/api/requests/{id}/queries/{seq}/explain"),
                &[("Content-Type", "application/json")],
                br#"{"analyze":false}"#,
            );
            assert_absent("EXPLAIN", &explain.body);
        }
    }
    // Every page that these lead to as well.
    while let Some(path) = paths.pop() {
        if !seen.insert(path.clone()) || seen.len() > 200 {
            continue;
        }
        let page = weave.get(&path);
        assert!(
            page.status < 500,
            "{path}: {}: {}",
            page.status,
            page.text()
        );
        assert_absent(&path, &page.body);
        for (name, value) in &page.headers {
            assert_absent(name, value.as_bytes());
        }
        let text = page.text();
        let links = text
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        paths.extend(
            links
                .filter(|link| link.starts_with("/silk") && !link.contains("/assets/"))
                .map(|link| link.replace("&amp;", "&")),
        );
    }
    assert!(seen.len() > 20, "{seen:?}");

    assert_absent("the log", weave.log().as_bytes());
    let folder = weave.stop();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        assert_absent(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
    let blobs = blobs_of(&folder.path().join("silk.db"));
    assert!(blobs.len() >= 2, "{} blobs in the store", blobs.len());
    for blob in blobs {
        assert_absent("a blob of the store", &blob);
    }
}

fn assert_absent(place: &str, bytes: &[u8]) {
    let found = bytes
        .windows(CANARY.len())
        .position(|window| window == CANARY.as_bytes());
    if let Some(at) = found {
        let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 100)];
        panic!(
            "the secret is in {place}: …{}…",
            String::from_utf8_lossy(around)
        );
    }
}

/// Every blob in every table, unpacked where it is compressed.
fn blobs_of(store: &Path) -> Vec<Vec<u8>> {
    use sqlx::{Connection as _, Row as _};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", store.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let columns = sqlx::query(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND c.type = 'BLOB'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let mut blobs = Vec::new();
        for column in columns {
            let (table, column): (String, String) = (column.get(0), column.get(1));
            let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
            )))
            .fetch_all(&mut connection)
            .await
            .unwrap();
            for blob in rows {
                blobs.extend(unpack(blob));
            }
        }
        blobs
    })
}

/// The bytes themselves, and what unpacks from any place in them where zstd's magic number stands.
fn unpack(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut all: Vec<Vec<u8>> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == MAGIC)
        .filter_map(|(at, _)| {
            let mut unpacked = Vec::new();
            let mut decoder = zstd::Decoder::new(&bytes[at..]).ok()?.single_frame();
            std::io::copy(&mut decoder, &mut unpacked).ok()?;
            Some(unpacked)
        })
        .collect();
    all.push(bytes);
    all
}
