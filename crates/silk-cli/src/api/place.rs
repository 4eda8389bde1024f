//! Which app or file is meant, and the token that opens it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use http::Uri;

use crate::trouble::{Result, Trouble};

/// Which app or file is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A running app.
    App {
        /// Address of its dashboard, without the token.
        url: String,
        token: Option<String>,
    },
    /// A store's file.
    Store(PathBuf),
}

impl Place {
    /// Finds out what is meant by the options, else by the environment (`variable` reads it).
    ///
    /// # Errors
    /// Neither an app nor a file is named.
    pub(crate) fn of(
        url: Option<&str>,
        token: Option<&str>,
        token_file: Option<&Path>,
        store: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let store_file = |path: &Path| Ok(Self::Store(path.to_owned()));
        let app = |url: &str| {
            let (url, in_link) = without_token(url);
            let token = match token.map(str::to_owned).or(in_link) {
                Some(token) => Some(token),
                None => token_from_file(&url, token_file)?,
            };
            Ok(Self::App { url, token })
        };
        match (url, store) {
            (Some(url), _) => return app(url),
            (None, Some(store)) => return store_file(store),
            (None, None) => {}
        }
        if let Some(url) = variable("SILK_URL") {
            return app(&url);
        }
        if let Some(store) = variable("SILK_STORE") {
            return store_file(Path::new(&store));
        }
        Err(Trouble::new("Say where the records are.").with_hint(
            "--url http://127.0.0.1:3000/silk for an app that runs, or --store silk.db for what \
             one recorded; SILK_URL or SILK_STORE in the environment do as well",
        ))
    }
}

/// The address without `?token=…`, and the token: people paste the link that the app printed.
fn without_token(url: &str) -> (String, Option<String>) {
    let Some((address, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let token = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "token")
        .map(|(_, value)| value.into_owned());
    (address.to_owned(), token)
}

/// The token in a file: the one that is named, else, for an app on this machine, the one that its
/// debug build keeps beside the store.
fn token_from_file(url: &str, named: Option<&Path>) -> Result<Option<String>> {
    if let Some(path) = named {
        let text = fs::read_to_string(path).map_err(|error| {
            Trouble::new(format!(
                "The token cannot be read from {}: {error}.",
                path.display()
            ))
        })?;
        return Ok(Some(text.trim().to_owned()));
    }
    // A token is not sent to another machine unless it was named.
    if !is_loopback(url) {
        return Ok(None);
    }
    let [one] = &token_files(&env::current_dir().unwrap_or_default())[..] else {
        return Ok(None);
    };
    Ok(fs::read_to_string(one)
        .ok()
        .map(|text| text.trim().to_owned()))
}

/// Tokens beside stores in a folder.
fn token_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.to_string_lossy();
            name.strip_suffix("-token")
                .is_some_and(|store| Path::new(store).is_file())
        })
        .collect()
}

fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_VARIABLE: fn(&str) -> Option<String> = |_| None;

    #[test]
    fn a_pasted_link_brings_its_token() {
        const LINK: &str = "http://127.0.0.1:3000/silk?token=a%2Bb";
        let (url, token) = (
            "http://127.0.0.1:3000/silk".to_owned(),
            Some("a+b".to_owned()),
        );
        let wanted = Ok(Place::App { url, token });
        assert_eq!(Place::of(Some(LINK), None, None, None, NO_VARIABLE), wanted);
        let variable = |name: &str| (name == "SILK_URL").then(|| LINK.to_owned());
        assert_eq!(Place::of(None, None, None, None, variable), wanted);
    }

    #[test]
    fn an_option_is_stronger_than_the_environment() {
        let variable = |_: &str| Some("http://127.0.0.1:3000/silk?token=a".to_owned());
        let store = Path::new("silk.db");
        let place = Place::of(None, None, None, Some(store), variable);
        assert_eq!(place, Ok(Place::Store(store.to_owned())));
    }

    #[test]
    fn a_token_on_disk_goes_to_this_machine_alone() {
        for url in [
            "http://127.0.0.1:3000/silk",
            "http://[::1]:3000",
            "http://localhost/silk",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://example.com/silk",
            "http://10.0.0.1:3000",
            "http://localhost.example",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn tokens_are_found_beside_stores() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("silk.db-token");
        fs::write(&token, "0123\n").unwrap();
        assert!(
            token_files(folder.path()).is_empty(),
            "no store is beside it"
        );
        fs::write(folder.path().join("silk.db"), "").unwrap();
        assert_eq!(token_files(folder.path()), std::slice::from_ref(&token));
        let named = Place::of(
            Some("http://example.com"),
            None,
            Some(&token),
            None,
            NO_VARIABLE,
        );
        assert!(matches!(named, Ok(Place::App { token: Some(token), .. }) if token == "0123"));
    }

    #[test]
    fn without_a_place_the_program_says_how_to_name_one() {
        let trouble = Place::of(None, None, None, None, NO_VARIABLE).unwrap_err();
        assert!(trouble.hint.unwrap().contains("--store"));
    }
}
