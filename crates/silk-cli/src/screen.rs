//! Where output goes: data to standard output, everything said about it to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::trouble::{Result, Trouble};

/// Headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// What is beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What is worth a look.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// What improved.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();

/// Where output goes, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// The API's own JSON in place of tables.
    pub(crate) is_json: bool,
    /// Columns of the terminal; none if output goes elsewhere, and then nothing is cut.
    pub(crate) width: Option<usize>,
}

impl Screen {
    pub(crate) fn of_terminal(is_json: bool) -> Self {
        let width = io::stdout()
            .is_terminal()
            .then(|| terminal_size::terminal_size_of(io::stdout()))
            .flatten()
            .map(|(width, _)| usize::from(width.0));
        Self { is_json, width }
    }

    /// Prints text with styles, which are left out where they are not understood.
    pub(crate) fn text(&self, text: &str) -> Result<()> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Prints bytes as they are, with the end of a line.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        if !bytes.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Says something about the data.
    pub(crate) fn note(&self, text: &str) {
        // Where even this cannot be said there is nobody to say it to.
        let _ = writeln!(anstream::stderr(), "{text}");
    }
}

/// Says what went wrong, and what helps.
pub(crate) fn complain(trouble: &Trouble) {
    let mut out = anstream::stderr().lock();
    let _ = writeln!(out, "{BAD}error{BAD:#}: {}", trouble.message);
    if let Some(hint) = &trouble.hint {
        let _ = writeln!(out, "{STRONG}hint{STRONG:#}: {hint}");
    }
}
