//! Names of the list, in every spelling, and names that are near.

use super::*;

fn verdict(name: &str) -> Verdict {
    Names::default().answer(name).verdict
}

/// A name as programs in many languages write it.
fn spellings(name: &str) -> Vec<String> {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    };
    let parts: Vec<&str> = name.split([' ', '\'']).collect();
    let pascal: String = parts.iter().map(|word| capital(word)).collect();
    let mut camel = parts[0].to_owned();
    camel.extend(parts.iter().skip(1).map(|word| capital(word)));
    vec![
        parts.join("_"),
        parts.join("-"),
        parts.join(" "),
        parts.join("_").to_uppercase(),
        parts.concat(),
        format!("user.{}", parts.join("_")),
        format!("form[{}]", parts.join("_")),
        format!("new_{}", parts.join("_")),
        pascal,
        camel,
    ]
}

#[test]
fn each_name_of_the_list_is_known_in_every_spelling() {
    let names = Names::default();
    let mut unknown = Vec::new();
    let mut count = 0;
    for (language, name, expected) in all() {
        count += 1;
        for spelling in spellings(name) {
            let got = names.answer(&spelling).verdict;
            let is_right = got == expected || got == Verdict::Secret;
            // Written together, a word that the value decides is that word no more.
            let is_open = matches!(expected, Verdict::Judge(_));
            if !(is_right || is_open && spelling.len() > name.len()) {
                unknown.push(format!("{language} {name}: {spelling} is {got:?}"));
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "of {count} names:\n{}",
        unknown.join("\n")
    );
    assert!(count >= 380, "{count} names");
}

#[test]
fn no_name_is_listed_twice() {
    let mut all: Vec<String> = names().map(|(_, _, name)| words(name).join(" ")).collect();
    let count = all.len();
    all.sort();
    let twice: Vec<String> = all
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0].clone())
        .collect();
    assert!(twice.is_empty(), "of {count}: {twice:?}");
}

#[test]
fn each_line_of_the_lists_is_understood() {
    let lines = include_str!("names.txt").lines();
    let lines = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    assert_eq!(lines.count(), names().count());
    for name in [
        "last", "first", "anywhere", "harmless", "before", "files", "digests", "errors", "actions",
    ] {
        assert!(section(name).count() >= 4, "{name}");
    }
}

#[test]
fn secrets_are_known_by_whole_words() {
    for name in [
        "password",
        "Password",
        "user_password",
        "passwordHash",
        "X-Api-Key",
        "apiKey",
        "apikey",
        "APIKEY",
        "access_token",
        "accessToken",
        "accesstoken",
        "Authorization",
        "Proxy-Authorization",
        "Set-Cookie",
        "client_secret",
        "PIN",
        "pin",
        "user.pin",
        "PHPSESSID",
        "connect.sid",
        "session_id",
        "csrf_token",
        "csrfmiddlewaretoken",
        "X-XSRF-TOKEN",
        "private_key",
        "card_number",
        "cardNumber",
        "cvv",
        "otp",
        "pwd",
        "passphrase",
        "AWS_SECRET_ACCESS_KEY",
        "user[password]",
        "password2",
        "signature",
        "ssn",
        "Benutzerpasswort",
        "用户密码",
        "ユーザーパスワード",
        "numéroDeCarte",
    ] {
        assert_eq!(verdict(name), Verdict::Secret, "{name}");
    }
    for name in [
        "monkey",
        "keyboard",
        "tokenizer",
        "author",
        "passenger",
        "spinner",
        "secretary",
        "id",
        "",
        "pinned",
        "compass",
        "passive",
        "authority",
        "max_tokens",
        "token_type",
        "token_count",
        "password_changed_at",
        "has_password",
        "Content-Type",
        "sidebar",
        "obsession",
        "user",
        "email",
        "primary_key",
        "sort_key",
        "foreign_key",
        "country_code",
        "errorCode",
        "commit_hash",
        "keystone",
        "prompt_tokens",
        "barcode",
        "hashtag",
    ] {
        assert_eq!(verdict(name), Verdict::Harmless, "{name}");
    }
    for (name, judge) in [
        ("key", Judge::Key),
        ("user_key", Judge::Key),
        ("access", Judge::Key),
        ("code", Judge::Code),
        ("hash", Judge::Digest),
        ("pan", Judge::Number),
        ("sort_code", Judge::Number),
    ] {
        assert_eq!(verdict(name), Verdict::Judge(judge), "{name}");
    }
}

#[test]
fn the_list_can_be_changed() {
    let mut names = Names::default();
    names.add("loyalty number");
    names.except("session");
    names.except("push_token");
    names.except("code");
    let is_secret = |name: &str| names.answer(name).verdict == Verdict::Secret;
    assert!(is_secret("loyaltyNumber") && is_secret("LOYALTY_NUMBER"));
    assert!(!is_secret("session") && !is_secret("pushToken"));
    assert!(is_secret("token") && is_secret("session_token"));
    assert_eq!(names.answer("code").verdict, Verdict::Harmless);
}
