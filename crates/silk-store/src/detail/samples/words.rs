//! What clients and servers say, for the samples.

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub(super) const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
pub(super) const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
pub(super) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

pub(super) const AGENTS: [&str; 12] = [
    FIREFOX,
    CHROME,
    SAFARI,
    PHONE,
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "curl/8.14.1",
    "python-requests/2.32.5",
    "Go-http-client/1.1",
    "k6/1.3.0 (https://k6.io/)",
    "kube-probe/1.33",
    "PostmanRuntime/7.46.0",
    "okhttp/5.1.0",
];

pub(super) const PAGES: [(&str, &str); 5] = [
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("upgrade-insecure-requests", "1"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
];
pub(super) const CALLS: [(&str, &str); 4] = [
    ("accept", "application/json, text/plain, */*"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("priority", "u=4"),
];
pub(super) const OFTEN: [(&str, &str); 12] = [
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("connection", "keep-alive"),
    ("sec-fetch-site", "same-origin"),
    ("dnt", "1"),
    ("cache-control", "no-cache"),
    ("pragma", "no-cache"),
    ("x-requested-with", "XMLHttpRequest"),
    (
        "sec-ch-ua",
        "\"Chromium\";v=\"141\", \"Not?A_Brand\";v=\"24\", \"Google Chrome\";v=\"141\"",
    ),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", "\"Windows\""),
];
pub(super) const SECRET: [(&str, &str); 5] = [
    ("cookie", "session=[redacted]; theme=[redacted]"),
    (
        "cookie",
        "id=[redacted]; csrftoken=[redacted]; _ga=[redacted]",
    ),
    ("authorization", "Bearer [redacted]"),
    ("x-api-key", "[redacted]"),
    ("x-csrf-token", "[redacted]"),
];
pub(super) const ANSWERS: [(&str, &str); 14] = [
    (
        "vary",
        "origin, access-control-request-method, access-control-request-headers",
    ),
    ("vary", "accept-encoding"),
    ("cache-control", "no-store"),
    ("cache-control", "private, max-age=0, must-revalidate"),
    ("cache-control", "public, max-age=31536000, immutable"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    (
        "strict-transport-security",
        "max-age=63072000; includeSubDomains",
    ),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data:; style-src 'self'",
    ),
    (
        "set-cookie",
        "session=[redacted]; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400",
    ),
    ("server", "axum"),
];
pub(super) const TYPES: [&str; 8] = [
    "application/json",
    "application/json",
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
    "application/problem+json",
    "text/css",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
];
pub(super) const KEYS: [&str; 24] = [
    "id",
    "name",
    "title",
    "status",
    "email",
    "created_at",
    "updated_at",
    "user_id",
    "items",
    "total",
    "page",
    "per_page",
    "type",
    "description",
    "price",
    "currency",
    "quantity",
    "data",
    "message",
    "error",
    "url",
    "count",
    "is_active",
    "address",
];
pub(super) const WORDS: [&str; 24] = [
    "Order",
    "shipped",
    "the",
    "customer",
    "of",
    "pending",
    "first",
    "active",
    "invoice",
    "and",
    "summer",
    "delivery",
    "support",
    "not found",
    "sent",
    "Berlin",
    "to",
    "admin",
    "draft",
    "EUR",
    "report",
    "with",
    "blue",
    "number",
];
pub(super) const VALUE_TYPES: [&str; 10] = [
    "INT8",
    "INT4",
    "TEXT",
    "VARCHAR",
    "TIMESTAMPTZ",
    "UUID",
    "BOOL",
    "INTEGER",
    "JSONB",
    "INT8[]",
];
