//! Bodies, headers, addresses.

use silk_core::{Redactor, redact::Secrets};

use super::{SECRET, clean, report};

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
