//! Holds the whole tree to the house rules: imports, sizes, names, purity, layout. What rustc, clippy, rustfmt and
//! cargo-deny already refuse is left to them.
//!
//! Each rule is a function from a tree of files to its breaches. Here the rules meet the project; in its own file each
//! meets a bad sample, so that a rule which has gone blind is noticed.

#[path = "house_rules/circles.rs"]
mod circles;
#[path = "house_rules/contract.rs"]
mod contract;
#[path = "house_rules/documented.rs"]
mod documented;
#[path = "house_rules/feed.rs"]
mod feed;
#[path = "house_rules/guide.rs"]
mod guide;
#[path = "house_rules/imports.rs"]
mod imports;
#[path = "house_rules/layout.rs"]
mod layout;
#[path = "house_rules/lean.rs"]
mod lean;
#[path = "house_rules/lints.rs"]
mod lints;
#[path = "house_rules/meanings.rs"]
mod meanings;
#[path = "house_rules/names.rs"]
mod names;
#[path = "house_rules/outcomes.rs"]
mod outcomes;
#[path = "house_rules/purity.rs"]
mod purity;
#[path = "house_rules/repeats.rs"]
mod repeats;
#[path = "house_rules/rights.rs"]
mod rights;
#[path = "house_rules/sizes.rs"]
mod sizes;
#[path = "house_rules/source.rs"]
mod source;
#[path = "house_rules/stores.rs"]
mod stores;
#[path = "house_rules/tree.rs"]
mod tree;
#[path = "house_rules/unfinished.rs"]
mod unfinished;
#[path = "house_rules/vocabulary.rs"]
mod vocabulary;

use tree::{Rule, Tree};

#[track_caller]
fn keep(rule: Rule) {
    let tree = Tree::of_the_project();
    assert!(
        tree.rust().count() > 10,
        "the rules see only {} Rust files",
        tree.rust().count()
    );
    let breaches = rule(&tree);
    let listed: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(
        breaches.is_empty(),
        "breaches: {}\n{}",
        breaches.len(),
        listed.join("\n")
    );
}

#[test]
fn crates_import_each_other_in_one_direction_only() {
    keep(imports::direction);
}

#[test]
fn files_and_modules_of_a_crate_import_each_other_in_no_circle() {
    keep(circles::circles);
}

#[test]
fn pure_crates_depend_on_nothing_that_has_effects() {
    keep(imports::pure_dependencies);
}

#[test]
fn only_the_link_knows_quinn_and_rustls() {
    keep(imports::quic_stays_in_the_link);
}

#[test]
fn handlers_of_organizers_take_nothing_unchecked() {
    keep(rights::handlers_are_checked);
}

#[test]
fn routes_of_organizers_take_only_handlers_that_check() {
    keep(rights::routes_are_checked);
}

#[test]
fn files_stay_under_their_limit() {
    keep(sizes::files);
}

#[test]
fn most_files_stay_short() {
    keep(sizes::most_files);
}

#[test]
fn tests_inside_a_file_stay_short() {
    keep(sizes::inline_tests);
}

#[test]
fn functions_stay_under_their_limit() {
    keep(sizes::functions);
}

#[test]
fn shipped_files_seldom_repeat_each_other() {
    keep(repeats::repetitions);
}

#[test]
fn handlers_stay_under_their_limit() {
    keep(sizes::handlers);
}

#[test]
fn no_file_or_folder_has_a_name_that_says_nothing() {
    keep(names::files);
}

#[test]
fn no_type_module_or_function_has_a_banned_name() {
    keep(names::declarations);
}

#[test]
fn a_public_type_name_stands_for_one_thing() {
    keep(meanings::doubles);
}

#[test]
fn what_is_public_says_what_it_is() {
    keep(documented::public_items);
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    keep(layout::first_line);
}

#[test]
fn every_crate_says_where_to_begin() {
    keep(layout::crate_pages);
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    keep(layout::top_level);
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    keep(layout::machine_paths);
}

#[test]
fn every_path_that_a_page_names_exists() {
    keep(layout::paths_on_pages);
}

#[test]
fn names_are_made_of_words_that_the_glossary_or_everybody_knows() {
    keep(vocabulary::names);
}

#[test]
fn the_glossary_explains_each_word_once() {
    keep(vocabulary::headwords);
}

#[test]
fn what_the_guide_says_is_decided_in_a_file_is_there() {
    keep(guide::names);
}

#[test]
fn what_proves_a_promise_is_a_test_a_check_or_a_rule_that_is_broken_on_purpose() {
    keep(guide::proofs);
}

#[test]
fn scripts_are_promised_every_outcome_of_a_scan() {
    keep(outcomes::promised);
}

#[test]
fn what_the_guide_says_is_decided_in_a_file_is_declared_there() {
    keep(guide::declarations);
}

#[test]
fn every_page_that_is_named_exists() {
    keep(layout::pages);
}

#[test]
fn sql_stays_in_the_stores() {
    keep(stores::sql);
}

#[test]
fn what_is_seen_of_an_event_is_fed_in_one_place() {
    keep(feed::one_feed);
}

#[test]
fn the_contract_of_the_store_calls_all_that_it_offers() {
    keep(contract::calls_all);
}

#[test]
fn stores_know_nothing_of_the_web() {
    keep(stores::web);
}

#[test]
fn pure_crates_touch_no_clock_file_socket_or_task() {
    keep(purity::effects);
}

#[test]
fn nothing_is_left_unfinished_or_skipped() {
    keep(unfinished::markers);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    keep(lints::inherited);
}

#[test]
fn every_clippy_file_repeats_the_shared_lines() {
    keep(lints::shared_clippy_lines);
}
