//! What plans add to the time of a query while several people use the app at once.

use std::{thread, time::Duration};

use super::{
    arm::Arm,
    client::Client,
    price::{Limit, Price},
    slices::Random,
    spread::{Spread, median},
};
use crate::{Result, process::Folder};

/// Arms: name, and how plans are got. The first is what the others are compared to, the second
/// equals it; all of them record by both tiers.
const ARMS: [(&str, &str); 4] = [
    ("no plans", "off"),
    ("no plans again", "off"),
    ("automatic", "automatic"),
    ("of every run", "real"),
];

/// A page of [`QUERIES`] queries.
const PATH: &str = "/api/messages/list_some";
const QUERIES: f64 = 101.0;

/// People at once. With the pause they keep about half of two cores busy: an app whose machine is
/// full tells how long it queues, and not what a query takes.
const PEOPLE: usize = 4;
/// What each of them asks for in a slice.
const REQUESTS: usize = 12;
/// How long they look at an answer before they ask again.
const PAUSE: Duration = Duration::from_millis(60);

/// Latencies of the arms in one cycle, in µs: median and 95th percentile.
type Cycle = [(f64, f64); ARMS.len()];

/// Measures and prints, on PostgreSQL.
pub(super) fn report(url: &str, cycles: usize) -> Result<Vec<Price>> {
    let folder = Folder::new()?;
    let mut arms = Vec::new();
    for (name, plans) in ARMS {
        let name = name.replace(' ', "-");
        arms.push(Arm::start(
            &name,
            ["pool", "on", plans],
            url,
            folder.path(),
        )?);
    }
    let mut random = Random::new();
    let mut measured: Vec<Cycle> = Vec::new();
    // The first cycle warms up.
    for cycle in 0..=cycles {
        let mut row = Cycle::default();
        for at in random.order::<{ ARMS.len() }>() {
            row[at] = slice(&arms[at])?;
        }
        if cycle > 0 {
            measured.push(row);
        }
    }
    for arm in arms {
        arm.stop();
    }
    Ok(print(&measured))
}

/// Asks from several connections at once.
fn slice(arm: &Arm) -> Result<(f64, f64)> {
    let mut latencies = thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE)
            .map(|_| scope.spawn(|| one(arm.address()).map_err(|error| error.to_string())))
            .collect();
        let mut all = Vec::new();
        for person in people {
            all.extend(person.join().map_err(|_| "a client panicked")??);
        }
        Ok::<_, String>(all)
    })?;
    let middle = median(&mut latencies);
    // Sorted by now.
    let tail = latencies[latencies.len() * 95 / 100];
    Ok((middle, tail))
}

fn one(address: &str) -> Result<Vec<f64>> {
    let mut client = Client::connect(address, None)?;
    (0..REQUESTS)
        .map(|_| {
            let took = client.get(PATH)?;
            thread::sleep(PAUSE);
            Ok(took.as_secs_f64() * 1e6)
        })
        .collect()
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn print(measured: &[Cycle]) -> Vec<Price> {
    let of = |arm: usize, figure: fn((f64, f64)) -> f64| {
        Spread::of(measured.iter().map(|cycle| figure(cycle[arm])))
    };
    println!("\n### PostgreSQL, plans under load\n");
    println!(
        "{PEOPLE} connections ask for `{PATH}` at once. Added to each of its {QUERIES:.0} queries, \
         µs of the client's time: median [quartiles] of the differences within {} cycles; without \
         plans the page takes {:.0} µs, p95 {:.0} µs.\n",
        measured.len(),
        of(0, |cycle| cycle.0).median,
        of(0, |cycle| cycle.1).median,
    );
    println!("| plans | p50 | p95 |");
    println!("|---|---|---|");
    let mut prices = Vec::new();
    for (arm, (name, _)) in ARMS.iter().enumerate().skip(1) {
        let added = |figure: fn((f64, f64)) -> f64| {
            Spread::of(
                measured
                    .iter()
                    .map(|cycle| (figure(cycle[arm]) - figure(cycle[0])) / QUERIES),
            )
        };
        let middle = added(|cycle| cycle.0);
        println!("| {name} | {middle} | {} |", added(|cycle| cycle.1));
        if arm > 1 {
            prices.push(Price::new(
                format!("PostgreSQL, plans {name}: per query under load, time"),
                "µs",
                // What auto_explain alone was measured to add, messages and all.
                Limit::AtMost(40.0),
                middle.median,
            ));
        }
    }
    prices
}
