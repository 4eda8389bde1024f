//! Sets up PostgreSQL connections of the app so that they tell the plans of their runs.
//!
//! auto_explain's message goes to the client alone: at `log_level = info` it passes any
//! `client_min_messages` and stays out of the server's log, and sqlx hands it on at TRACE, below
//! what an app logs. What the connection then really does is read back from the server: before the
//! library is loaded, setting its parameters succeeds and does nothing.
//!
//! # What the level costs
//! The first connection that tells plans raises the process's level of `tracing` to TRACE; the
//! layer wants that level of `sqlx::postgres::notice` alone. Each `trace!` of any other library
//! then takes 0.5 ns in place of 0.25 ns. Records of the `log` crate cost the same as before where
//! the subscriber was set first, and 37 ns each at TRACE where it was set (with the log bridge)
//! after that connection was made, because the bridge takes the level once, as it finds it.

use std::sync::Arc;

use sqlx_core::{
    error::Error, executor::Executor as _, raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, PgPoolOptions};

use crate::{
    record::{
        Recorder,
        plans::{AppSession, PlanMode, PlanNotes, Plans, plan_notes::Hooked},
    },
    suppress::quietly,
};

/// Options of a pool whose connections report the plans of their runs, if the role may set that.
///
/// It sets `after_connect`; an app that has one of its own calls [`prepare`] at the end of it
/// instead.
#[must_use]
pub fn pool_options(recorder: &Recorder, options: PgPoolOptions) -> PgPoolOptions {
    let notes = Arc::clone(recorder.plan_notes());
    options.after_connect(move |connection, _| {
        let notes = Arc::clone(&notes);
        Box::pin(async move {
            set_up(&notes, connection).await;
            Ok(())
        })
    })
}

/// Sets up one connection, right after it was made and the app has set what it wants of it: its
/// search path, role and settings of the planner are read, so that plans that are asked for
/// elsewhere are of the same tables. What the server does not allow is left undone,
/// and said on the Health page; the connection is as good as before either way.
pub async fn prepare(recorder: &Recorder, connection: &mut PgConnection) {
    set_up(recorder.plan_notes(), connection).await;
}

async fn set_up(notes: &PlanNotes, connection: &mut PgConnection) {
    if notes.mode() != PlanMode::Off
        && let Ok((database, session)) = quietly(session_of(connection)).await
    {
        notes.saw_session(database, session);
    }
    let Some(from) = notes.plans.real_runs else {
        return;
    };
    let threshold = from.as_millis();
    let settings = settings(notes.plans, threshold);
    let outcome = quietly(async {
        // All at once where everything is allowed, which is one round trip.
        let at_once = connection
            .execute(raw_sql(AssertSqlSafe(format!(
                "LOAD 'auto_explain'; {}",
                settings.join("; ")
            ))))
            .await;
        if let Err(error) = at_once {
            // A connection that broke is not ours to mend.
            if error.as_database_error().is_none() {
                return Err(error);
            }
            // Preloaded, it needs no LOAD; granted, single parameters may be set.
            if is_loaded(connection).await? {
                for setting in &settings {
                    let _ = connection
                        .execute(raw_sql(AssertSqlSafe(setting.clone())))
                        .await;
                }
            }
        }
        read_back(connection, notes.plans, threshold).await
    })
    .await;
    if let Ok((database, state)) = outcome {
        notes.set_hooked(database, state);
    }
}

/// How the connection is set up beyond its connect options: plans that are asked for elsewhere have
/// to be of the same tables.
async fn session_of(connection: &mut PgConnection) -> Result<(String, AppSession), Error> {
    // Control characters stand between names, values and settings: none of them holds any.
    const QUESTION: &str = "SELECT current_database()::text, \
         CASE WHEN current_user <> session_user THEN current_user::text END, \
         (SELECT string_agg(name || chr(31) || setting, chr(30) ORDER BY name) \
          FROM pg_catalog.pg_settings WHERE source = 'session' \
          AND (category LIKE 'Query Tuning%' OR name IN ('search_path', 'row_security', \
               'work_mem', 'hash_mem_multiplier', 'temp_buffers', 'effective_io_concurrency', \
               'max_parallel_workers', 'max_parallel_workers_per_gather', \
               'parallel_leader_participation', 'TimeZone', 'DateStyle', 'IntervalStyle')))";
    let row = connection.fetch_one(raw_sql(QUESTION)).await?;
    let database = row.try_get_unchecked::<Option<String>, _>(0)?;
    let settings = row.try_get_unchecked::<Option<String>, _>(2)?;
    let settings = settings.unwrap_or_default();
    let settings = settings.split('\u{1e}').filter_map(|setting| {
        let (name, value) = setting.split_once('\u{1f}')?;
        Some((name.to_owned(), value.to_owned()))
    });
    Ok((
        database.unwrap_or_default(),
        AppSession {
            role: row.try_get_unchecked(1)?,
            settings: settings.collect(),
        },
    ))
}

fn settings(plans: Plans, threshold: u128) -> Vec<String> {
    let timing = if plans.timing { "on" } else { "off" };
    [
        ("log_level", "info"),
        ("log_format", "json"),
        ("log_analyze", "on"),
        ("log_timing", timing),
        ("log_buffers", "on"),
        ("log_triggers", "on"),
        ("log_settings", "on"),
        ("log_nested_statements", "off"),
        ("sample_rate", "1"),
        // Last: from here on it speaks.
        ("log_min_duration", &threshold.to_string()),
    ]
    .map(|(name, value)| format!("SET auto_explain.{name} = {value}"))
    .to_vec()
}

async fn is_loaded(connection: &mut PgConnection) -> Result<bool, Error> {
    let row = connection
        .fetch_one(raw_sql(
            "SELECT count(*) FROM pg_catalog.pg_settings WHERE name = 'auto_explain.log_min_duration'",
        ))
        .await?;
    Ok(row.try_get_unchecked::<String, _>(0)? != "0")
}

/// What the connection really does.
async fn read_back(
    connection: &mut PgConnection,
    plans: Plans,
    threshold: u128,
) -> Result<(String, Hooked), Error> {
    const QUESTION: &str = "SELECT current_database()::text, current_user::text, \
         current_setting('server_version_num'), \
         current_setting('auto_explain.log_min_duration', true), \
         current_setting('auto_explain.log_level', true), \
         current_setting('auto_explain.log_format', true), \
         current_setting('auto_explain.log_analyze', true), \
         (SELECT count(*) FROM pg_catalog.pg_settings WHERE name LIKE 'auto\\_explain.%')::text, \
         pg_catalog.quote_ident(current_user)";
    let row = connection.fetch_one(raw_sql(QUESTION)).await?;
    let text = |at: usize| row.try_get_unchecked::<Option<String>, _>(at);
    let database = text(0)?.unwrap_or_default();
    let found = Found {
        role: text(8)?.unwrap_or_default(),
        version: text(2)?
            .and_then(|version| version.parse().ok())
            .unwrap_or(0),
        min_duration: text(3)?.unwrap_or_default(),
        level: text(4)?.unwrap_or_default(),
        format: text(5)?.unwrap_or_default(),
        analyze: text(6)?.unwrap_or_default(),
        is_loaded: text(7)?.is_some_and(|count| count != "0"),
    };
    Ok((database, found.judge(plans, threshold)))
}

struct Found {
    /// Quoted, to stand in SQL.
    role: String,
    version: u32,
    min_duration: String,
    level: String,
    format: String,
    analyze: String,
    is_loaded: bool,
}

impl Found {
    fn judge(&self, plans: Plans, threshold: u128) -> Hooked {
        if !self.is_loaded {
            return Hooked::Refused {
                reason: format!("the role {} may not load auto_explain", self.role),
                remedy: Some(self.unlock(plans, threshold)),
            };
        }
        let refused = |reason: &str| Hooked::Refused {
            reason: format!("{reason}, and the role {} may not change it", self.role),
            remedy: Some(self.unlock(plans, threshold)),
        };
        let is_off = self.min_duration.starts_with('-');
        if is_off {
            return refused("auto_explain is loaded but silent (log_min_duration = -1)");
        }
        if self.level != "info" {
            return refused("auto_explain does not write to the client (log_level is not info)");
        }
        if self.format != "json" {
            return refused("auto_explain does not write JSON (log_format)");
        }
        let partial = |reason: &str| Hooked::Partial {
            reason: format!("{reason}, and the role {} may not change it", self.role),
            remedy: self.unlock(plans, threshold),
        };
        if self.analyze != "on" {
            return partial("without their rows (auto_explain.log_analyze is off)");
        }
        if milliseconds(&self.min_duration) > Some(threshold) {
            return partial("only of slower runs (auto_explain.log_min_duration)");
        }
        Hooked::Working
    }

    /// SQL for an administrator.
    fn unlock(&self, plans: Plans, threshold: u128) -> String {
        let role = &self.role;
        let mut sql =
            format!("ALTER ROLE {role} SET session_preload_libraries = 'auto_explain';\n");
        for setting in settings(plans, threshold) {
            sql.push_str(&format!("ALTER ROLE {role} {setting};\n"));
        }
        if self.version >= 150_000 {
            sql.push_str(&format!(
                "-- or, so that the app may set them itself:\n\
                 -- ALTER ROLE {role} SET session_preload_libraries = 'auto_explain';\n\
                 -- GRANT SET ON PARAMETER auto_explain.log_min_duration, auto_explain.log_level, \
                 auto_explain.log_format, auto_explain.log_analyze, auto_explain.log_timing, \
                 auto_explain.log_buffers, auto_explain.log_triggers, auto_explain.log_settings, \
                 auto_explain.log_nested_statements, auto_explain.sample_rate TO {role};\n"
            ));
        }
        sql.push_str("-- connections made from then on have it");
        sql
    }
}

/// `0`, `250ms`, `2s`, `1min` as PostgreSQL shows them.
fn milliseconds(setting: &str) -> Option<u128> {
    let digits = setting.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = setting.split_at(digits);
    let factor = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(number.parse::<u128>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            role: "app".to_owned(),
            version: 150_018,
            min_duration: "0".to_owned(),
            level: "info".to_owned(),
            format: "json".to_owned(),
            analyze: "on".to_owned(),
            is_loaded: true,
        }
    }

    #[test]
    fn the_state_is_judged_by_what_the_server_says() {
        let judge = |found: Found| found.judge(Plans::default(), 0);
        assert_eq!(judge(found()), Hooked::Working);
        assert!(matches!(
            judge(Found { is_loaded: false, ..found() }),
            Hooked::Refused { remedy: Some(remedy), .. }
                if remedy.contains("ALTER ROLE app SET session_preload_libraries")
                    && remedy.contains("GRANT SET ON PARAMETER")
        ));
        for silent in [
            Found {
                min_duration: "-1".to_owned(),
                ..found()
            },
            Found {
                level: "log".to_owned(),
                ..found()
            },
            Found {
                format: "text".to_owned(),
                ..found()
            },
        ] {
            assert!(matches!(judge(silent), Hooked::Refused { .. }));
        }
        for lesser in [
            Found {
                analyze: "off".to_owned(),
                ..found()
            },
            Found {
                min_duration: "250ms".to_owned(),
                ..found()
            },
        ] {
            assert!(matches!(judge(lesser), Hooked::Partial { .. }));
        }
        assert!(matches!(
            judge(Found { is_loaded: false, version: 140_000, ..found() }),
            Hooked::Refused { remedy: Some(remedy), .. } if !remedy.contains("GRANT")
        ));
    }

    #[test]
    fn durations_of_settings_are_read() {
        assert_eq!(milliseconds("0"), Some(0));
        assert_eq!(milliseconds("250ms"), Some(250));
        assert_eq!(milliseconds("2s"), Some(2_000));
        assert_eq!(milliseconds("x"), None);
    }
}
