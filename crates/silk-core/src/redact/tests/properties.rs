//! What holds of any text.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let redactor = redactor();
        let mut secrets = Secrets::default();
        let once = redactor.text(&text);
        prop_assert_eq!(redactor.text(&once), once);
        let _ = redactor.json(&text, &mut secrets);
        let _ = redactor.query_string(&text, &mut secrets);
        let _ = redactor.header("cookie", &text, &mut secrets);
        let _ = redactor.header("set-cookie", &text, &mut secrets);
        let _ = redactor.path(&text, Some("/a/{token}/{*rest}"), &mut secrets);
        for kind in DatabaseKind::ALL {
            let _ = redactor.query_error(*kind, None, &text);
        }
        for content_type in ["application/json", "multipart/form-data; boundary=a", "text/plain", "application/x-www-form-urlencoded"] {
            let _ = redactor.body(Some(content_type), &bytes, 80, &mut secrets);
        }
        secrets.add(&text);
        let _ = secrets.scrub(&text);
    }

    #[test]
    fn nothing_panics_on_what_secrets_look_like(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "password", "=", ":", "\"", "'", "\\", " ", "Bearer", "token", "://", "@", "{", "}", "[", "]", ",", "é", "x1", "(", ")", ")=(", "-----BEGIN ", "PRIVATE KEY-----", "eyJ", ".", "Some(", "\n", "::", "=>", "%3D",
        ]), 0..25),
    ) {
        let text = pieces.concat();
        let redactor = redactor();
        let _ = redactor.text(&text);
        let (once, _) = redactor.json(&text, &mut Secrets::default());
        let _ = redactor.json(&once, &mut Secrets::default());
        let _ = redactor.header("referer", &text, &mut Secrets::default());
    }

    #[test]
    fn a_secret_never_survives_json(secret in "\\PC{6,30}", depth in 0_usize..6, cut in 0_usize..200) {
        let secret = format!("zq{secret}");
        let mut document = serde_json::json!({ "a": 1, "user_password": secret, "z": [1, "x"] });
        for level in 0..depth {
            document = if level % 2 == 0 { serde_json::json!([0, document]) } else { serde_json::json!({ "in": document }) };
        }
        let text = document.to_string();
        let end = text.floor_char_boundary(cut.min(text.len()));
        let (safe, _) = redactor().json(&text[..end], &mut Secrets::default());
        prop_assert!(!safe.contains("zq"), "{}", safe);
        let (safe, _) = redactor().json(&text, &mut Secrets::default());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&safe).is_ok(), "{}", safe);
        prop_assert!(!safe.contains("zq"));
    }

    #[test]
    fn a_secret_never_survives_a_form(secret in "\\PC{6,30}", before in "[a-p]{1,8}") {
        let secret = format!("zq{secret}");
        let text: String = form_urlencoded::Serializer::new(String::new())
            .append_pair(&before, "1").append_pair("apiKey", &secret).append_pair("b", "2").finish();
        let mut secrets = Secrets::default();
        let safe = redactor().query_string(&text, &mut secrets);
        prop_assert!(!safe.contains("zq"), "{}", safe);
        prop_assert!(safe.ends_with("&b=2"));
        let echoed = format!("echo: {text}");
        let scrubbed = secrets.scrub(&echoed);
        prop_assert!(secrets.is_empty() || !scrubbed.contains("zq"), "{}", scrubbed);
    }

    #[test]
    fn what_was_added_is_scrubbed_in_every_form(secret in "[a-zA-Z0-9 +/=\"'\\\\é]{12,40}") {
        let secret = format!("zq{secret}9");
        let mut secrets = Secrets::default();
        secrets.add(&secret);
        let json = serde_json::to_string(&secret).unwrap();
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let text = format!("a {secret} b {json} c {form} d {} e {secret:?}", secret.replace('\'', "''"));
        let scrubbed = secrets.scrub(&text);
        prop_assert!(!scrubbed.contains("zq"), "{}", scrubbed);
    }
}
