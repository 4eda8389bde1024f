//! Files that a test leaves: written in a folder's own temporary file and renamed, so that nobody
//! reads half of one.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use silk_core::{
    RequestRecord,
    recording::{Recording, TestName},
};

/// Leaves a recording where `SILK_RECORD` says, if it does.
///
/// # Errors
/// Where the folder cannot be made, or the file cannot be written.
pub(super) fn recording(name: &TestName, record: &RequestRecord) -> io::Result<Option<PathBuf>> {
    let Some(folder) = env::var_os("SILK_RECORD").filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let folder = super::name::package_folder().join(folder);
    fs::create_dir_all(&folder)?;
    let recording = Recording::of_record(name.clone(), record);
    let file = folder.join(recording.file_name());
    replace(&file, &recording.to_json())?;
    Ok(Some(file))
}

/// Replaces a file in one step.
///
/// # Errors
/// As the file system says.
pub(super) fn replace(file: &Path, text: &str) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{number}.tmp", std::process::id()));
    let temporary = file.with_file_name(name);
    let written = fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&temporary, file));
    if written.is_err() {
        let _removed = fs::remove_file(&temporary);
    }
    written
}
