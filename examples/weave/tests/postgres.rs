//! weave on PostgreSQL, seen from outside.

mod common;

use common::{scenario, weave::database_on};

const SERVER: &str = "SILK_TEST_POSTGRES";

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn a_request_with_101_queries_shows_values_lines_and_plans() {
    scenario::n_plus_one(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn counts_are_the_same_in_every_way_of_capturing() {
    scenario::counts(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn ten_thousand_queries_in_one_request_are_all_there() {
    scenario::ten_thousand_queries(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn requests_side_by_side_keep_their_queries_apart() {
    scenario::side_by_side(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn every_ending_is_recorded_once() {
    scenario::endings(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn secrets_arrive_nowhere() {
    common::canary::nowhere(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn plans_come_by_themselves() {
    scenario::plans_by_themselves(database_on(SERVER), "auto_explain");
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn the_loop_and_the_join_compare_as_the_slides_do() {
    common::compare::loop_and_join(database_on(SERVER));
}

#[test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
fn one_query_is_proved_to_give_the_rows_of_its_loop() {
    common::prove::loops(database_on(SERVER));
}
