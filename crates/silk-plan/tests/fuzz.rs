//! What the fuzz target runs, with the stable toolchain: the corpus, and the corpus bent.
//!
//! `cargo +nightly fuzz run plan` (in `fuzz/`) goes on where this ends.

#[path = "../fuzz/entry.rs"]
mod entry;

/// Pieces that mean something in one format or another.
const PIECES: [&str; 24] = [
    "\n",
    "->  ",
    "  ",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "(",
    ")",
    "(cost=",
    "loops=",
    "InitPlan 1 (returns $0)",
    "CTE c",
    "SubPlan 1",
    "Workers Launched: 2",
    "1e308",
    "-1",
    "NaN",
    "│",
    "\u{0}",
];

/// A sequence that is the same every time.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

#[test]
fn no_input_of_the_corpus_however_bent_brings_it_down() {
    let mut sequence = Sequence(0x9e37_79b9_7f4a_7c15);
    let mut runs = 0;
    for source in [
        "edited",
        "auto-explain-15",
        "mariadb-10.11",
        "mysql-8",
        "pasted",
        "sqlite",
        "postgres-15",
    ] {
        for plan in plan_corpus::source(source).values() {
            entry::run(plan.as_bytes());
            for _ in 0..3 {
                let mut bent = plan.clone().into_bytes();
                for _ in 0..=sequence.below(6) {
                    bend(&mut bent, &mut sequence);
                }
                entry::run(&bent);
                runs += 1;
            }
        }
    }
    assert!(runs >= 500, "{runs}");
}

/// Cuts a piece out, puts one in, doubles one, or flips a byte.
fn bend(input: &mut Vec<u8>, sequence: &mut Sequence) {
    let at = sequence.below(input.len());
    let end = (at + sequence.below(200)).min(input.len());
    match sequence.below(4) {
        0 => {
            input.drain(at..end);
        }
        1 => {
            let piece = PIECES[sequence.below(PIECES.len())];
            input.splice(at..at, piece.bytes());
        }
        2 => {
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << sequence.below(8);
            }
        }
    }
}
