//! MySQL and MariaDB: neither plans with an index that is not there, so what is said is likely and
//! not proved.

mod catalogue;
mod sample;

use silk_core::{
    DatabaseKind,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, IndexAdvice, Verification},
};
use silk_plan::{
    Plan, PlanFormat, PlanNode,
    advice::{self, Candidate, KeyRole, TableFacts, TableWants, quote_table},
};
use sqlx_mysql::MySqlConnection;

use super::connection::is_mariadb;
use crate::target::{AdviceQuestion, Failure};
use catalogue::fits;
use sample::Kept;

/// Tables looked at.
const MAX_TABLES: usize = 4;
/// Rows below which a table is read as a whole.
const MIN_ROWS: f64 = 1_000.0;
/// Fraction of the rows that an index may give at most to be worth it.
const MAX_KEPT: f64 = 0.2;

const REMEDY: &str = "neither MySQL nor MariaDB plans with an index that is not there: make it in \
     a copy of the database and compare EXPLAIN, or ANALYZE FORMAT=JSON (MariaDB) or \
     EXPLAIN ANALYZE (MySQL)";

/// Finds indexes that are likely to help; `raw` is the plan as it is.
pub(super) async fn advise(
    connection: &mut MySqlConnection,
    asked: &AdviceQuestion,
    raw: &str,
) -> Result<IndexAdvice, Failure> {
    let mut advice = IndexAdvice::default();
    let Ok(plan) = Plan::parse(PlanFormat::MySqlJson, raw) else {
        advice
            .notes
            .push("the plan could not be read, so nothing can be told".to_owned());
        return Ok(advice);
    };
    advice.cost_before = plan.root.estimate.and_then(|estimate| estimate.total_cost);
    let all = advice::wants_of_sql(&asked.question.sql, DatabaseKind::MySql);
    let narrowed: Vec<bool> = all.iter().map(TableWants::is_narrowed).collect();
    let is_mariadb = is_mariadb(connection).await?;
    let mut looked_at = 0;
    for (at, mut wants) in all.into_iter().enumerate() {
        if looked_at == MAX_TABLES {
            break;
        }
        let Some(mut facts) = catalogue::facts(connection, &wants).await? else {
            continue;
        };
        looked_at += 1;
        let node = node_of(&plan, &wants);
        let ran = asked.caught.as_ref().and_then(|plan| node_of(plan, &wants));
        wants.discarded = ran.and_then(|node| node.derived.discarded);
        let is_large = facts.rows.is_some_and(|rows| rows >= MIN_ROWS);
        if is_large {
            sample::fill(connection, &wants, &mut facts).await?;
        }
        let reads = Reads {
            node,
            sorts: raw.contains("filesort"),
            is_narrowed: narrowed.contains(&true),
            is_joined_to_few: (0..narrowed.len()).any(|other| other != at && narrowed[other]),
            leads: plan
                .nodes()
                .find(|node| node.relation.is_some())
                .map(|node| node.id)
                == node.map(|node| node.id),
            is_mariadb,
        };
        let found = match reads.node.filter(|_| is_large) {
            Some(_) => likely(connection, &wants, &facts, &reads, &mut advice.notes).await?,
            None => Vec::new(),
        };
        if found.is_empty() {
            let notes = advice::notes_without_advice(&wants, &facts, 0);
            advice.notes.extend(notes);
        }
        for mut index in found {
            if !advice.indexes.is_empty() {
                index.choice = AdviceChoice::Together;
            }
            advice.indexes.push(index);
        }
    }
    if advice.indexes.is_empty() && advice.notes.is_empty() {
        advice.notes.push(
            "no table of the query is searched or sorted in a way that an index could serve"
                .to_owned(),
        );
    }
    Ok(advice)
}

/// The node that reads the table.
fn node_of<'a>(plan: &'a Plan, wants: &TableWants) -> Option<&'a PlanNode> {
    plan.nodes().find(|node| {
        node.relation
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(&wants.alias))
    })
}

/// How the plan reads a table.
struct Reads<'a> {
    node: Option<&'a PlanNode>,
    /// Whether the query sorts.
    sorts: bool,
    /// Whether a condition of the query keeps some rows only: not all its tables are read as they
    /// are.
    is_narrowed: bool,
    /// Whether that is so of another table than this.
    is_joined_to_few: bool,
    /// Whether it is read first: nothing is known yet that it could be searched for.
    leads: bool,
    /// Whether it is MariaDB, which says of no condition more than it knows.
    is_mariadb: bool,
}

impl Reads<'_> {
    fn reads_all(&self) -> bool {
        let access = self.node.map(|node| node.node_type.as_str());
        matches!(access, Some("Table scan" | "Index scan"))
    }

    /// Whether a limit stops what an order would serve.
    fn is_order_worth(&self, wants: &TableWants) -> bool {
        self.sorts && wants.is_limited
    }

    /// Whether an index with these keys could be used in place of how the table is read.
    fn could_use(&self, candidate: &Candidate, wants: &TableWants) -> bool {
        let Some(first) = candidate.keys.first() else {
            return false;
        };
        let searches = match first.role {
            KeyRole::Order | KeyRole::Any => false,
            // What is read first has nothing yet to be joined by.
            KeyRole::Join => !self.leads || self.is_joined_to_few,
            _ => true,
        };
        let sorted = candidate.keys.iter().any(|key| key.role == KeyRole::Order);
        (searches && self.reads_all())
            || (sorted && self.is_order_worth(wants) && (self.reads_all() || searches))
    }

    /// The fraction of rows that the conditions keep, where the plan or a run tells.
    fn kept(&self, wants: &TableWants) -> Option<Kept> {
        if let Some(discarded) = wants.discarded {
            return Some(Kept {
                fraction: 1.0 - discarded,
                source: "the run that was caught",
            });
        }
        // MySQL guesses where it knows nothing; MariaDB says 100.
        let filtered = self.node?.estimate?.filtered?;
        (self.is_mariadb && filtered > 0.0 && filtered < 100.0).then_some(Kept {
            fraction: filtered / 100.0,
            source: "the histogram of the column",
        })
    }
}

/// The index that is likely to help, or one for each side of an `OR`.
async fn likely(
    connection: &mut MySqlConnection,
    wants: &TableWants,
    facts: &TableFacts,
    reads: &Reads<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<AdvisedIndex>, Failure> {
    let candidates: Vec<Candidate> = advice::candidates(wants, facts)
        .into_iter()
        .filter(|candidate| fits(candidate, facts))
        .collect();
    // Where every row is wanted and a few of them are asked for, the order decides.
    let in_order = candidates.iter().find(|candidate| {
        reads.is_order_worth(wants)
            && !reads.is_narrowed
            && candidate.keys.iter().all(|key| key.role == KeyRole::Order)
    });
    if let Some(candidate) = in_order {
        return Ok(vec![told(candidate, wants, facts, None)]);
    }
    let whole = reads.kept(wants);
    for candidate in &candidates {
        if !reads.could_use(candidate, wants) {
            continue;
        }
        let own = sample::kept(connection, candidate, wants, facts).await?;
        // What all conditions keep says nothing of one that only joins.
        let is_joined = candidate.keys.iter().any(|key| key.role == KeyRole::Join);
        let kept = match (&whole, own) {
            (Some(whole), Some(own)) if !is_joined && whole.fraction > own.fraction => Some(Kept {
                fraction: whole.fraction,
                source: whole.source,
            }),
            (Some(whole), None) if !is_joined => Some(Kept {
                fraction: whole.fraction,
                source: whole.source,
            }),
            (_, own) => own,
        };
        let Some(kept) = kept else {
            notes.push(format!(
                "how many rows of {} its conditions keep is not known: run ANALYZE TABLE {} \
                 PERSISTENT FOR ALL (MariaDB) or UPDATE HISTOGRAM (MySQL), or catch a run, and ask \
                 again",
                facts.name,
                quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
            ));
            return Ok(Vec::new());
        };
        if kept.fraction <= MAX_KEPT {
            return Ok(vec![told(candidate, wants, facts, Some(&kept))]);
        }
        notes.push(format!(
            "its conditions keep {:.0} % of {} by {}: so many rows are read faster from the table",
            kept.fraction * 100.0,
            facts.name,
            kept.source
        ));
        return Ok(Vec::new());
    }
    if reads.reads_all() {
        return sides(connection, wants, facts).await;
    }
    Ok(Vec::new())
}

/// An index for each side of an `OR`, where every side keeps few rows.
async fn sides(
    connection: &mut MySqlConnection,
    wants: &TableWants,
    facts: &TableFacts,
) -> Result<Vec<AdvisedIndex>, Failure> {
    'sets: for set in advice::unions(wants, facts) {
        let mut found = Vec::new();
        for candidate in &set {
            let kept = sample::kept(connection, candidate, wants, facts).await?;
            let few = kept.filter(|kept| kept.fraction <= MAX_KEPT / 2.0);
            let (Some(kept), true) = (few, fits(candidate, facts)) else {
                continue 'sets;
            };
            let mut index = told(candidate, wants, facts, Some(&kept));
            index.caveats.insert(
                0,
                "only with the other one: the condition is an OR, and each of its sides needs an \
                 index (index_merge)"
                    .to_owned(),
            );
            found.push(index);
        }
        if found.len() > 1 {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn told(
    candidate: &Candidate,
    wants: &TableWants,
    facts: &TableFacts,
    kept: Option<&Kept>,
) -> AdvisedIndex {
    let rows = facts.rows.unwrap_or(0.0);
    let mut caveats = advice::caveats(candidate, wants, facts);
    caveats.insert(
        0,
        match kept {
            Some(kept) => format!(
                "not tried: it reads {} rows now, and by {} about {} of them are looked for",
                advice::count(rows),
                kept.source,
                advice::count((rows * kept.fraction).max(1.0))
            ),
            None => format!(
                "not tried: it reads {} rows now, and in the order asked for it could stop at the \
                 limit",
                advice::count(rows)
            ),
        },
    );
    AdvisedIndex {
        statement: candidate.statement(Some(&candidate.name(facts, &[]))),
        relation: quote_table(
            candidate.schema.as_deref(),
            &candidate.table,
            DatabaseKind::MySql,
        ),
        reason: advice::reason(candidate, wants),
        choice: AdviceChoice::First,
        strength: if kept.is_some_and(|kept| kept.fraction <= 0.05) {
            AdviceStrength::Strong
        } else {
            AdviceStrength::Moderate
        },
        verification: Verification::NotVerified {
            remedy: REMEDY.to_owned(),
        },
        cost_before: None,
        cost_after: None,
        plan_after: None,
        size_bytes: None,
        write_cost: advice::write_cost(candidate, facts, None),
        replaces: candidate.replaces.clone(),
        effects: Vec::new(),
        caveats,
    }
}
