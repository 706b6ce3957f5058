//! Replays what the fuzzer has collected (`tests/fuzz/corpus`) and thousands of small changes of it, without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use data_encoding::HEXLOWER;
use usher_tests::hostile::mutation::Mutation;
use usher_tests::hostile::{self, TARGETS};

/// Changed inputs of each target.
const MUTATIONS: usize = 2_000;
/// Where the changes start; any number would do.
const SEED: u64 = 20_261_121;
/// Size of all corpora at most, in bytes: they are replayed each time and travel with the source.
const CORPORA_BYTES: u64 = 1024 * 1024;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

/// An input under way; says which it was when it makes a target panic.
struct Thrown<'a> {
    from: String,
    bytes: &'a [u8],
}

impl Drop for Thrown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody is left to hear of it when this fails.
            let _ = writeln!(
                io::stderr().lock(),
                "{}, in hexadecimal: {}",
                self.from,
                HEXLOWER.encode(self.bytes)
            );
        }
    }
}

fn replay(name: &str) -> anyhow::Result<()> {
    let files = files(&fuzz_folder().join("corpus").join(name))?;
    let inputs: io::Result<Vec<Vec<u8>>> = files.iter().map(fs::read).collect();
    let inputs = inputs?;
    assert!(!inputs.is_empty(), "there is no corpus of {name}");
    let mut target = hostile::open(name);
    for (file, bytes) in files.iter().zip(&inputs) {
        let from = file.display().to_string();
        let thrown = Thrown { from, bytes };
        target(thrown.bytes);
    }
    let mut mutation = Mutation::new(SEED);
    for number in 1..=MUTATIONS {
        let bytes = mutation.of_one(&inputs);
        let from = format!("mutation {number} of {name} from seed {SEED}");
        let thrown = Thrown { from, bytes: &bytes };
        target(thrown.bytes);
    }
    Ok(())
}

#[test]
fn texts_of_codes_are_a_ticket_or_rejected() -> anyhow::Result<()> {
    replay("payload_text")
}

#[test]
fn codes_of_other_sellers_are_listed_or_none() -> anyhow::Result<()> {
    replay("foreign")
}

#[test]
fn signed_bytes_are_one_ticket_or_rejected() -> anyhow::Result<()> {
    replay("payload_bytes")
}

#[test]
fn records_that_say_anything_give_replicas_one_state() -> anyhow::Result<()> {
    replay("records")
}

#[test]
fn frames_are_read_strictly_or_refused() -> anyhow::Result<()> {
    replay("frames")
}

#[test]
fn a_session_gives_away_nothing_whatever_the_peer_says() -> anyhow::Result<()> {
    replay("session")
}

#[test]
fn what_a_record_proves_it_proves_for_ever() -> anyhow::Result<()> {
    replay("evidence")
}

#[test]
fn an_origin_with_one_history_is_never_convicted() -> anyhow::Result<()> {
    replay("fork_proofs")
}

#[test]
fn of_parts_of_checkpoints_only_what_was_cut_becomes_whole() -> anyhow::Result<()> {
    replay("checkpoint_parts")
}

#[test]
fn verdicts_are_those_of_the_rules() -> anyhow::Result<()> {
    replay("admission")
}

#[test]
fn settings_are_taken_or_refused_in_words() -> anyhow::Result<()> {
    replay("config")
}

#[test]
fn http_requests_are_answered_without_a_fault_of_ours() -> anyhow::Result<()> {
    replay("http")
}

#[test]
fn frames_give_the_text_of_their_code_or_none() -> anyhow::Result<()> {
    replay("eyes")
}

#[test]
fn archives_show_what_logs_hold_or_are_refused() -> anyhow::Result<()> {
    replay("archives")
}

#[test]
fn every_target_has_a_fuzzer_and_a_corpus_and_nothing_else_has() -> anyhow::Result<()> {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["corpus", "fuzz_targets"] {
        let files = files(&fuzz_folder().join(folder))?;
        let stems = files.iter().filter_map(|file| file.file_stem());
        let stems: BTreeSet<String> = stems.map(|stem| stem.to_string_lossy().into_owned()).collect();
        assert_eq!(stems, names, "{folder}");
    }
    let mut bytes = 0;
    for name in &names {
        for file in files(&fuzz_folder().join("corpus").join(name))? {
            bytes += fs::metadata(file)?.len();
        }
    }
    assert!(
        bytes <= CORPORA_BYTES,
        "{bytes} bytes of corpora: bring them down with `.ci/fuzz minimise`"
    );
    Ok(())
}
