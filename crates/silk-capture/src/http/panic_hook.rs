//! What a panic said, and where it was.
//!
//! A payload tells the message alone; file and line are known to the panic hook only. So the first
//! recorder of a process puts a hook before the one that it finds, which takes a note and hands on
//! to it: what that one prints, it prints as before. A hook that is set later and does not hand on
//! costs the line, not the message.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, PanicHookInfo},
    sync::Once,
};

use crate::record::panic_note::PanicNote;

/// Bytes kept of a message.
const MAX_MESSAGE_BYTES: usize = 2_000;

thread_local! {
    /// How many requests are being polled on this thread, within each other.
    static WATCHED: Cell<u32> = const { Cell::new(0) };
    static SEEN: RefCell<Option<PanicNote>> = const { RefCell::new(None) };
}

/// What the payload of a panic tells: its message alone.
pub(super) fn note_of_payload(payload: &(dyn Any + Send)) -> PanicNote {
    PanicNote {
        message: message(payload),
        place: None,
    }
}

/// Puts our hook before the present one, once in a process.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    // Setting a hook panics on a thread that panics.
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            note(info);
            before(info);
        }));
    });
}

/// Neither waits nor panics: the thread that panics may hold any lock.
fn note(info: &PanicHookInfo<'_>) {
    let is_watched = WATCHED.try_with(Cell::get).is_ok_and(|depth| depth > 0);
    if !is_watched {
        return;
    }
    let note = PanicNote {
        message: message(info.payload()),
        place: info
            .location()
            .map(|location| (location.file().to_owned(), location.line())),
    };
    // A panic before it may have been caught: the last one counts.
    let _gone = SEEN.try_with(|seen| {
        if let Ok(mut seen) = seen.try_borrow_mut() {
            *seen = Some(note);
        }
    });
}

fn message(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))?;
    let end = text.floor_char_boundary(MAX_MESSAGE_BYTES);
    Some(text.get(..end)?.to_owned())
}

/// Takes notes of panics on this thread while it lives.
pub(super) struct Watching;

impl Watching {
    pub(super) fn start() -> Self {
        let _gone = WATCHED.try_with(|depth| depth.set(depth.get().saturating_add(1)));
        Self
    }

    /// What was noted since.
    pub(super) fn take(&self) -> Option<PanicNote> {
        SEEN.try_with(|seen| seen.try_borrow_mut().ok().and_then(|mut seen| seen.take()))
            .ok()
            .flatten()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _gone = WATCHED.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}
