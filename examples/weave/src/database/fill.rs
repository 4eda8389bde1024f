//! The first content: always the same, so that two people see the same figures.

use chrono::{DateTime, TimeDelta, Utc};

use super::schema::{Message, Person, Thread};

pub(super) const PEOPLE: i64 = 1_000;
pub(super) const THREADS: i64 = 1_000;
pub(super) const MESSAGES: i64 = 100_000;
/// What the first start says before it inserts them.
pub(super) const FILLS: &str = "fills its database with 1,000 people, 1,000 threads and 100,000 \
     messages. Only the first start does; it takes some seconds, more on a busy machine …";
const _: () = assert!(PEOPLE == 1_000 && THREADS == 1_000 && MESSAGES == 100_000);
/// Rows per `INSERT`; seven values a row stay far below every database's limit.
pub(super) const ROWS_PER_INSERT: usize = 500;

const FIRST_NAMES: [&str; 20] = [
    "Ada",
    "Amina",
    "Barbara",
    "Chidi",
    "Dennis",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Jean",
    "Katherine",
    "Linus",
    "Margaret",
    "Niklaus",
    "Ola",
    "Radia",
    "Sophie",
    "Tony",
    "Wangari",
];
const LAST_NAMES: [&str; 20] = [
    "Allen",
    "Bartik",
    "Codd",
    "Dijkstra",
    "Easley",
    "Floyd",
    "Gray",
    "Hopper",
    "Iverson",
    "Johnson",
    "Knuth",
    "Liskov",
    "Maathai",
    "Naur",
    "Okafor",
    "Perlman",
    "Ritchie",
    "Stonebraker",
    "Turing",
    "Wirth",
];
const WORDS: [&str; 32] = [
    "the", "index", "scan", "was", "faster", "than", "a", "loop", "over", "every", "thread", "we",
    "measure", "before", "any", "change", "and", "plans", "tell", "why", "silk", "weaves",
    "requests", "into", "one", "picture", "sort", "join", "rows", "often", "cost", "time",
];

/// A linear congruential generator (Knuth's MMIX constants): small, and the same on every machine.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The high bits of such a generator are the random ones.
        (self.0 >> 33) % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len() as u64);
        usize::try_from(at)
            .ok()
            .and_then(|at| from.get(at))
            .copied()
            .unwrap_or_default()
    }

    /// From 1 to `end`.
    fn id(&mut self, end: i64) -> i64 {
        let end = u64::try_from(end).unwrap_or(1);
        i64::try_from(self.below(end)).unwrap_or(0) + 1
    }
}

fn time(seconds: i64) -> DateTime<Utc> {
    /// 2024-01-01 00:00:00 UTC.
    const START: i64 = 1_704_067_200;
    DateTime::UNIX_EPOCH + TimeDelta::seconds(START + seconds)
}

/// One in ten is deleted, evenly spread.
fn is_deleted(id: i64) -> bool {
    id % 10 == 7
}

pub(super) fn people() -> impl Iterator<Item = (Person, String)> {
    let mut random = Random(1);
    (1..=PEOPLE).map(move |id| {
        let first_name = random.pick(&FIRST_NAMES).to_owned();
        let last_name = random.pick(&LAST_NAMES).to_owned();
        let email_address = format!(
            "{}.{}.{id}@example.org",
            first_name.to_lowercase(),
            last_name.to_lowercase()
        );
        let password = format!("{:08x}{:08x}", random.below(1 << 31), random.below(1 << 31));
        let person = Person {
            id,
            created: time(id * 60),
            updated: time(id * 60 + i64::try_from(random.below(3_600)).unwrap_or(0)),
            deleted: is_deleted(id),
            first_name,
            last_name,
            email_address,
        };
        (person, password)
    })
}

pub(super) fn threads() -> impl Iterator<Item = Thread> {
    let mut random = Random(2);
    (1..=THREADS).map(move |id| Thread {
        id,
        created: time(id * 60),
        updated: time(id * 60 + i64::try_from(random.below(3_600)).unwrap_or(0)),
        deleted: is_deleted(id),
        title: format!(
            "{} {} {}",
            random.pick(&WORDS),
            random.pick(&WORDS),
            random.pick(&WORDS)
        ),
    })
}

pub(super) fn messages() -> impl Iterator<Item = Message> {
    let mut random = Random(3);
    (1..=MESSAGES).map(move |id| {
        let mut text = String::new();
        for word in 0..6 + random.below(10) {
            if word > 0 {
                text.push(' ');
            }
            text.push_str(random.pick(&WORDS));
        }
        let created = time(100_000 + id * 30);
        Message {
            id,
            created,
            updated: created + TimeDelta::seconds(i64::try_from(random.below(86_400)).unwrap_or(0)),
            deleted: is_deleted(id),
            text,
            sent_by_id: random.id(PEOPLE),
            thread_id: random.id(THREADS),
        }
    })
}

/// Inserts everything through one connection; the caller wraps it in a transaction, so that a fill
/// that is interrupted leaves nothing behind.
macro_rules! insert_all {
    ($connection:expr) => {{
        use $crate::database::{
            fill::{FILLS, ROWS_PER_INSERT, messages, people, threads},
            say,
        };
        say(FILLS);
        let started = std::time::Instant::now();
        let all = people().collect::<Vec<_>>();
        for rows in all.chunks(ROWS_PER_INSERT) {
            sqlx::QueryBuilder::new(
                "INSERT INTO person (id, created, updated, deleted, first_name, last_name, \
                 email_address, password) ",
            )
            .push_values(rows, |mut row, (person, password)| {
                row.push_bind(person.id)
                    .push_bind(person.created)
                    .push_bind(person.updated)
                    .push_bind(person.deleted)
                    .push_bind(&person.first_name)
                    .push_bind(&person.last_name)
                    .push_bind(&person.email_address)
                    .push_bind(password);
            })
            .build()
            .execute(&mut *$connection)
            .await?;
        }
        let all = threads().collect::<Vec<_>>();
        for rows in all.chunks(ROWS_PER_INSERT) {
            sqlx::QueryBuilder::new("INSERT INTO thread (id, created, updated, deleted, title) ")
                .push_values(rows, |mut row, thread| {
                    row.push_bind(thread.id)
                        .push_bind(thread.created)
                        .push_bind(thread.updated)
                        .push_bind(thread.deleted)
                        .push_bind(&thread.title);
                })
                .build()
                .execute(&mut *$connection)
                .await?;
        }
        let all = messages().collect::<Vec<_>>();
        for rows in all.chunks(ROWS_PER_INSERT) {
            sqlx::QueryBuilder::new(
                "INSERT INTO message (id, created, updated, deleted, text, sent_by_id, thread_id) ",
            )
            .push_values(rows, |mut row, message| {
                row.push_bind(message.id)
                    .push_bind(message.created)
                    .push_bind(message.updated)
                    .push_bind(message.deleted)
                    .push_bind(&message.text)
                    .push_bind(message.sent_by_id)
                    .push_bind(message.thread_id);
            })
            .build()
            .execute(&mut *$connection)
            .await?;
        }
        say(format_args!(
            "filled its database in {:.1} s",
            started.elapsed().as_secs_f64()
        ));
    }};
}
pub(super) use insert_all;

#[cfg(test)]
mod tests {
    use super::{MESSAGES, messages, people, threads};

    #[test]
    fn the_content_is_the_same_each_time_and_a_tenth_of_it_deleted() {
        let first: Vec<_> = messages().map(|message| message.text).collect();
        let second: Vec<_> = messages().map(|message| message.text).collect();
        assert_eq!(first, second);
        let deleted = messages().filter(|message| message.deleted).count();
        assert_eq!(i64::try_from(deleted), Ok(MESSAGES / 10));
        assert_eq!(people().filter(|(person, _)| person.deleted).count(), 100);
        assert_eq!(threads().filter(|thread| thread.deleted).count(), 100);
    }

    #[test]
    fn messages_are_spread_over_people_and_threads() {
        let mut per_thread = [0; 1_000];
        let mut per_person = [0; 1_000];
        for message in messages() {
            per_thread[usize::try_from(message.thread_id - 1).unwrap()] += 1;
            per_person[usize::try_from(message.sent_by_id - 1).unwrap()] += 1;
        }
        for count in per_thread.into_iter().chain(per_person) {
            assert!((50..=160).contains(&count), "{count} of 100");
        }
    }
}
