//! The same requests to every arm, in short slices side by side.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hasher as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{
    arms::{Arm, OFF, OTEL, Of},
    cpu::Cpu,
    sink::Sink,
    weave::Weave,
};
use crate::{Result, process::Folder, say};

/// What is asked for in a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) name: &'static str,
    path: &'static str,
    /// Queries of a request.
    queries: u64,
    /// Requests per slice: few, so that the arms of a cycle see the same machine, and enough that
    /// the writer's batches are as full as under load.
    requests: u32,
}

/// No SQL.
pub(super) const HELLO: Address = Address {
    name: "/hello",
    path: "/hello",
    queries: 0,
    requests: 10_000,
};
/// One query.
pub(super) const LIST_SOME_JOINED: Address = Address {
    name: "list_some_joined",
    path: "/api/messages/list_some_joined",
    queries: 1,
    requests: 300,
};
/// A hundred queries more, and nothing else.
pub(super) const LIST_SOME: Address = Address {
    name: "list_some",
    path: "/api/messages/list_some",
    queries: 101,
    requests: 40,
};

/// What is asked for in each cycle.
pub(super) const ADDRESSES: [Address; 3] = [HELLO, LIST_SOME_JOINED, LIST_SOME];

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

/// The slices of one cycle, by name of the address and of the arm.
pub(super) type Cycle = BTreeMap<(&'static str, &'static str), Slice>;

/// What runs side by side, and on what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    /// None for SQLite.
    pub(super) url: Option<&'a str>,
    pub(super) arms: &'a [Arm],
    /// The program of the arms of before.
    pub(super) before: Option<&'a Path>,
    pub(super) cycles: usize,
}

/// Runs all arms side by side.
pub(super) fn measure(plan: Plan<'_>) -> Result<Vec<Cycle>> {
    let Plan { url, cycles, .. } = plan;
    let folder = Folder::new()?;
    let database = url.map_or_else(
        || format!("sqlite:{}", folder.path().join("weave.db").display()),
        str::to_owned,
    );
    // weave makes and fills the tables.
    Weave::start(OFF, "first", &database, folder.path())?.stop();
    let sink = Sink::open()?;
    let mut weaves = Vec::new();
    for &arm in plan.arms {
        let store = arm.name.replace([' ', ','], "-");
        let (store, folder) = (store.as_str(), folder.path());
        let weave = match arm.of {
            Of::Now => Weave::start(arm, store, &database, folder)?,
            Of::Before => {
                let before = plan.before.ok_or("no program of before was given")?;
                Weave::start_program(before, arm, store, &database, folder)?
            }
            Of::Peers => Weave::start_peer(arm, store, &database, sink.address(), folder)?,
        };
        weaves.push((arm, weave));
    }
    let mut random = Random::new();
    let mut measured = Vec::new();
    let mut idle = BTreeMap::new();
    // The first cycle warms up.
    for cycle in 0..=cycles {
        let mut row = Cycle::new();
        for address in ADDRESSES {
            random.shuffle(&mut weaves);
            for (arm, weave) in &mut weaves {
                let idle = idle.get(arm.name).copied().unwrap_or_default();
                row.insert((address.name, arm.name), slice(weave, address, idle)?);
            }
        }
        if cycle > 0 {
            measured.push(row);
        } else {
            idle = idle_of(&weaves)?;
        }
    }
    let asked = (u64::try_from(cycles)? + 1)
        * ADDRESSES
            .map(|address| u64::from(address.requests) * (1 + address.queries))
            .iter()
            .sum::<u64>();
    for (arm, mut weave) in weaves {
        let lost = weave.lost()?;
        if lost > 0 {
            say(format_args!(
                "`{}` lost {lost} requests, which cost nothing: its figures are too small",
                arm.name
            ));
        }
        weave.stop();
    }
    if plan.arms.iter().any(|arm| arm.capture == OTEL.capture) && sink.spans() < asked {
        say(format_args!(
            "of {asked} spans of OpenTelemetry {} arrived: its figures are too small",
            sink.spans()
        ));
    }
    Ok(measured)
}

/// What each arm costs in a second in which nobody asks for anything, by name.
fn idle_of(weaves: &[(Arm, Weave)]) -> Result<BTreeMap<&'static str, Cpu>> {
    let cpu = || -> Result<Vec<Cpu>> {
        let ids = weaves.iter().map(|(_, weave)| weave.id());
        ids.map(Cpu::of).collect()
    };
    let before = cpu()?;
    thread::sleep(IDLE);
    let after = cpu()?;
    let names = weaves.iter().map(|(arm, _)| arm.name);
    Ok(names
        .zip(before.into_iter().zip(after))
        .map(|(name, (before, after))| (name, after.since(before).times(1.0 / IDLE.as_secs_f64())))
        .collect())
}

fn slice(weave: &mut Weave, address: Address, idle: Cpu) -> Result<Slice> {
    let Address { path, requests, .. } = address;
    let started = Instant::now();
    let before = Cpu::of(weave.id())?;
    let mut latencies = Vec::new();
    for at in 1..=requests {
        if at % BURST == 0 {
            thread::sleep(BREATH);
        }
        latencies.push(weave.client.get(path)?.as_secs_f64() * 1e6);
    }
    // What the background threads still have to do belongs to the slice.
    thread::sleep(SETTLE);
    // What they do anyway does not.
    let idle = idle.times(started.elapsed().as_secs_f64());
    let cpu = Cpu::of(weave.id())?.since(before).since(idle);
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

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // xorshift64
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let at = usize::try_from(self.0 % (last as u64 + 1)).unwrap_or(0);
            items.swap(last, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_shuffled_list_has_each_item_once() {
        let mut random = Random::new();
        let mut order = [0, 1, 2, 3, 4, 5];
        for _ in 0..100 {
            random.shuffle(&mut order);
            let mut sorted = order;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        }
    }
}
