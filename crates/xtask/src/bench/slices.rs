use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    thread,
    time::{Duration, Instant},
};

use super::{arm::Arm, cpu::Cpu};
use crate::{Result, process::Folder, say};

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

/// What is asked for in a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) name: &'static str,
    path: &'static str,
    /// Requests per slice: few, so that the arms of a cycle see the same machine, and enough that
    /// the writer's batches are as full as under load.
    requests: u32,
}

/// What is asked for; the last two differ by a hundred queries and nothing else.
pub(super) const ADDRESSES: [Address; 3] = [
    Address {
        name: "/hello",
        path: "/hello",
        requests: 10_000,
    },
    Address {
        name: "list_some_joined",
        path: "/api/messages/list_some_joined",
        requests: 300,
    },
    Address {
        name: "list_some",
        path: "/api/messages/list_some",
        requests: 40,
    },
];

/// How long the background threads are given to finish a slice; more than two looks of the writer.
const SETTLE: Duration = Duration::from_millis(500);
/// Requests after which the writer is given time: on two cores, one client that never rests sends
/// more small requests than the writer gets to store beside it, and what is lost costs nothing.
const BURST: u32 = 200;
const BREATH: Duration = Duration::from_millis(60);
/// How long each arm is watched while nobody asks it for anything.
const IDLE: Duration = Duration::from_secs(3);

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
    let mut idle = [Cpu::default(); ARMS.len()];
    // The first cycle warms up.
    for cycle in 0..=cycles {
        let mut row = [[Slice::default(); ARMS.len()]; ADDRESSES.len()];
        for (address, row) in ADDRESSES.into_iter().zip(&mut row) {
            for at in random.order::<{ ARMS.len() }>() {
                row[at] = slice(&mut arms[at], address, idle[at])?;
            }
        }
        if cycle > 0 {
            slices.push(row);
        } else {
            idle = idle_of(&arms)?;
        }
    }
    for ((name, _), mut arm) in ARMS.into_iter().zip(arms) {
        let lost = arm.lost()?;
        if lost > 0 {
            say(format_args!(
                "`{name}` lost {lost} requests, which cost nothing: its figures are too small"
            ));
        }
        arm.stop();
    }
    Ok(slices)
}

/// What each arm costs in a second in which nobody asks for anything.
fn idle_of(arms: &[Arm]) -> Result<[Cpu; ARMS.len()]> {
    let cpu = || -> Result<Vec<Cpu>> { arms.iter().map(|arm| Cpu::of(arm.id())).collect() };
    let before = cpu()?;
    thread::sleep(IDLE);
    let after = cpu()?;
    Ok(std::array::from_fn(|at| {
        after[at].since(before[at]).times(1.0 / IDLE.as_secs_f64())
    }))
}

fn slice(arm: &mut Arm, address: Address, idle: Cpu) -> Result<Slice> {
    let Address { path, requests, .. } = address;
    let started = Instant::now();
    let before = Cpu::of(arm.id())?;
    let mut latencies = Vec::new();
    for at in 1..=requests {
        if at % BURST == 0 {
            thread::sleep(BREATH);
        }
        latencies.push(arm.client.get(path)?.as_secs_f64() * 1e6);
    }
    // What the background threads still have to do belongs to the slice.
    thread::sleep(SETTLE);
    // What they do anyway does not.
    let idle = idle.times(started.elapsed().as_secs_f64());
    let cpu = Cpu::of(arm.id())?.since(before).since(idle);
    let per_request = |nanoseconds: f64| nanoseconds / 1e3 / f64::from(requests);
    Ok(Slice {
        app: per_request(cpu.app),
        all: per_request(cpu.app + cpu.silk),
        latency: super::spread::median(&mut latencies),
    })
}

/// Shuffles the arms; any generator will do.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    pub(super) fn order<const N: usize>(&mut self) -> [usize; N] {
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
            let mut order = random.order::<6>();
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        }
    }
}
