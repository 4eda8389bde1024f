//! Style, script and icon: built in, named by their content, kept by browsers for long.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::error::Failure;

/// A file that is part of the program.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const STYLE: Asset = Asset {
    name: "style.css",
    content_type: "text/css; charset=utf-8",
    content: include_str!("../ui-templates/assets/style.css"),
};

/// Style of the pages about plans and databases, which others need not carry.
const PLAN_STYLE: Asset = Asset {
    name: "plan.css",
    content_type: "text/css; charset=utf-8",
    content: include_str!("../ui-templates/assets/plan.css"),
};

const SCRIPT: Asset = Asset {
    name: "app.js",
    content_type: "text/javascript; charset=utf-8",
    content: include_str!("../ui-templates/assets/app.js"),
};

const ICON: Asset = Asset {
    name: "icon.svg",
    content_type: "image/svg+xml",
    content: include_str!("../ui-templates/assets/icon.svg"),
};

/// FNV-1a, 64 bits: names a version of our own files, guards nothing.
const fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

const VERSION: u64 = hash(STYLE.content)
    ^ hash(SCRIPT.content).rotate_left(1)
    ^ hash(ICON.content).rotate_left(2)
    ^ hash(PLAN_STYLE.content).rotate_left(3);

/// Address of the folder of assets below the mount; it changes whenever one of them does.
pub(crate) fn folder(base: &str) -> String {
    format!("{base}/assets/{VERSION:016x}")
}

/// Whether an inner path is one of an asset: these hold no secrets, and the page that says that
/// the dashboard is closed needs them too.
pub(crate) fn is_asset(path: &str) -> bool {
    path.starts_with("/assets/")
}

/// Serves an asset.
///
/// # Errors
/// 404 for another version or name.
pub(crate) async fn serve(
    Path((version, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let asset = [STYLE, PLAN_STYLE, SCRIPT, ICON]
        .into_iter()
        .find(|asset| asset.name == name);
    match asset {
        Some(asset) if version == format!("{VERSION:016x}") => Ok((
            [
                (CONTENT_TYPE, asset.content_type),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.content,
        )
            .into_response()),
        _ => Err(Failure::not_found(
            "There is no such file; reload the page.",
        )),
    }
}
