//! What is counted: the paths through us, and what the app does without us on the same way.

use super::table::Row;

/// One path through us: which page, and what records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    /// What the page is called, and its address in the example.
    page: (&'static str, &'static str),
    /// What records, and how the example calls that.
    tier: (&'static str, &'static str),
    /// Requests that are counted.
    pub(super) requests: u32,
    /// Requests that the writer gets at once.
    pub(super) batch: u32,
}

const HELLO: (&str, &str) = ("request without SQL", "/hello");
const ONE: (&str, &str) = ("page of 1 query", "/one");
const BODY: (&str, &str) = ("page of 1 query, 9 kB body kept", "/one/body");
/// On a page that only tells of a query: rows cost something there alone.
const ROWS: (&str, &str) = ("page of 1 query, 100 rows", "/one/rows");
const FIVE: (&str, &str) = ("page of 5 queries", "/five");
const MANY: (&str, &str) = ("page of 101 queries", "/many");

const LAYER: (&str, &str) = ("tracing layer", "layer");
const POOL: (&str, &str) = ("pool", "pool");
const BOTH: (&str, &str) = ("both", "both");
const TIERS: [(&str, &str); 3] = [LAYER, POOL, BOTH];

/// Requests that the writer gets at once, unless it is said otherwise.
const BATCH: u32 = 50;

/// All of them.
pub(super) fn all() -> Vec<Path> {
    let mut paths = Vec::new();
    for (page, requests) in [
        (HELLO, 400),
        (ONE, 250),
        (BODY, 100),
        (FIVE, 200),
        (MANY, 50),
    ] {
        for tier in TIERS {
            paths.push(Path {
                page,
                tier,
                requests,
                batch: BATCH,
            });
        }
    }
    paths.push(Path {
        page: ROWS,
        tier: LAYER,
        requests: 100,
        batch: BATCH,
    });
    for page in [HELLO, ONE] {
        paths.push(Path {
            page,
            tier: POOL,
            requests: 50,
            batch: 1,
        });
    }
    paths
}

impl Path {
    pub(super) fn name(self) -> String {
        let alone = match self.batch {
            1 => ", stored alone",
            _ => "",
        };
        format!("{}, {}{alone}", self.page.0, self.tier.0)
    }

    /// The same without us.
    pub(super) const fn without(self) -> Self {
        let tier = match self.tier.1.as_bytes() {
            // Nothing runs the queries: an event is all there is of them.
            b"layer" => "events",
            _ => "none",
        };
        Self {
            tier: ("", tier),
            batch: BATCH,
            ..self
        }
    }

    /// As the example takes it.
    pub(super) fn arguments(self) -> [String; 4] {
        [
            self.tier.1.to_owned(),
            self.page.1.to_owned(),
            self.requests.to_string(),
            self.batch.to_string(),
        ]
    }
}

/// What each query adds: the difference between the pages of 101 and of 1.
pub(super) fn per_query(rows: &[Row]) -> Vec<Row> {
    let row = |page: (&str, &str), tier: &str| {
        let name = format!("{}, {tier}", page.0);
        rows.iter().find(|row| row.name == name)
    };
    TIERS
        .into_iter()
        .filter_map(|(tier, _)| {
            let (many, one) = (row(MANY, tier)?, row(ONE, tier)?);
            Some(Row {
                name: format!("each query, {tier}"),
                app: (many.app - one.app) / 100.0,
                silk: (many.silk - one.silk) / 100.0,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own_and_a_price_per_query() {
        let rows: Vec<Row> = all()
            .into_iter()
            .map(|path| Row {
                name: path.name(),
                app: if path.page == MANY { 1_100.0 } else { 100.0 },
                silk: if path.page == MANY { 2_500.0 } else { 500.0 },
            })
            .collect();
        let mut names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len());
        let per_query = per_query(&rows);
        assert_eq!(per_query.len(), TIERS.len());
        for row in per_query {
            assert!((row.app - 10.0).abs() < 1e-9 && (row.silk - 20.0).abs() < 1e-9);
        }
    }
}
