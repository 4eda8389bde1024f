//! Tells callgrind when to count, on all threads.

/// `VG_USERREQ_TOOL_BASE('C', 'T')` of `callgrind.h`.
const BASE: usize = (b'C' as usize) << 24 | (b'T' as usize) << 16;
const START_INSTRUMENTATION: usize = BASE + 4;
const STOP_INSTRUMENTATION: usize = BASE + 5;

/// Counts from here on, where it was started with `--instr-atstart=no`.
pub(crate) fn start_counting() {
    ask(START_INSTRUMENTATION);
}

/// Counts no more.
pub(crate) fn stop_counting() {
    ask(STOP_INSTRUMENTATION);
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "callgrind is asked by a sequence of instructions"
)]
fn ask(request: usize) {
    let words = [request, 0, 0, 0, 0, 0];
    // SAFETY: without Valgrind the sequence does nothing: it rotates a register by 128 bits in all,
    // which are its own 64 twice, and exchanges another with itself. Valgrind knows it, reads the six
    // words that `rax` points at, and writes its answer to `rdx`.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") 0_usize => _,
            options(nostack),
        );
    }
}

/// The sequence is another on each architecture.
#[cfg(not(target_arch = "x86_64"))]
fn ask(_: usize) {
    panic!("instructions are counted on x86_64 only");
}
