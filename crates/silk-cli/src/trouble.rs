//! What went wrong, in words for people, and the code that it ends with.

use std::{fmt, io};

/// What most functions here give.
pub(crate) type Result<T, E = Trouble> = std::result::Result<T, E>;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no: a check failed, or nothing came in time.
    No,
    /// 2: it could not be done.
    Failed,
}

impl Exit {
    /// The code that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Failed => 2,
        }
    }
}

/// Why something could not be done, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) exit: Exit,
    /// A word for programs, where the dashboard gave one.
    pub(crate) kind: Option<String>,
}

impl Trouble {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit: Exit::Failed,
            kind: None,
        }
    }

    /// The answer is no: exit code 1.
    pub(crate) fn no(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::No,
            ..Self::new(message)
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether nobody reads any more (`silk requests | head`), which is no trouble.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.kind.as_deref() == Some(BROKEN_PIPE)
    }
}

const BROKEN_PIPE: &str = "broken_pipe";

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// Of what is printed.
impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        let mut trouble = Self::new(format!("Could not print: {error}."));
        if error.kind() == io::ErrorKind::BrokenPipe {
            trouble.kind = Some(BROKEN_PIPE.to_owned());
        }
        trouble
    }
}
