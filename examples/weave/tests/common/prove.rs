//! The query that is offered in place of a loop, proved on the recorded values.

use serde_json::{Value, json};

use super::weave::{Start, Weave};

/// The findings of a request about a repeated statement, by what its text holds.
fn repeated<'a>(record: &'a Value, part: &str) -> Option<&'a Value> {
    let findings = record["findings"].as_array().unwrap();
    findings.iter().find(|finding| {
        finding["rule"] == "repeated_statement"
            && finding["sql"]
                .as_str()
                .is_some_and(|sql| sql.contains(part))
    })
}

/// Proves what is offered in place of the loop over the statement with `part` in its text.
fn prove(weave: &Weave, record: &Value, part: &str) -> Value {
    let finding = repeated(record, part).unwrap_or_else(|| panic!("{part}: {record:#}"));
    assert_eq!(finding["sql_is"], "query", "{finding}");
    let post = |confirmed: bool| {
        let body = json!({
            "request": record["request"]["id"],
            "statement": finding["fingerprint"],
            "confirmed": confirmed,
        });
        let headers = [("Content-Type", "application/json")];
        let body = body.to_string();
        weave.send("POST", "/silk/api/prove", &headers, body.as_bytes())
    };
    let mut answer = post(false);
    // Servers of tests are reached as a superuser, which is asked for first.
    if answer.status == 409 {
        assert_eq!(answer.json()["error"]["kind"], "needs_confirmation");
        answer = post(true);
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    let proof = answer.json();
    assert_eq!(proof["after"]["queries"], 1, "{proof}");
    proof
}

/// `list_some` and both loops of `threads`: one query gives the same rows, and the fast variants are
/// left alone.
pub fn loops(database: &str) {
    let weave = Weave::start(&Start::on(database));
    let record = |path: &str| weave.record_of(&weave.get(path));
    let list = record("/api/messages/list_some");
    let proof = prove(&weave, &list, "FROM person");
    assert_eq!(proof["verdict"], "equal", "{proof}");
    let (values, rows) = (proof["rows"]["values"].as_u64().unwrap(), &proof["rows"]);
    assert!((50..=100).contains(&values), "{rows}");
    assert_eq!(rows["equal"], values);
    assert_eq!(proof["before"]["queries"], 100);
    assert_eq!(proof["before"]["rows"], 100);
    assert_eq!(proof["after"]["rows"], values);
    assert!(proof["before"]["took_us"].as_u64().unwrap() > 0);
    for side in ["before", "after"] {
        assert!(proof[side]["plan"]["root"].is_object(), "{proof}");
        let has_pages = proof[side]["pages_per_query"].is_u64();
        match proof["database"]["kind"].as_str() {
            Some("postgres") => assert!(has_pages, "{proof}"),
            Some("sqlite") => assert!(!has_pages, "{proof}"),
            // Newer versions of MariaDB count them.
            _ => {}
        }
    }

    // The page leads there, and looking at it runs nothing.
    let id = list["request"]["id"].as_str().unwrap();
    let page = weave.get(&format!("/silk/requests/{id}")).text();
    assert!(page.contains("Each value comes from a row of"), "{page}");
    let statement = repeated(&list, "FROM person").unwrap()["fingerprint"].clone();
    let prove_page = format!("/silk/requests/{id}/prove/{}", statement.as_str().unwrap());
    assert!(page.contains(&format!("href=\"{prove_page}\"")), "{page}");
    let page = weave.get(&prove_page);
    assert!(page.status == 200 && page.text().contains("Run both"));
    // A stranger's click is none.
    let stranger = weave.send_as_stranger("POST", &prove_page, &[], b"");
    assert_eq!(stranger.status, 403);

    let threads = record("/api/threads");
    let messages = prove(&weave, &threads, "FROM message");
    // Messages of one moment may come in another order.
    assert!(
        matches!(messages["verdict"].as_str(), Some("equal" | "reordered")),
        "{messages}"
    );
    assert_eq!(messages["rows"]["different"], 0, "{messages}");
    assert_eq!(messages["before"]["rows"], messages["after"]["rows"]);
    let people = prove(&weave, &threads, "FROM person");
    assert_eq!(people["verdict"], "equal", "{people}");
    // Of thousands of runs, each value once.
    assert!(
        people["recorded"]["calls"].as_u64().unwrap() > 1_000,
        "{people}"
    );
    assert_eq!(people["before"]["queries"], people["rows"]["values"]);

    for quiet in ["/api/messages/list_some_joined", "/api/threads/prefetched"] {
        let record = record(quiet);
        let rules: Vec<_> = record["findings"].as_array().unwrap().iter().collect();
        let is_repeated = |finding: &&&Value| finding["rule"] == "repeated_statement";
        assert_eq!(rules.iter().filter(is_repeated).count(), 0, "{rules:?}");
    }
}
