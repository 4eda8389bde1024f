//! What somebody sees who starts weave for the first time.

mod common;

use common::weave::{Start, Weave, sqlite};

#[test]
fn the_printed_link_opens_the_dashboard_from_anywhere() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let link = weave.link.as_deref().unwrap();
    let path = link
        .strip_prefix(&format!("http://{}", weave.address))
        .unwrap();
    assert!(path.starts_with("/silk?token="), "{link}");
    // As if from another machine, where only the token opens.
    let elsewhere = ("Host", "weave.example");
    let as_stranger =
        |path: &str, headers: &[(&str, &str)]| weave.send_as_stranger("GET", path, headers, b"");
    assert_eq!(as_stranger("/silk", &[elsewhere]).status, 403);
    let answer = as_stranger(path, &[elsewhere]);
    assert!((300..400).contains(&answer.status), "{}", answer.status);
    let target = answer.header("location").unwrap();
    assert!(
        target.starts_with("/silk") && !target.contains("token"),
        "{target}"
    );
    let cookie = answer.header("set-cookie").unwrap();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/silk"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let cookie = ("Cookie", cookie.split(';').next().unwrap());
    for path in [target, "/silk/requests", "/silk/api/health"] {
        let page = as_stranger(path, &[elsewhere, cookie]);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
    }
}

#[test]
fn the_demonstration_fills_every_page() {
    let weave = Weave::start(&Start {
        demo: true,
        ..Start::on(&sqlite())
    });
    let (recorded, lost) = weave.settled(53);
    assert_eq!((recorded, lost), (53, 0));
    let list = weave.get("/silk/api/requests?limit=500").json();
    let items = list["items"].as_array().unwrap();
    let of = |route: &str| {
        let of_route = items.iter().filter(|item| item["route"] == route);
        of_route.cloned().collect::<Vec<_>>()
    };
    for (route, count) in [
        ("/hello", 20),
        ("/api/messages/list_some", 5),
        ("/api/messages/list_some_joined", 10),
        ("/api/error", 2),
        ("/api/threads", 1),
        ("/api/messages", 3),
    ] {
        assert_eq!(of(route).len(), count, "{route}");
    }
    assert!(of("/api/messages").iter().all(|item| item["status"] == 201));
    let some = &of("/api/messages/list_some")[0];
    // On a machine that is busy enough it waits for its connections too, and says so.
    let findings = some["findings"].as_array().unwrap();
    assert!(
        findings.contains(&"repeated_statement".into()),
        "{findings:?}"
    );
    for (path, text) in [
        ("/silk", "/api/messages/list_some"),
        ("/silk/requests", "101"),
        ("/silk/statements", "person"),
        ("/silk/health", "53"),
    ] {
        let page = weave.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains(text), "{path} lacks {text}");
    }
    let page = weave.get(&format!("/silk/requests/{}", some["id"].as_str().unwrap()));
    assert!(page.text().contains("ran 100 times") && page.text().contains("messages.rs"));
}
