//! Return addresses turned into function, file and line.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use silk_core::CallSite;

use super::{origin, symbols, workspace};
use crate::record::{
    CallStack,
    call_stack::RESOLVING,
    known_frames::{Frame, KNOWN},
};

/// Turns return addresses into call sites; lives on the writer's thread.
///
/// Each address is resolved once in a process and remembered (a few hundred bytes per address of a
/// query in the program's code, so bounded by the program).
#[derive(Debug)]
pub struct CallSiteResolver {
    /// Given by the app.
    source_root: Option<PathBuf>,
    /// Where the current folder lies.
    current: Option<PathBuf>,
    resolved: Mutex<HashMap<usize, Option<Arc<CallSite>>, foldhash::fast::FixedState>>,
}

impl Default for CallSiteResolver {
    fn default() -> Self {
        Self::new(None)
    }
}

impl CallSiteResolver {
    /// A resolver that names files relative to `source_root` where they lie below it, else to the
    /// workspace that the app was [built in](workspace::built_in), else to the one that the current
    /// folder lies in.
    #[must_use]
    pub fn new(source_root: Option<PathBuf>) -> Self {
        Self {
            // Debug information names files by their real path.
            source_root: source_root.map(|root| root.canonicalize().unwrap_or(root)),
            current: origin::workspace_of_current_folder(),
            resolved: Mutex::default(),
        }
    }

    /// A file as call sites name it.
    pub(crate) fn name_of(&self, file: &Path) -> String {
        let built_in = workspace::built_in().or(self.current.as_deref());
        let roots: Vec<&Path> = [self.source_root.as_deref(), built_in]
            .into_iter()
            .flatten()
            .collect();
        origin::relative(file, &roots)
    }

    /// The innermost place in the app's own code; none if the program has no debug information
    /// (`debug = "line-tables-only"` is enough) or no frame is the app's.
    ///
    /// The first call in a process takes 100–200 ms, and must not be made on the app's threads.
    #[must_use]
    pub fn resolve(&self, stack: &CallStack) -> Option<Arc<CallSite>> {
        let mut resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        stack.addresses().iter().find_map(|&address| {
            resolved
                .entry(address)
                .or_insert_with(|| self.look_up(address).map(Arc::new))
                .clone()
        })
    }

    fn look_up(&self, address: usize) -> Option<CallSite> {
        let mut site: Option<CallSite> = None;
        // Known before anything is resolved: it resolves as well, and does so under a lock.
        let _is_known = workspace::built_in();
        RESOLVING.store(true, Ordering::Relaxed);
        // An address is that of the instruction after the call, which may belong to the next line;
        // `resolve` takes one off, as it should.
        backtrace::resolve(address as *mut std::ffi::c_void, |symbol| {
            // Several symbols share an address where functions were inlined; innermost first.
            let function = symbol
                .name()
                .map(|name| format!("{name:#}"))
                .unwrap_or_default();
            let Some(file) = symbol.filename() else {
                // Built without lines: its name is all there is.
                if site.is_none() && origin::is_programs_own(&function) {
                    site = Some(CallSite {
                        function: origin::clean_function(&function),
                        file: String::new(),
                        line: 0,
                    });
                }
                return;
            };
            if !origin::is_app(&function, &file.to_string_lossy()) {
                return;
            }
            let function = origin::clean_function(&function);
            match &mut site {
                None => {
                    site = Some(CallSite {
                        function,
                        file: self.name_of(file),
                        line: symbol.lineno().unwrap_or(0),
                    });
                }
                // Line tables alone name functions without their path; the one around may have it.
                Some(site) if !site.function.contains("::") && function.contains("::") => {
                    site.function = function;
                }
                Some(_) => {}
            }
        });
        RESOLVING.store(false, Ordering::Relaxed);
        if let Some(site) = &mut site
            && !site.function.contains("::")
            && let Some(function) = symbols::function_at(address)
        {
            site.function = origin::clean_function(&function);
        }
        KNOWN.insert(
            address,
            if site.is_some() {
                Frame::App
            } else {
                Frame::Library
            },
        );
        site
    }
}
