//! Walks of a thread's stack that came to the app's code before: a query in a loop is asked for from
//! the very same frames again and again, and that is seen without unwinding them anew.
//!
//! A walk is remembered by where on the stack it began, with the place and the value of each return
//! address up to the app's. Where all of them still stand in their places, it is the same walk.

use std::cell::RefCell;

/// Return addresses of a walk that is remembered.
const MAX_SLOTS: usize = 24;
/// Walks that a thread remembers, in sets of which a walk can be in one.
const SETS: usize = 16;
/// Walks of a set.
const WAYS: usize = 4;
const WORD: usize = size_of::<usize>();

/// Where a walk begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// The address of a variable in the frame of the function that walks.
    pub(super) place: usize,
    /// Which function that is.
    pub(super) function: usize,
}

/// A walk under way.
pub(super) struct Walk {
    start: Start,
    slots: [Slot; MAX_SLOTS],
    count: usize,
    /// Whether it can be repeated at all.
    is_plain: bool,
}

/// A return address, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot {
    place: usize,
    value: usize,
}

/// A walk that came to the app's code.
struct Known {
    start: Start,
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Memory {
    sets: [[Option<Known>; WAYS]; SETS],
    /// Which way of each set is given up next.
    next: [u8; SETS],
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Where the walk from here came to last time, if nothing has changed since: the app's return
/// address.
pub(super) fn repeated(start: Start) -> Option<usize> {
    MEMORY
        .try_with(|memory| {
            let memory = memory.try_borrow().ok()?;
            let set = memory.sets.get(set_of(start))?;
            set.iter()
                .flatten()
                .filter(|known| known.start == start)
                .find(|known| known.slots.iter().all(stands_still))
                .and_then(|known| known.slots.last())
                .map(|slot| slot.value)
        })
        .ok()
        .flatten()
}

impl Walk {
    pub(super) const fn from(start: Start) -> Self {
        Self {
            start,
            slots: [Slot { place: 0, value: 0 }; MAX_SLOTS],
            count: 0,
            is_plain: cfg!(all(unix, target_arch = "x86_64")),
        }
    }

    /// Notes a frame: its return address, and the stack pointer that it was called with.
    pub(super) fn note(&mut self, value: usize, stack_pointer: usize) {
        let place = stack_pointer.wrapping_sub(WORD);
        if !self.is_plain || place <= self.start.place {
            // Of the functions that walk: they are called anew.
            return;
        }
        let slot = Slot { place, value };
        let is_next = self
            .count
            .checked_sub(1)
            .and_then(|last| self.slots.get(last))
            .is_none_or(|last| last.place < place);
        // The frame is there: its walker has just been in it.
        self.is_plain = is_next && place.is_multiple_of(WORD) && stands_still(&slot);
        match self.slots.get_mut(self.count) {
            Some(next) if self.is_plain => {
                *next = slot;
                self.count += 1;
            }
            _ => self.is_plain = false,
        }
    }

    /// Remembers it: it came to the app's code, by `value`.
    pub(super) fn remember(&self, value: usize) {
        let slots = self.slots.get(..self.count).unwrap_or_default();
        if !self.is_plain || slots.last().is_none_or(|last| last.value != value) {
            return;
        }
        let _gone = MEMORY.try_with(|memory| {
            let Ok(mut memory) = memory.try_borrow_mut() else {
                return;
            };
            let Memory { sets, next } = &mut *memory;
            let at = set_of(self.start);
            if let (Some(set), Some(next)) = (sets.get_mut(at), next.get_mut(at)) {
                if let Some(way) = set.get_mut(usize::from(*next) % WAYS) {
                    *way = Some(Known {
                        start: self.start,
                        slots: slots.into(),
                    });
                }
                *next = next.wrapping_add(1);
            }
        });
    }
}

/// The set of walks that begin there.
const fn set_of(start: Start) -> usize {
    // Stack pointers are multiples of 16; deeper calls differ by hundreds.
    let place = start.place;
    (place >> 4 ^ place >> 8 ^ place >> 12) % SETS
}

/// Whether a return address stands where it stood.
#[cfg(all(unix, target_arch = "x86_64"))]
#[expect(
    unsafe_code,
    reason = "no safe code reads the return addresses of its own stack"
)]
fn stands_still(slot: &Slot) -> bool {
    let place = std::ptr::with_exposed_provenance::<usize>(slot.place);
    // SAFETY: the word is aligned (`note` takes no other) and lies on this thread's stack, in a frame
    // that is live now. While a walk is under way the unwinder has just been in that frame. A walk
    // that is repeated began in the same function (`Start::function`) with its frame in the same
    // place, so the first slot is where that function's own return address stands. Slots are read in
    // order, and only while all before were equal. An equal return address stands for a frame of the
    // function that it returns to; where that frame ends, with the next return address, is fixed by
    // the code. (Where it aligns its frame by itself, it may end up to 64 bytes before; there lie its
    // callers' frames.) So no word is read that is not of a live frame. What is read may be anything,
    // therefore as a volatile number; a word that is equal by chance would name a wrong line, no more.
    let value = unsafe { place.read_volatile() };
    value == slot.value
}

/// Elsewhere return addresses stand in registers or at places that differ.
#[cfg(not(all(unix, target_arch = "x86_64")))]
const fn stands_still(_: &Slot) -> bool {
    false
}

#[cfg(all(test, unix, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Frames up to the one that plays the app's.
    const FRAMES: usize = 2;

    /// What was known of a walk from here, and what it comes to.
    #[inline(never)]
    fn walked() -> (Option<usize>, usize) {
        let here = 0_u8;
        let start = Start {
            place: std::ptr::from_ref(black_box(&here)).expose_provenance(),
            function: 1,
        };
        let known = repeated(start);
        let mut walk = Walk::from(start);
        let mut seen = Vec::new();
        backtrace::trace(|frame| {
            walk.note(frame.ip() as usize, frame.sp() as usize);
            if frame.sp() as usize > start.place {
                seen.push(frame.ip() as usize);
            }
            seen.len() < FRAMES
        });
        let app = seen[FRAMES - 1];
        walk.remember(app);
        (known, app)
    }

    #[inline(never)]
    fn library() -> (Option<usize>, usize) {
        black_box(walked())
    }

    #[inline(never)]
    fn in_a_loop(times: usize) -> Vec<(Option<usize>, usize)> {
        (0..times).map(|_| black_box(library())).collect()
    }

    #[inline(never)]
    fn from_two_places() -> [(Option<usize>, usize); 4] {
        let mut all = [(None, 0); 4];
        for pair in all.chunks_mut(2) {
            pair[0] = black_box(library());
            pair[1] = black_box(library());
        }
        all
    }

    #[test]
    fn a_walk_from_the_same_frames_is_known_again() {
        let [first, rest @ ..] = &in_a_loop(5)[..] else {
            panic!("five walks")
        };
        assert_eq!(first.0, None);
        for (known, app) in rest {
            assert_eq!(*known, Some(*app));
            assert_eq!(*app, first.1);
        }
    }

    #[test]
    fn walks_that_differ_in_one_frame_are_kept_apart() {
        let [one, two, one_again, two_again] = from_two_places();
        assert_ne!(one.1, two.1);
        assert_eq!((one.0, two.0), (None, None));
        assert_eq!((one_again.0, two_again.0), (Some(one.1), Some(two.1)));
    }

    #[test]
    fn a_walk_that_never_came_to_the_app_is_not_remembered() {
        let mut walk = Walk::from(Start {
            place: 16,
            function: 2,
        });
        walk.remember(0);
        walk.note(7, 9);
        walk.remember(7);
        assert_eq!(repeated(walk.start), None);
    }
}
