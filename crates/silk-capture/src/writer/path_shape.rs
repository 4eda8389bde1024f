//! The name under which a path without a template is summed: its parts that look like ids give way
//! to `{id}`, so that not each id becomes a route of its own.

use std::borrow::Cow;

/// Stands for what names one of many things.
pub(super) const ID: &str = "{id}";
/// From this length on a part with [`MANY_DIGITS`] is no word.
const LONG: usize = 16;
const MANY_DIGITS: usize = 4;
/// The shortest hex number that is an id (with a digit in it).
const MIN_HEX: usize = 8;
/// The longest ending of a file's name.
const MAX_ENDING: usize = 5;

/// `/users/17/orders/2024-11-29.pdf` is `/users/{id}/orders/{id}.pdf`.
pub(super) fn shape(path: &str) -> Cow<'_, str> {
    if !path
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte == b'@')
    {
        return Cow::Borrowed(path);
    }
    let parts: Vec<Cow<'_, str>> = path.split('/').map(part_shape).collect();
    Cow::Owned(parts.join("/"))
}

fn part_shape(part: &str) -> Cow<'_, str> {
    if is_id(part) {
        return Cow::Borrowed(ID);
    }
    if let Some((stem, ending)) = part.rsplit_once('.')
        && is_ending(ending)
        && is_id(stem)
    {
        return Cow::Owned(format!("{ID}.{ending}"));
    }
    // A word and a number: `order-42`.
    if let Some(at) = part.rfind(['-', '_', ':', '~'])
        && let (word, Some(number)) = (part.get(..=at).unwrap_or_default(), part.get(at + 1..))
        && at > 0
        && is_number(number)
    {
        return Cow::Owned(format!("{word}{ID}"));
    }
    Cow::Borrowed(part)
}

fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_address = part.find('@').is_some_and(|at| at > 0);
    if digits == 0 {
        return is_address;
    }
    let all = |is_fit: fn(u8) -> bool| part.bytes().all(is_fit);
    // Numbers, dates, coordinates.
    all(|byte| byte.is_ascii_digit() || b"-_.:,~+".contains(&byte))
        || is_address
        || (part.len() >= MIN_HEX && all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
        || (part.len() >= LONG && digits >= MANY_DIGITS)
        || is_mixed(part)
}

/// Such as `dQw4w9WgXcQ`: small and capital letters and digits, and nothing that parts words.
fn is_mixed(part: &str) -> bool {
    part.len() > MIN_HEX
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && part.bytes().any(|byte| byte.is_ascii_lowercase())
        && part.bytes().skip(1).filter(u8::is_ascii_uppercase).count() > 1
        && part.bytes().filter(u8::is_ascii_digit).count() > 1
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_ending(text: &str) -> bool {
    (1..=MAX_ENDING).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn ids_give_way() {
        for (path, expected) in [
            ("/users/17", "/users/{id}"),
            ("/users/17/", "/users/{id}/"),
            ("/users/17/orders/4711", "/users/{id}/orders/{id}"),
            ("/a/0190a3c4-7e1f-7c3a-9b1e-2f6d8a4b5c6d", "/a/{id}"),
            ("/a/507f1f77bcf86cd799439011", "/a/{id}"),
            ("/a/3f9a2b1c", "/a/{id}"),
            ("/a/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/a/{id}"),
            ("/a/dQw4w9WgXcQ", "/a/{id}"),
            ("/a/cus_9s6XKzkNRiz8i3", "/a/{id}"),
            ("/days/2026-11-29", "/days/{id}"),
            ("/tiles/12/654/1583.png", "/tiles/{id}/{id}/{id}.png"),
            ("/report/2024.pdf", "/report/{id}.pdf"),
            ("/orders/order-42", "/orders/order-{id}"),
            ("/u/anna@example.org", "/u/{id}"),
            ("/posts/how-to-sort-by-2-keys-in-2024-11", "/posts/{id}"),
        ] {
            assert_eq!(shape(path), expected, "{path}");
        }
    }

    #[test]
    fn words_stay() {
        for path in [
            "/",
            "",
            "/api/v1/users",
            "/api/v2beta1/things",
            "/oauth2/callback",
            "/s3/buckets",
            "/i18n/de",
            "/base64",
            "/@anna",
            "/wp-login.php",
            "/favicon.ico",
            "/static/app.js",
            "/api/getUserByEmail2",
            "/deadbeef",
            "/[redacted]/x",
            "/grpc.health.v1.Health/Check",
        ] {
            assert_eq!(shape(path), path, "{path}");
        }
    }
}
