//! Links that open a line of the app's source in the reader's editor.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use silk_core::CallSite;

/// What a path may not hold as it is where it stands in a link.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`');

/// The editor that links to lines of source open.
///
/// ```
/// use silk_ui::Editor;
///
/// // Where the browser runs on the machine that has the source:
/// let editor = Editor::vs_code();
/// // The app runs in a container, the source lies in another folder for who reads:
/// let editor = Editor::zed().source_at("/home/ada/shop");
/// let editor = Editor::custom("emacs://open?file={path}&line={line}")?;
/// # Ok::<(), silk_ui::InvalidEditor>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    template: String,
    folder: Option<PathBuf>,
}

/// A link that no editor can be opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a link to an editor starts with its own scheme and has {{path}} in it: \
     myeditor://open?file={{path}}&line={{line}}"
)]
pub struct InvalidEditor;

impl Editor {
    /// Visual Studio Code, and what is made of it with the same scheme.
    #[must_use]
    pub fn vs_code() -> Self {
        Self::of("vscode://file{path}:{line}")
    }

    /// Zed.
    #[must_use]
    pub fn zed() -> Self {
        Self::of("zed://file{path}:{line}")
    }

    /// `IntelliJ` IDEA.
    #[must_use]
    pub fn idea() -> Self {
        Self::of("idea://open?file={path}&line={line}")
    }

    /// Another editor: `{path}` stands for the absolute path, which starts with a slash, `{line}`
    /// for the line.
    ///
    /// # Errors
    /// A link without a scheme or without `{path}`, or of a scheme that browsers carry out
    /// themselves.
    pub fn custom(template: impl Into<String>) -> Result<Self, InvalidEditor> {
        const BROWSERS_OWN: [&str; 7] = [
            "about",
            "blob",
            "data",
            "http",
            "https",
            "javascript",
            "vbscript",
        ];
        let template = template.into();
        let (scheme, _) = template.split_once("://").ok_or(InvalidEditor)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let is_browsers = BROWSERS_OWN
            .iter()
            .any(|own| scheme.eq_ignore_ascii_case(own));
        if !is_scheme || is_browsers || !template.contains("{path}") {
            return Err(InvalidEditor);
        }
        Ok(Self::of(template))
    }

    /// Where the source lies on the machine of who reads. Default: where Silk reads it, which is
    /// right where both are the same machine.
    #[must_use]
    pub fn source_at(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    fn of(template: impl Into<String>) -> Self {
        Self {
            template: template.into(),
            folder: None,
        }
    }

    /// Links to files below the folder that was given, or else the one that is found.
    pub(crate) fn links(&self, found: Option<PathBuf>) -> EditorLinks {
        EditorLinks {
            template: self.template.clone(),
            folder: self.folder.clone().or(found),
        }
    }

    /// Whether where the source lies must be found first.
    pub(crate) const fn needs_folder(&self) -> bool {
        self.folder.is_none()
    }
}

/// Links into one folder.
#[derive(Debug, Clone)]
pub(crate) struct EditorLinks {
    template: String,
    folder: Option<PathBuf>,
}

impl EditorLinks {
    /// The link to a line; none if nothing says where its file lies.
    pub(crate) fn to(&self, site: &CallSite) -> Option<String> {
        if site.file.is_empty() || site.line == 0 {
            return None;
        }
        let file = Path::new(&*site.file);
        let path = match &self.folder {
            _ if file.is_absolute() => file.to_owned(),
            Some(folder) => folder.join(file),
            None => return None,
        };
        let path = path.to_str()?.replace('\\', "/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{}", utf8_percent_encode(&path, PATH));
        Some(
            self.template
                .replace("{path}", &path)
                .replace("{line}", &site.line.to_string()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(file: &str) -> CallSite {
        CallSite {
            function: "f".to_owned(),
            file: file.to_owned(),
            line: 88,
        }
    }

    #[test]
    fn a_line_is_opened_where_its_source_lies() {
        let found = || Some(PathBuf::from("/srv/my app"));
        let links = Editor::vs_code().links(found());
        assert_eq!(
            links.to(&site("src/a.rs")).unwrap(),
            "vscode://file/srv/my%20app/src/a.rs:88"
        );
        assert_eq!(
            links.to(&site("/abs/a.rs")).unwrap(),
            "vscode://file/abs/a.rs:88"
        );
        let links = Editor::idea().source_at("/home/ada/shop").links(found());
        assert_eq!(
            links.to(&site("src/a&b.rs")).unwrap(),
            "idea://open?file=/home/ada/shop/src/a%26b.rs&line=88"
        );
        let links = Editor::zed().links(None);
        assert_eq!(links.to(&site("src/a.rs")), None);
        assert_eq!(links.to(&site("")), None);
    }

    #[test]
    fn what_a_browser_would_carry_out_itself_is_no_editor() {
        for wrong in [
            "javascript://{path}",
            "JavaScript://%0aalert(1)//{path}",
            "data://{path}",
            "https://example.org/{path}",
            "{path}",
            "://{path}",
            "1x://{path}",
            "x y://{path}",
            "vim://open",
        ] {
            assert_eq!(Editor::custom(wrong), Err(InvalidEditor), "{wrong}");
        }
        assert!(Editor::custom("vim+tcp://{path}#{line}").is_ok());
    }
}
