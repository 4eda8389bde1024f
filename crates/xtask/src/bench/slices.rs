use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    thread,
    time::Duration,
};

use super::{arm::Arm, cpu::Cpu};
use crate::{Result, process::Folder};

/// Arms: name, and how weave is started: `--capture`, `--subscriber`, `--plans`. The first is what
/// the others are compared to, the second equals it. `pool` has both tiers, as an app has that
/// calls `init_tracing`; `pool alone` has no subscriber; `plans` catches those of real runs too.
pub(super) const ARMS: [(&str, [&str; 3]); 6] = [
    ("off", ["off", "off", "off"]),
    ("off again", ["off", "off", "off"]),
    ("layer", ["layer", "on", "off"]),
    ("pool", ["pool", "on", "off"]),
    ("pool alone", ["pool", "off", "off"]),
    ("plans", ["pool", "on", "real"]),
];

/// The place of the arm with the tracing layer alone.
pub(super) const LAYER: usize = 2;
/// The place of the arm with both tiers.
pub(super) const POOL: usize = 3;

/// Addresses: name, path, requests per slice. Slices are short, so that the arms of a cycle see
/// the same machine, and long enough that the writer's batches are as full as under load.
pub(super) const ADDRESSES: [(&str, &str, u32); 3] = [
    ("/hello", "/hello", 10_000),
    ("list_some_joined", "/api/messages/list_some_joined", 300),
    ("list_some", "/api/messages/list_some", 40),
];

/// How long the background threads are given to finish a slice; more than two looks of the writer.
const SETTLE: Duration = Duration::from_millis(500);

/// What one slice of one arm cost per request, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slice {
    /// CPU on the app's threads.
    pub(super) app: f64,
    /// CPU on all threads.
    pub(super) all: f64,
    /// Median latency seen by the client.
    pub(super) latency: f64,
}

/// Slices by cycle, address and arm.
pub(super) type Slices = Vec<[[Slice; ARMS.len()]; ADDRESSES.len()]>;

/// Runs all arms side by side.
pub(super) fn measure(url: Option<&str>, cycles: usize) -> Result<Slices> {
    let folder = Folder::new()?;
    let database = url.map_or_else(
        || format!("sqlite:{}", folder.path().join("weave.db").display()),
        str::to_owned,
    );
    let mut arms = Vec::new();
    for (name, how) in ARMS {
        arms.push(Arm::start(
            &name.replace(' ', "-"),
            how,
            &database,
            folder.path(),
        )?);
    }
    let mut random = Random::new();
    let mut slices = Slices::new();
    // The first cycle warms up.
    for cycle in 0..=cycles {
        let mut row = [[Slice::default(); ARMS.len()]; ADDRESSES.len()];
        for ((_, path, requests), row) in ADDRESSES.into_iter().zip(&mut row) {
            for at in random.order() {
                row[at] = slice(&mut arms[at], path, requests)?;
            }
        }
        if cycle > 0 {
            slices.push(row);
        }
    }
    for arm in arms {
        arm.stop();
    }
    Ok(slices)
}

fn slice(arm: &mut Arm, path: &str, requests: u32) -> Result<Slice> {
    let before = Cpu::of(arm.id())?;
    let mut latencies = Vec::new();
    for _ in 0..requests {
        latencies.push(arm.client.get(path)?.as_secs_f64() * 1e6);
    }
    // What the background threads still have to do belongs to the slice.
    thread::sleep(SETTLE);
    let cpu = Cpu::of(arm.id())?.since(before);
    let per_request = |nanoseconds: f64| nanoseconds / 1e3 / f64::from(requests);
    Ok(Slice {
        app: per_request(cpu.app),
        all: per_request(cpu.app + cpu.silk),
        latency: super::report::median(&mut latencies),
    })
}

/// Shuffles the arms; any generator will do.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    fn order(&mut self) -> [usize; ARMS.len()] {
        let mut order = std::array::from_fn(|at| at);
        for last in (1..order.len()).rev() {
            // xorshift64
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let at = usize::try_from(self.0 % (last as u64 + 1)).unwrap_or(0);
            order.swap(last, at);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn an_order_has_each_arm_once() {
        let mut random = Random::new();
        for _ in 0..100 {
            let mut order = random.order();
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        }
    }
}
