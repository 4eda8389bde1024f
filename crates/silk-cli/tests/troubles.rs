//! What the program says where it cannot do what it was asked: the cause, a hint, and exit code 2.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::fs;

use support::{App, TOKEN, silk, silk_in};

/// What it says to these arguments.
async fn told(arguments: &[&str]) -> String {
    let told = silk(arguments).await.failed(2);
    assert!(told.starts_with("error: "), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_it_says_how_to_name_one() {
    let told = told(&["requests"]).await;
    assert!(told.contains("--url") && told.contains("--store"), "{told}");
    assert!(told.contains("\nhint: "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_from_none() {
    let app = App::start().await;
    let url = app.url();
    let wrong = told(&["--url", &url, "--token", "another token", "health"]).await;
    assert!(wrong.contains("not the token"), "{wrong}");
    assert!(wrong.contains("hint: the token is printed"), "{wrong}");
    assert!(!wrong.contains(TOKEN) && !wrong.contains("another token"));
    let none = told(&["--url", &url, "health"]).await;
    assert!(none.contains("hint: give the token"), "{none}");
    // The printed link has it.
    let link = format!("{url}?token={}", TOKEN.replace(' ', "%20"));
    silk(&["--url", &link, "health"]).await.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_beside_the_store_is_found() {
    let app = App::start().await;
    let url = app.url();
    let token = app.folder.path().join("silk.db-token");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    silk_in(app.folder.path(), &["--url", &url, "health"])
        .await
        .done();
    let file = token.display().to_string();
    silk(&["--url", &url, "--token-file", &file, "health"])
        .await
        .done();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_app_is_it_says_so() {
    let told = told(&["--url", "http://127.0.0.1:9/silk", "requests"]).await;
    assert!(
        told.contains("No app answers at http://127.0.0.1:9"),
        "{told}"
    );
    assert!(told.contains("--store silk.db"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_a_dashboard_there_is_told_from_none() {
    let app = App::start().await;
    for mount in ["", "/people", "/people/at-once", "/silk/statements"] {
        let url = format!("http://{}{mount}", app.address);
        let told = told(&["--url", &url, "--token", TOKEN, "requests"]).await;
        assert!(
            told.contains("no Silk dashboard") || told.contains("no page"),
            "{mount}: {told}"
        );
        assert!(told.contains("hint: "), "{mount}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let missing = path("missing.db");
    let told_of = told(&["--store", &missing, "requests"]).await;
    assert!(
        told_of.contains("no such file") && told_of.contains(&missing),
        "{told_of}"
    );
    assert!(!folder.path().join("missing.db").exists(), "none is made");
    let text = path("notes.txt");
    fs::write(&text, "no database").unwrap();
    let told_of = told(&["--store", &text, "requests"]).await;
    assert!(told_of.contains("no store of Silk"), "{told_of}");
    assert!(told_of.contains("hint: give the file"), "{told_of}");
    // Clearing makes none either.
    told(&["--store", &text, "clear", "--yes"]).await;
    assert_eq!(fs::read_to_string(&text).unwrap(), "no database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_version_is_refused_and_stays() {
    let app = App::start().await;
    app.get("/people").await;
    // A copy, since plans of the app may still be written.
    let copy = app.folder.path().join("copy.db");
    let store = copy.display().to_string();
    let original = app.store().display().to_string();
    copy_database(&original, &store).await;
    let change = async |sql: &'static str| {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite:{store}"))
            .await
            .unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    change(
        "INSERT INTO _silk_migrations SELECT 99999999000001, 'later', installed_on, success, \
         checksum, execution_time FROM _silk_migrations LIMIT 1",
    )
    .await;
    for arguments in [
        &["requests"][..],
        &["clear", "--yes"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let before = fs::read(&copy).unwrap();
        let told = told(&[&["--store", &store], arguments].concat()).await;
        assert!(told.contains("newer version"), "{told}");
        assert!(
            told.contains("hint: use the version that wrote it"),
            "{told}"
        );
        assert!(fs::read(&copy).unwrap() == before, "a look changes no byte");
    }
    change("DELETE FROM _silk_migrations WHERE version > 20261121000001").await;
    for arguments in [&["requests"][..], &["clear", "--yes"]] {
        let before = fs::read(&copy).unwrap();
        let told = told(&[&["--store", &store], arguments].concat()).await;
        assert!(told.contains("older version"), "{told}");
        assert!(fs::read(&copy).unwrap() == before, "a look changes no byte");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_not_kept_say_where_ids_are() {
    let app = App::start().await;
    app.get("/people").await;
    for (arguments, part) in [
        (
            &["request", "01934f5e-0000-7000-8000-000000000001"][..],
            "`silk requests`",
        ),
        (&["request", "xyz"], "`silk requests`"),
        (&["request", "123456"], "whole id"),
        (&["statement", "0000000000000000"], "`silk statements`"),
        (&["statement", "../health"], "`silk statements`"),
        (
            &["save-as-test", "01934f5e-0000-7000-8000-000000000001"],
            "`silk requests`",
        ),
    ] {
        let told = app.silk(arguments).await.failed(2);
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_says_which_value_makes_no_sense() {
    let app = App::start().await;
    for (arguments, part) in [
        (
            &["requests", "--status", "abc"][..],
            "status must be like 404",
        ),
        (
            &["requests", "--since", "yesterday"],
            "since must be a time",
        ),
        (&["requests", "--sort", "size"], "sort must be"),
        (&["statements", "--limit", "0"], "limit must be"),
        (
            &["statement", "0000000000000001", "--window", "2h"],
            "window must be",
        ),
    ] {
        let told = app.silk(arguments).await.failed(2);
        assert!(told.contains(part), "{arguments:?}: {told}");
        assert_eq!(app.silk_on_store(arguments).await.failed(2), told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typing_error_is_answered_with_what_was_meant() {
    for (arguments, part) in [
        (&["reqests"][..], "requests"),
        (&["requests", "--rout", "/x"], "--route"),
        (&["request"], "<ID>"),
        (
            &["--store", "a", "--url", "b", "health"],
            "cannot be used with",
        ),
    ] {
        let run = silk(arguments).await;
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(part), "{arguments:?}: {}", run.err);
    }
    assert!(silk(&["--help"]).await.done().contains("Usage: silk"));
    assert!(silk(&["--version"]).await.done().starts_with("silk "));
}

async fn copy_database(from: &str, to: &str) {
    use sqlx::Connection as _;
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite:{from}"))
        .await
        .unwrap();
    sqlx::query("VACUUM INTO ?")
        .bind(to)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
