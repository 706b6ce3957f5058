//! A second reader of tickets and records, in another language and from docs/PROTOCOL.md alone, agrees with ours on
//! thousands of valid, peculiar and damaged inputs.

#[path = "second_reader/answers.rs"]
mod answers;
#[path = "second_reader/inputs.rs"]
mod inputs;
#[path = "second_reader/python.rs"]
mod python;

use inputs::{Input, Inputs};
use usher_tests::hostile::scene::trust;

/// Inputs of both kinds.
const INPUTS: usize = 10_000;
/// The least of each kind that must be read and refused, so that agreement means something.
const AT_LEAST: usize = 300;

#[test]
fn a_second_reader_agrees_on_ten_thousand_tickets_and_records() -> anyhow::Result<()> {
    let trust = trust(1);
    let inputs = Inputs::draw(&trust, INPUTS);
    let theirs = python::read(&trust, &inputs)?;
    assert_eq!(theirs.len(), inputs.0.len(), "answers of the second reader");
    let (mut read, mut refused) = ([0; 2], [0; 2]);
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
    }
    assert!(
        read.iter().chain(&refused).all(|count| *count >= AT_LEAST),
        "too few that are read ({read:?}) or refused ({refused:?})"
    );
    Ok(())
}
