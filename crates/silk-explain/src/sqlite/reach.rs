//! Whether Silk's own connection can reach what the app's sees.

use sqlx_sqlite::SqliteConnectOptions;

/// Who can see a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everyone who can open its file.
    File,
    /// Every connection of this process with the same name.
    SharedMemory,
    /// The connection that made it.
    Private,
}

/// Who can see the database that the options lead to.
pub(super) fn reach(options: &SqliteConnectOptions) -> Reach {
    let file = options.get_filename();
    // The two switches can only be read from what `Debug` writes: the address that the options make
    // panics in sqlx 0.9 for the very name that it gives to memory. The name comes first, and is cut
    // off. Where the form is another one, asking the database tells (its tables are missing).
    let written = format!("{options:?}");
    let switches = written
        .split_once(", in_memory: ")
        .map_or("", |(_, switches)| switches);
    let in_memory = switches.starts_with("true");
    let is_shared = switches.contains("shared_cache: true");
    if file.as_os_str().is_empty() || file.as_os_str() == ":memory:" {
        Reach::Private
    } else if !in_memory {
        Reach::File
    } else if is_shared {
        Reach::SharedMemory
    } else {
        Reach::Private
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(address: &str) -> Reach {
        reach(&address.parse().expect("an address of sqlx"))
    }

    #[test]
    fn who_can_see_a_database_is_told_by_its_address() {
        assert_eq!(reach_of("sqlite://app.db"), Reach::File);
        assert_eq!(
            reach_of("sqlite://app.db?mode=rwc&cache=shared"),
            Reach::File
        );
        assert_eq!(reach_of("sqlite::memory:"), Reach::SharedMemory);
        assert_eq!(reach_of("sqlite://x?mode=memory"), Reach::SharedMemory);
        assert_eq!(reach_of("sqlite://?mode=memory"), Reach::Private);
        assert_eq!(
            reach_of("sqlite://x?mode=memory&cache=private"),
            Reach::Private
        );
        assert_eq!(reach(&SqliteConnectOptions::new()), Reach::Private);
        assert_eq!(
            reach(&SqliteConnectOptions::new().filename("")),
            Reach::Private
        );
    }
}
