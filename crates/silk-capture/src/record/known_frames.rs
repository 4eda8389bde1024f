//! What is known of return addresses, shared without locks between capture and resolver.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a return address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// sqlx, the executor, the standard library, ourselves …
    Library,
    /// The app.
    App,
}

/// Addresses that can be known: 64 KiB of memory. Beyond, walks are longer, nothing else.
const MAX_ADDRESSES: usize = 8192;
/// Slots looked at per address.
const MAX_PROBES: usize = 8;

/// An open-addressed table that is only ever added to.
///
/// A slot holds `address << 1 | is_app`; addresses of user space leave the top bit free.
pub(crate) struct KnownFrames {
    slots: [AtomicU64; MAX_ADDRESSES],
}

/// The frames of this process.
pub(crate) static KNOWN: KnownFrames = KnownFrames::new();

impl KnownFrames {
    const fn new() -> Self {
        Self {
            slots: [const { AtomicU64::new(0) }; MAX_ADDRESSES],
        }
    }

    /// What is known of `address`.
    pub(crate) fn get(&self, address: usize) -> Option<Frame> {
        let wanted = address as u64;
        for slot in self.slots_of(wanted) {
            match slot.load(Ordering::Relaxed) {
                0 => return None,
                held if held >> 1 == wanted => {
                    return Some(if held & 1 == 1 {
                        Frame::App
                    } else {
                        Frame::Library
                    });
                }
                _ => {}
            }
        }
        None
    }

    /// Remembers what `address` is, if there is room.
    pub(crate) fn insert(&self, address: usize, frame: Frame) {
        let address = address as u64;
        if address == 0 || address >> 63 != 0 {
            return;
        }
        let held = address << 1 | u64::from(frame == Frame::App);
        for slot in self.slots_of(address) {
            match slot.compare_exchange(0, held, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) if other >> 1 == address => return,
                Err(_) => {}
            }
        }
    }

    fn slots_of(&self, address: u64) -> impl Iterator<Item = &AtomicU64> {
        // Fibonacci hashing: the high bits of the product are well mixed.
        let mixed =
            address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - MAX_ADDRESSES.trailing_zeros());
        let start = usize::try_from(mixed).unwrap_or(0);
        (0..MAX_PROBES).map(move |probe| &self.slots[(start + probe) % MAX_ADDRESSES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_it_was_told_and_nothing_else() {
        let known = Box::new(KnownFrames::new());
        known.insert(0x1000, Frame::App);
        known.insert(0x1001, Frame::Library);
        assert_eq!(known.get(0x1000), Some(Frame::App));
        assert_eq!(known.get(0x1001), Some(Frame::Library));
        assert_eq!(known.get(0x1002), None);
        assert_eq!(known.get(0), None);
    }

    #[test]
    fn keeps_the_first_word_and_survives_being_full() {
        let known = Box::new(KnownFrames::new());
        known.insert(7, Frame::Library);
        known.insert(7, Frame::App);
        assert_eq!(known.get(7), Some(Frame::Library));
        for address in 8..100_000 {
            known.insert(address, Frame::App);
            assert_ne!(known.get(address), Some(Frame::Library));
        }
        assert_eq!(known.get(7), Some(Frame::Library));
    }
}
