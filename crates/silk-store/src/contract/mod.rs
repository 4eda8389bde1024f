//! What every store must do: one suite, run over each.
//!
//! Each test takes an empty store. [`contract_tests!`](crate::contract_tests) makes a test function
//! of each.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "these are tests: to panic is how they fail"
)]

pub mod across;
mod driving;
mod filters;
pub mod findings;
pub mod fixture;
pub mod lists;
pub mod lives;
pub mod plans;
pub mod records;
pub mod retention;
pub mod sums;
pub mod time;

/// Makes a test of each part of the contract; the argument is a function that takes the name of
/// the test and returns an empty store with whatever must live as long.
#[macro_export]
macro_rules! contract_tests {
    ($empty:path) => {
        $crate::contract_tests! { @ $empty =>
            records::round_trip_of_every_field,
            records::a_batch_written_again_changes_nothing,
            records::a_batch_is_stored_whole_beside_known_requests,
            records::hostile_texts_come_back,
            records::ten_thousand_queries_come_back,
            records::nothing_is_found_in_an_empty_store,
            records::plans_are_kept_and_listed,
            records::clear_removes_everything,
            records::closing_loses_nothing,
            records::requests_of_other_runs_keep_their_run,
            lists::each_filter_selects,
            lists::filters_combine,
            lists::stars_stand_for_any_text,
            lists::too_many_stars_are_refused,
            lists::pages_cover_all_under_every_sort_and_filter,
            lists::ties_are_broken_by_id,
            lists::pages_cover_all_while_writes_go_on,
            lists::limits_are_kept,
            lists::any_cursor_is_taken,
            sums::routes_are_summed,
            sums::counted_requests_count,
            sums::windows_are_kept,
            sums::statements_are_listed_and_sorted,
            sums::a_statement_tells_who_runs_it,
            sums::percentiles_of_a_statement_are_of_calls,
            sums::calls_without_a_duration_are_in_no_percentile,
            findings::counts_are_of_the_window,
            findings::the_newest_are_summed_of_too_many,
            across::lines_are_summed,
            across::lines_of_the_same_time_keep_their_order,
            across::the_rest_of_many_statements_is_told,
            across::a_route_tells_its_builds,
            across::a_route_tells_what_it_ran,
            across::a_sample_is_of_the_newest,
            across::what_is_accepted_stays_until_withdrawn,
            across::acceptances_are_bounded,
            lives::a_life_is_summed,
            lives::fixed_is_what_enough_requests_had_not,
            lives::new_is_what_builds_before_had_not,
            lives::without_builds_nothing_is_guessed,
            lives::what_code_accepts_is_seen,
            lives::people_accept_until_a_build,
            lives::lives_are_kept_as_figures_are,
            lives::lives_are_bounded,
            plans::every_field_of_a_plan_survives,
            plans::of_a_form_the_slowest_plan_stays,
            plans::the_newest_plan_that_was_asked_for_stays,
            plans::sights_are_summed,
            plans::changes_are_told,
            plans::a_batch_written_again_counts_once,
            plans::forms_are_bounded,
            plans::plans_and_sights_grow_old,
            retention::by_age,
            retention::by_count,
            retention::by_bytes,
            retention::figures_outlive_requests,
            retention::within_the_budget_nothing_goes,
            time::requests_of_all_times_are_listed,
            time::any_window_is_taken,
            time::any_clock_is_taken,
            time::a_clock_that_ran_ahead_wipes_nothing,
            time::a_long_pause_only_delays,
        }
    };
    (@ $empty:path => $($module:ident :: $test:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (store, _alive) = $empty(stringify!($test));
                $crate::contract::$module::$test(&store).await;
            }
        )*
    };
}
