//! The token beside the store's file: `silk.db-token`, named like SQLite's own companions.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// What a kept token looks like: 32 hex digits and the end of a line.
const BYTES: u64 = 33;

/// Why there is none.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing can be read or written there.
    Io,
    /// Somebody else may know what is in this file, or it is no token of ours: because of this.
    Untrusted(PathBuf, &'static str),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// Reads the token beside `store`, or leaves a fresh one there.
///
/// # Errors
/// What is there is not ours alone, or nothing can be written.
pub(super) fn beside(store: &Path) -> Result<String, Trouble> {
    let path = path_beside(store);
    // Two that start at once: the second meets the file of the first, maybe before its content.
    for _ in 0..20 {
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Ok(mut file) => {
                let token = super::fresh();
                writeln!(file, "{token}")?;
                return Ok(token);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        match read(&path)? {
            Content::Token(token) => return Ok(token),
            Content::Empty => thread::sleep(Duration::from_millis(5)),
            Content::Untrusted(why) => return Err(Trouble::Untrusted(path, why)),
        }
    }
    Err(Trouble::Untrusted(path, "is empty"))
}

fn path_beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push("-token");
    path.into()
}

enum Content {
    Token(String),
    /// Nothing yet.
    Empty,
    /// See [`Trouble::Untrusted`].
    Untrusted(&'static str),
}

fn read(path: &Path) -> io::Result<Content> {
    // Looked at before it is opened (a pipe would wait for its writer) and after (it may have been
    // exchanged meanwhile).
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(Content::Untrusted("is not a plain file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.ino() != fs::symlink_metadata(path)?.ino() {
        return Ok(Content::Untrusted("is not a plain file"));
    }
    if metadata.uid() != own_user()? {
        return Ok(Content::Untrusted("belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Ok(Content::Untrusted("can be read or written by other users"));
    }
    let mut bytes = Vec::new();
    file.take(BYTES + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let token = text.trim_end();
    Ok(
        if token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Content::Token(token.to_owned())
        } else if text.is_empty() {
            Content::Empty
        } else {
            Content::Untrusted("holds no token of ours")
        },
    )
}

/// The user that this process acts as: a pipe belongs to the user who makes it.
fn own_user() -> io::Result<u32> {
    let (reader, _writer) = io::pipe()?;
    Ok(File::from(OwnedFd::from(reader)).metadata()?.uid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("silk.db");
        (folder, store)
    }

    fn why_not(store: &Path) -> &'static str {
        match beside(store) {
            Err(Trouble::Untrusted(_, why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_token_stays_and_is_for_its_owner_only() {
        let (folder, store) = folder();
        let first = beside(&store).unwrap();
        assert_eq!(beside(&store).unwrap(), first);
        let file = folder.path().join("silk.db-token");
        let mode = file.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600, "{mode:o}");
        fs::remove_file(file).unwrap();
        assert_ne!(beside(&store).unwrap(), first);
        let other = folder.path().join("other.db");
        assert_ne!(beside(&other).unwrap(), beside(&store).unwrap());
    }

    #[test]
    fn all_that_start_at_once_have_the_same() {
        let (_folder, store) = folder();
        let tokens: Vec<String> = thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| beside(&store).unwrap()))
                .collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    }

    #[test]
    fn what_others_may_have_put_there_is_not_taken() {
        const TOKEN: &str = "0123456789abcdef0123456789abcdef\n";
        let (folder, store) = folder();
        let path = path_beside(&store);
        let rights = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        fs::write(&path, TOKEN).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o666] {
            rights(mode);
            let trouble = why_not(&store);
            assert!(trouble.contains("other users"), "{mode:o}: {trouble}");
        }
        rights(0o600);
        assert_eq!(beside(&store).unwrap(), TOKEN.trim());
        for content in [
            &b"secret\n"[..],
            b"zz",
            b"\xff\xfe",
            b"0123456789abcdef0123456789abcdef0",
            b"\n",
        ] {
            fs::write(&path, content).unwrap();
            let trouble = why_not(&store);
            assert!(trouble.contains("no token"), "{content:?}: {trouble}");
        }
        fs::write(&path, "").unwrap();
        assert!(why_not(&store).contains("is empty"));
        fs::remove_file(&path).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, TOKEN).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(why_not(&store).contains("plain file"));
        fs::remove_file(&path).unwrap();
        // A link to nowhere is not followed to make a file there either.
        symlink(folder.path().join("nowhere"), &path).unwrap();
        assert!(beside(&store).is_err());
        assert!(!folder.path().join("nowhere").exists());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(why_not(&store).contains("plain file"));
    }

    #[test]
    fn the_owner_of_a_pipe_is_the_owner_of_our_files() {
        let (folder, _) = folder();
        let file = folder.path().join("mine");
        fs::write(&file, "").unwrap();
        assert_eq!(file.metadata().unwrap().uid(), own_user().unwrap());
    }

    #[test]
    fn no_folder_no_panic() {
        assert!(beside(Path::new("/proc/nowhere/silk.db")).is_err());
    }
}
