//! weave on SQLite, seen from outside. Needs no server.

mod common;

use common::{scenario, weave::sqlite};

#[test]
fn a_request_with_101_queries_shows_values_lines_and_plans() {
    scenario::n_plus_one(&sqlite());
}

#[test]
fn counts_are_the_same_in_every_way_of_capturing() {
    scenario::counts(&sqlite());
}

#[test]
fn ten_thousand_queries_in_one_request_are_all_there() {
    scenario::ten_thousand_queries(&sqlite());
}

#[test]
fn requests_side_by_side_keep_their_queries_apart() {
    scenario::side_by_side(&sqlite());
}

#[test]
fn every_ending_is_recorded_once() {
    scenario::endings(&sqlite());
}

#[test]
fn secrets_arrive_nowhere() {
    common::canary::nowhere(&sqlite());
}

#[test]
fn plans_come_by_themselves() {
    scenario::plans_by_themselves(&sqlite(), "estimated");
}

#[test]
fn the_loop_and_the_join_compare_as_the_slides_do() {
    common::compare::loop_and_join(&sqlite());
}

#[test]
fn one_query_is_proved_to_give_the_rows_of_its_loop() {
    common::prove::loops(&sqlite());
}
