//! Return addresses between a query and the app's code, collected on the app's thread.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    known_frames::{Frame, KNOWN},
    repeated_walk::{Start, Walk, repeated},
};

/// Unknown addresses kept per stack.
const MAX_ADDRESSES: usize = 48;
/// Frames walked at most: beyond lie executor and runtime.
const MAX_FRAMES: usize = 64;
/// The same from within a driver that tells of its query: its own frames come first.
const MAX_ADDRESSES_FAR: usize = 112;
const MAX_FRAMES_FAR: usize = 128;

/// Set while a resolver reads symbols: where walking and resolving share a lock, nobody walks then.
pub(crate) static RESOLVING: AtomicBool = AtomicBool::new(false);

/// The return addresses between a query and the app's code that ran it; not resolved yet.
#[derive(Clone)]
pub struct CallStack(Frames);

#[derive(Clone)]
enum Frames {
    /// Known: this address is the app's.
    App(usize),
    /// Not known yet. Rare, so that it may take an allocation more and the other case less room.
    Unknown(Box<Unknown>),
}

/// Addresses, innermost first.
#[derive(Clone)]
struct Unknown(Box<[usize]>);

impl CallStack {
    /// Walks the stack of this thread up to the first frame known to be the app's.
    ///
    /// Where the same frames were walked before, that is seen by their return addresses alone. Else
    /// about 1 µs plus 0.3 µs per frame in between once the frames are known; 5–10 µs before.
    /// None where nothing useful was found.
    #[must_use]
    pub fn capture() -> Option<Self> {
        Self::walked::<MAX_ADDRESSES>(MAX_FRAMES)
    }

    /// The same from within an event of a driver, which lies further from the app's code.
    #[must_use]
    pub fn capture_far() -> Option<Self> {
        Self::walked::<MAX_ADDRESSES_FAR>(MAX_FRAMES_FAR)
    }

    // A frame of its own, by which walks are known again.
    #[inline(never)]
    fn walked<const MAX_ADDRESSES: usize>(most: usize) -> Option<Self> {
        // Only where symbols and stacks share a lock would a walk wait for the resolver.
        if !cfg!(unix) && RESOLVING.load(Ordering::Relaxed) {
            return None;
        }
        let here = 0_u8;
        let start = Start {
            place: std::ptr::from_ref(std::hint::black_box(&here)).expose_provenance(),
            function: MAX_ADDRESSES,
        };
        if let Some(address) = repeated(start) {
            return Some(Self(Frames::App(address)));
        }
        Self::walked_anew::<MAX_ADDRESSES>(start, most)
    }

    #[cold]
    fn walked_anew<const MAX_ADDRESSES: usize>(start: Start, most: usize) -> Option<Self> {
        let mut unknown = [0_usize; MAX_ADDRESSES];
        let mut kept = 0;
        let mut walked = 0;
        let mut found = None;
        let mut way = Walk::from(start);
        walk(|address, stack_pointer| {
            walked += 1;
            way.note(address, stack_pointer);
            match KNOWN.get(address) {
                Some(Frame::App) => {
                    if kept == 0 {
                        found = Some(address);
                    } else {
                        // An unknown frame below may be the app's as well; let the resolver say.
                        unknown[kept.min(MAX_ADDRESSES - 1)] = address;
                        kept = (kept + 1).min(MAX_ADDRESSES);
                    }
                    return false;
                }
                Some(Frame::Library) => {}
                None => {
                    unknown[kept] = address;
                    kept += 1;
                }
            }
            kept < MAX_ADDRESSES && walked < most
        });
        match (found, kept) {
            (Some(address), _) => {
                way.remember(address);
                Some(Self(Frames::App(address)))
            }
            (None, 0) => None,
            (None, _) => Some(Self(Frames::Unknown(Box::new(Unknown(
                unknown[..kept].into(),
            ))))),
        }
    }

    /// The addresses to look at, innermost first.
    pub(crate) fn addresses(&self) -> &[usize] {
        match &self.0 {
            Frames::App(address) => std::slice::from_ref(address),
            Frames::Unknown(unknown) => &unknown.0,
        }
    }

    /// Bytes of memory held beyond the value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Frames::App(_) => 0,
            Frames::Unknown(unknown) => size_of::<Unknown>() + size_of_val::<[usize]>(&unknown.0),
        }
    }
}

impl fmt::Debug for CallStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStack")
            .field("frames", &self.addresses().len())
            .finish()
    }
}

/// Gives each return address to `visit`, with the stack pointer there, innermost first, until it
/// says `false`.
fn walk(mut visit: impl FnMut(usize, usize) -> bool) {
    let mut on_frame = |frame: &backtrace::Frame| {
        let address = frame.ip() as usize;
        address != 0 && visit(address, frame.sp() as usize)
    };
    #[cfg(unix)]
    {
        // SAFETY: "unsynchronized" concerns platforms whose stack walker is one shared, stateful
        // library (dbghelp on Windows). On Unix it is `_Unwind_Backtrace`, which keeps its state on
        // the stack of the calling thread and may run in any number of threads, beside symbol
        // resolution too. The synchronized variant would make the app's threads wait for up to
        // 200 ms while the writer resolves its first symbols. The closure neither unwinds (it only
        // reads atomics and writes to arrays within bounds) nor calls into `backtrace` again.
        #[expect(
            unsafe_code,
            reason = "the synchronized walk would block on the resolver's lock"
        )]
        unsafe {
            backtrace::trace_unsynchronized(&mut on_frame);
        }
    }
    #[cfg(not(unix))]
    backtrace::trace(&mut on_frame);
}
