//! A file of findings that were there when tower-silk came.

use std::path::{Path, PathBuf};

use silk_core::finding::{Baseline, IgnoreList};

use super::SilkBuilder;
use crate::error::BuildError;

impl SilkBuilder {
    /// Accepts the findings that a file names: those of old code, on the day that tower-silk came. They
    /// are kept with the request and shown folded on its page; lists, sums and the verdict leave them
    /// out, so that only new ones speak. `silk findings --write-baseline FILE` writes the file from
    /// what was recorded so far. It is text, to be reviewed like code.
    ///
    /// An entry whose finding is gone is told once in the app's log (target `silk`), after 200
    /// requests of its route without it.
    ///
    /// ```no_run
    /// # use tower_silk::Silk;
    /// let silk = Silk::builder().in_memory().baseline("silk-findings.toml");
    /// ```
    ///
    /// A file that is not there, is not of the form, or names no rule about requests is an error of
    /// [`build`](Self::build). A relative path is one of the folder that the app is started in.
    pub fn baseline(mut self, path: impl AsRef<Path>) -> Self {
        self.baselines.push(path.as_ref().to_owned());
        self
    }
}

/// Adds what the files name to what is accepted.
pub(super) fn read(paths: &[PathBuf], accepted: &mut IgnoreList) -> Result<(), BuildError> {
    for path in paths {
        let wrong = |problem: String| BuildError::Baseline {
            path: path.clone(),
            problem,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let baseline = Baseline::parse(&text).map_err(|error| wrong(error.to_string()))?;
        accepted.add_baseline(baseline);
        if let Some(rule) = accepted.unknown_rule() {
            return Err(wrong(format!("no rule about requests is called {rule}")));
        }
    }
    Ok(())
}
