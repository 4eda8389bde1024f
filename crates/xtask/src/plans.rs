//! The corpus of query plans: packed for the repository, unpacked for tools that want files.

use std::path::PathBuf;

use crate::{Result, say};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// Put loose plans (`tests/plans/SOURCE/NAME`) into the file of their source.
    Pack,
    /// Write each plan as a file of its own, for fuzzers and for comparing by eye.
    Unpack {
        /// Where to: `FOLDER/SOURCE/NAME`.
        folder: PathBuf,
    },
}

pub(crate) fn run(action: &Action) -> Result {
    match action {
        Action::Pack => {
            for plan in plan_corpus::pack()? {
                say(format_args!("packed {plan}"));
            }
        }
        Action::Unpack { folder } => {
            let count = plan_corpus::unpack(folder)?;
            say(format_args!("{count} plans are in {}", folder.display()));
        }
    }
    Ok(())
}
