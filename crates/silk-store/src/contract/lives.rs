//! What becomes of findings from build to build.

use std::time::Duration;

use silk_core::{
    Finding, Fingerprint, RequestRecord, RunRecord, Severity, Store,
    record::AcceptedFinding,
    store::{Acceptance, Budget, FindingLife, FindingLives, LifeState, MAX_FINDINGS, StatsWindow},
};

use super::{
    across::{batch_of, route_named, run_of, threads},
    driving::{UNLIMITED, all_day, counted, retain_all_at},
    fixture::{at, batch, call_site, request},
};

/// A finding of a rule that is about statement 7 and line 9.
fn finding(rule: &str, lost_us: u64) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Warning,
        title: format!("It cost {lost_us} µs."),
        detail: "In numbers.".to_owned(),
        fingerprint: Some(Fingerprint(7)),
        remedy: None,
        call_site: Some(call_site(9)),
        query: None,
        lost_us: Some(lost_us),
    }
}

/// `count` requests a second apart from `seconds` on; the first `with` of them have it.
fn requests(seconds: i64, count: u32, with: u32) -> Vec<RequestRecord> {
    (0..count)
        .map(|number| {
            let seconds = seconds + i64::from(number);
            let mut record = request(u64::from(number) + 1, seconds);
            if number < with {
                record.findings.push(finding("slow_query", 100));
                record.sum_findings();
            }
            record
        })
        .collect()
}

async fn write(store: &dyn Store, run: &RunRecord, requests: Vec<RequestRecord>) {
    let batch = batch_of(run, batch(requests));
    store.write(&batch).await.unwrap();
    // After an unclear failure it is written again: nothing is counted twice.
    store.write(&batch).await.unwrap();
}

/// Requests of a build from `seconds` on.
async fn serve(store: &dyn Store, build: &str, seconds: i64, count: u32, with: u32) {
    let run = run_of(Some(build), seconds);
    write(store, &run, requests(seconds, count, with)).await;
}

async fn lives(store: &dyn Store) -> FindingLives {
    store.finding_lives(all_day(), 100).await.unwrap()
}

/// The only one there is.
async fn only(store: &dyn Store) -> FindingLife {
    let mut lives = lives(store).await;
    assert_eq!(lives.items.len(), 1, "{lives:?}");
    assert!(!lives.is_cut && !lives.is_full);
    lives.items.remove(0)
}

/// Counts, times, builds and the worst request are those of all requests that had it; what is told
/// of the window is of the window.
pub async fn a_life_is_summed(store: &dyn Store) {
    assert_eq!(lives(store).await, FindingLives::default());
    let mut records = requests(0, 5, 0);
    records[1].findings = vec![finding("slow_query", 300), finding("slow_query", 50)];
    records[2].findings = vec![finding("slow_query", 200)];
    records[4].summary.route = "/other".to_owned();
    records[4].findings = vec![finding("slow_query", 900)];
    let mut last = request(9, 200);
    last.findings = vec![Finding {
        severity: Severity::Critical,
        call_site: Some(call_site(11)),
        ..finding("slow_query", 7)
    }];
    let (worst, newer) = (records[1].summary.id, last.summary.id);
    write(store, &run_of(Some("a"), -5), records).await;
    write(store, &run_of(Some("b"), 199), vec![last]).await;

    let items = lives(store).await.items;
    let routes: Vec<_> = items.iter().map(|life| &*life.route.route).collect();
    assert_eq!(routes, ["/other", "/threads/{id}"], "by time lost");
    let life = FindingLife {
        rule: "slow_query".to_owned(),
        route: threads(),
        fingerprint: Some(Fingerprint(7)),
        severity: Severity::Critical,
        title: "It cost 7 µs.".to_owned(),
        call_site: Some(call_site(11)),
        first_at: at(1),
        last_at: at(200),
        first_build: Some("a".to_owned()),
        last_build: Some("b".to_owned()),
        requests: 3,
        lost_us: 557,
        of_requests: 5,
        worst: Some(worst),
        state: LifeState::Open { requests_since: 0 },
    };
    assert_eq!(items[1], life);

    let later = StatsWindow {
        since: at(60),
        ..all_day()
    };
    let lives = store.finding_lives(later, 100).await.unwrap();
    let wanted = FindingLife {
        requests: 1,
        lost_us: 7,
        of_requests: 1,
        worst: Some(newer),
        ..life
    };
    assert_eq!(lives.items[0], wanted);
    let unseen = &lives.items[1];
    assert_eq!(
        (unseen.requests, unseen.lost_us, unseen.of_requests),
        (0, 0, 0)
    );
    assert!(unseen.worst.is_some(), "of all there were");
    let lives = store.finding_lives(later, 1).await.unwrap();
    assert_eq!((lives.items, lives.is_cut), (vec![wanted], true));
}

/// Fixed is what builds since served 20 requests without, of the same route.
pub async fn fixed_is_what_enough_requests_had_not(store: &dyn Store) {
    serve(store, "a", 0, 5, 5).await;
    serve(store, "b", 120, 19, 0).await;
    assert_eq!(
        only(store).await.state,
        LifeState::Open { requests_since: 19 }
    );
    // Of another route, and those that were only counted: nobody looked through them.
    let b = run_of(Some("b"), 120);
    let mut others = requests(180, 30, 0);
    for record in &mut others {
        record.summary.route = "/other".to_owned();
    }
    write(store, &b, others).await;
    let mut sampled = batch_of(&b, batch(Vec::new()));
    sampled.counted = (0..30).map(counted).collect();
    store.write(&sampled).await.unwrap();
    assert_eq!(
        only(store).await.state,
        LifeState::Open { requests_since: 19 }
    );

    serve(store, "c", 240, 1, 0).await;
    let life = only(store).await;
    let fixed = LifeState::Fixed {
        build: "b".to_owned(),
        requests_since: 20,
    };
    assert_eq!(
        (&life.state, life.last_build.as_deref()),
        (&fixed, Some("a"))
    );
    // Before the newer builds came it was open.
    let then = StatsWindow {
        until: at(120),
        ..all_day()
    };
    let lives = store.finding_lives(then, 9).await.unwrap();
    assert_eq!(lives.items[0].state, LifeState::Open { requests_since: 0 });

    serve(store, "d", 300, 3, 1).await;
    let back = LifeState::CameBack {
        fixed_in: "b".to_owned(),
        back_in: "d".to_owned(),
    };
    assert_eq!(only(store).await.state, back);
}

/// New is what builds before served 20 requests without.
pub async fn new_is_what_builds_before_had_not(store: &dyn Store) {
    serve(store, "a", 0, 20, 0).await;
    serve(store, "b", 60, 2, 2).await;
    let new = LifeState::New {
        requests_before: 20,
    };
    assert_eq!(only(store).await.state, new);
    serve(store, "c", 120, 1, 0).await;
    let open = LifeState::Open { requests_since: 1 };
    assert_eq!(only(store).await.state, open, "not of the newest build");
}

/// Without names of builds nothing is said but how many requests had it not since.
pub async fn without_builds_nothing_is_guessed(store: &dyn Store) {
    let run = run_of(None, 0);
    write(store, &run, requests(0, 5, 5)).await;
    write(store, &run, requests(120, 500, 0)).await;
    let life = only(store).await;
    assert_eq!(
        life.state,
        LifeState::Open {
            requests_since: 500
        }
    );
    assert_eq!((life.first_build, life.last_build), (None, None));
}

/// What the app's code accepts is seen, accepted, and not gone.
pub async fn what_code_accepts_is_seen(store: &dyn Store) {
    serve(store, "a", 0, 30, 30).await;
    let mut records = requests(120, 40, 0);
    for record in &mut records {
        record.detail.accepted.push(AcceptedFinding {
            finding: finding("slow_query", 10),
            reason: "a report".to_owned(),
        });
    }
    write(store, &run_of(Some("b"), 120), records).await;
    let life = only(store).await;
    assert_eq!((life.requests, life.lost_us), (70, 3_400));
    assert_eq!(life.last_build.as_deref(), Some("b"));
    let accepted = LifeState::Accepted {
        acceptance: None,
        by: None,
        why: "a report".to_owned(),
        until_build: None,
    };
    assert_eq!(life.state, accepted);
    // The list of what requests have does not know it, and the code may change its mind.
    let sums = store.findings(all_day()).await.unwrap();
    assert_eq!(sums.items[0].requests, 30);
    serve(store, "c", 240, 2, 2).await;
    assert_eq!(
        only(store).await.state,
        LifeState::Open { requests_since: 0 }
    );
}

/// What people accept is accepted until the build that they name has it.
pub async fn people_accept_until_a_build(store: &dyn Store) {
    serve(store, "a", 0, 5, 5).await;
    let acceptance = Acceptance {
        id: 0,
        rule: "slow_query".to_owned(),
        route: Some(threads()),
        fingerprint: Some(Fingerprint(7)),
        call_site: None,
        by: "Ada".to_owned(),
        why: "until the move".to_owned(),
        until_build: Some("c".to_owned()),
        at: at(50),
    };
    let elsewhere = Acceptance {
        route: Some(route_named("/other")),
        until_build: None,
        ..acceptance.clone()
    };
    store.accept(&elsewhere).await.unwrap();
    let open = LifeState::Open { requests_since: 0 };
    assert_eq!(only(store).await.state, open);
    let id = store.accept(&acceptance).await.unwrap();
    let accepted = LifeState::Accepted {
        acceptance: Some(id),
        by: Some("Ada".to_owned()),
        why: "until the move".to_owned(),
        until_build: Some("c".to_owned()),
    };
    assert_eq!(only(store).await.state, accepted);
    serve(store, "b", 60, 5, 5).await;
    assert_eq!(only(store).await.state, accepted);
    serve(store, "c", 120, 5, 0).await;
    assert_eq!(only(store).await.state, accepted, "c has it not");
    serve(store, "c", 130, 1, 1).await;
    assert_eq!(only(store).await.state, open);
    assert!(store.withdraw(id).await.unwrap());
    assert_eq!(only(store).await.state, open);
}

/// Lives outlive their requests, grow old as figures do, and are cleared.
pub async fn lives_are_kept_as_figures_are(store: &dyn Store) {
    serve(store, "a", 0, 5, 5).await;
    let life = only(store).await;
    let none = Budget {
        max_requests: 0,
        ..UNLIMITED
    };
    retain_all_at(store, none, at(1000)).await;
    let worst = None;
    assert_eq!(only(store).await, FindingLife { worst, ..life });
    // Figures of a minute are summed into wider ones; what they say stays.
    retain_all_at(store, none, at(20 * 3600)).await;
    let life = only(store).await;
    assert_eq!((life.first_at, life.last_at), (at(0), at(4)));
    assert_eq!((life.requests, life.of_requests), (5, 5));
    let week = Budget {
        max_age: Duration::from_secs(7 * 86_400),
        ..UNLIMITED
    };
    retain_all_at(store, week, at(20 * 86_400)).await;
    assert_eq!(lives(store).await.items.len(), 1);
    retain_all_at(store, week, at(100 * 86_400)).await;
    assert_eq!(lives(store).await, FindingLives::default());

    serve(store, "a", 0, 5, 5).await;
    store.clear().await.unwrap();
    assert_eq!(lives(store).await, FindingLives::default());
}

/// Only so many are followed; the others are counted with no life, and the page is told.
pub async fn lives_are_bounded(store: &dyn Store) {
    let mut records = Vec::new();
    for number in 0..u64::from(MAX_FINDINGS) / 100 + 1 {
        let mut record = request(number + 1, i64::try_from(number).unwrap());
        for statement in 0..100 {
            let fingerprint = Fingerprint(number * 100 + statement + 1);
            record.findings.push(Finding {
                fingerprint: Some(fingerprint),
                ..finding("slow_query", 1)
            });
        }
        records.push(record);
    }
    let last = records.pop().unwrap();
    store.write(&batch(records)).await.unwrap();
    let known = store.finding_lives(all_day(), 500).await.unwrap();
    assert!(known.is_full && known.is_cut);
    assert_eq!(known.items.len(), 500);
    store.write(&batch(vec![last])).await.unwrap();
    let all = store.finding_lives(all_day(), u32::MAX).await.unwrap();
    assert_eq!(all.items.len(), usize::try_from(MAX_FINDINGS).unwrap());
    assert!(all.is_full && !all.is_cut);
}
