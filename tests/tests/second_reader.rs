//! A second reader of tickets and records, in another language and from docs/PROTOCOL.md alone, agrees with ours on
//! thousands of valid, peculiar and damaged inputs.

#[path = "second_reader/answers.rs"]
mod answers;
#[path = "second_reader/inputs.rs"]
mod inputs;
#[path = "second_reader/python.rs"]
mod python;

use std::collections::BTreeMap;

use inputs::{Input, Inputs};
use serde_json::Value;
use usher_tests::hostile::scene::trust;

/// Inputs of both kinds.
const INPUTS: usize = 10_000;
/// The least of each kind that must be read and refused, so that agreement means something.
const AT_LEAST: usize = 300;
/// The least of records of each sort: by each worth of what needs a proof, and of a later version.
const OF_EACH_SORT: usize = 20;
/// The sorts.
const SORTS: [&str; 10] = [
    "code proven",
    "code false",
    "code unknown_key",
    "certificate proven",
    "certificate false",
    "certificate unknown_key",
    "fork proof proven",
    "fork proof false",
    "later",
    "malformed",
];

#[test]
fn a_second_reader_agrees_on_ten_thousand_tickets_and_records() -> anyhow::Result<()> {
    let trust = trust(1);
    let inputs = Inputs::draw(&trust, INPUTS);
    let theirs = python::read(&trust, &inputs)?;
    assert_eq!(theirs.len(), inputs.0.len(), "answers of the second reader");
    let (mut read, mut refused) = ([0; 2], [0; 2]);
    let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (input, theirs)) in inputs.0.iter().zip(&theirs).enumerate() {
        let ours = answers::ours(&trust, input);
        assert_eq!(&ours, theirs, "ours and theirs of input {number}: {input}");
        let kind = usize::from(matches!(input, Input::Record { .. }));
        let counts = if ours.get("ok").is_some() {
            &mut read
        } else {
            &mut refused
        };
        counts[kind] += 1;
        *sorts.entry(sort_of(&ours)).or_default() += 1;
    }
    assert!(
        read.iter().chain(&refused).all(|count| *count >= AT_LEAST),
        "too few that are read ({read:?}) or refused ({refused:?})"
    );
    let seen = |sort: &&str| sorts.get(*sort).copied().unwrap_or(0);
    let rare: Vec<_> = SORTS.iter().filter(|sort| seen(sort) < OF_EACH_SORT).collect();
    assert!(rare.is_empty(), "too few of {rare:?}: {sorts:?}");
    Ok(())
}

/// What a record that was read rests on and what it is worth, or why it was not read.
fn sort_of(answer: &Value) -> String {
    let body = answer["ok"]["body"].as_object();
    let kind = body.and_then(|body| body.keys().next());
    let rests_on = kind.map(|kind| match kind.as_str() {
        "admitted" | "exited" | "overridden" | "withdrawn" | "annulled" => "code",
        "device_enrolled" | "opened" | "renewed" => "certificate",
        "fork_seen" => "fork proof",
        _ => "nothing",
    });
    match (rests_on, answer["worth"].as_str(), answer["no"].as_str()) {
        (Some(rests_on), Some(worth), _) => format!("{rests_on} {worth}"),
        (_, _, Some(no)) => no.to_owned(),
        (_, _, None) => "a ticket".to_owned(),
    }
}
