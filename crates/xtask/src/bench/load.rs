//! What plans add to the time of a query while several people use the app at once.

use std::{collections::BTreeMap, thread, time::Duration};

use super::{
    arms::{self, Arm},
    client::Client,
    price::{Limit, Price},
    slices::Random,
    spread::{Spread, median},
    weave::Weave,
};
use crate::{Result, process::Folder};

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

/// Latencies in one cycle by name of the arm, in µs: median and 95th percentile.
type Cycle = BTreeMap<&'static str, (f64, f64)>;

/// Measures and prints, on PostgreSQL.
pub(super) fn report(url: &str, cycles: usize) -> Result<Vec<Price>> {
    let folder = Folder::new()?;
    let mut weaves = Vec::new();
    for arm in arms::UNDER_LOAD {
        let store = arm.name.replace(' ', "-");
        weaves.push((arm, Weave::start(arm, &store, url, folder.path())?));
    }
    let mut random = Random::new();
    let mut measured: Vec<Cycle> = Vec::new();
    // The first cycle warms up.
    for cycle in 0..=cycles {
        let mut row = Cycle::new();
        random.shuffle(&mut weaves);
        for (arm, weave) in &weaves {
            row.insert(arm.name, slice(weave)?);
        }
        if cycle > 0 {
            measured.push(row);
        }
    }
    for (_, weave) in weaves {
        weave.stop();
    }
    Ok(print(&measured))
}

/// Asks from several connections at once.
fn slice(weave: &Weave) -> Result<(f64, f64)> {
    let mut latencies = thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE)
            .map(|_| scope.spawn(|| one(weave.address()).map_err(|error| error.to_string())))
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
    let of = |arm: Arm, figure: fn((f64, f64)) -> f64| {
        Spread::of(measured.iter().map(|cycle| figure(cycle[arm.name])))
    };
    println!("\n### PostgreSQL, plans under load\n");
    println!(
        "{PEOPLE} connections ask for `{PATH}` at once. Added to each of its {QUERIES:.0} queries, \
         µs of the client's time: median [quartiles] of the differences within {} cycles; without \
         plans the page takes {:.0} µs, p95 {:.0} µs.\n",
        measured.len(),
        of(arms::NO_PLANS, |cycle| cycle.0).median,
        of(arms::NO_PLANS, |cycle| cycle.1).median,
    );
    println!("| plans | p50 | p95 |");
    println!("|---|---|---|");
    let mut prices = Vec::new();
    for arm in arms::UNDER_LOAD.into_iter().skip(1) {
        let added = |figure: fn((f64, f64)) -> f64| {
            Spread::of(measured.iter().map(|cycle| {
                (figure(cycle[arm.name]) - figure(cycle[arms::NO_PLANS.name])) / QUERIES
            }))
        };
        let middle = added(|cycle| cycle.0);
        println!("| {} | {middle} | {} |", arm.name, added(|cycle| cycle.1));
        if [arms::AUTOMATIC.name, arms::OF_EVERY_RUN.name].contains(&arm.name) {
            prices.push(Price::new(
                format!("PostgreSQL, plans {}: per query under load, time", arm.name),
                "µs",
                // What auto_explain alone was measured to add, messages and all.
                Limit::AtMost(40.0),
                middle.median,
            ));
        }
    }
    prices
}
