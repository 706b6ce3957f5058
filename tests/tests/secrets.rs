//! What must never stand in a log does not, whatever is logged: a day of sales and scans with every program at its most
//! talkative, mishaps included, and then a look into all that was written. And what is kept is open to nobody else.

#[path = "secrets/day.rs"]
mod day;
#[path = "secrets/forger.rs"]
mod forger;
#[path = "secrets/modes.rs"]
mod modes;
#[path = "secrets/needles.rs"]
mod needles;

use std::fs;

use anyhow::ensure;
use data_encoding::BASE64;
use day::Day;
use needles::Needles;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;

/// Longest number that is no code: a timestamp in nanoseconds.
const DIGITS: usize = 25;
/// Longest run of digits in bytes that are written in hex.
const DIGITS_IN_HEX: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn no_key_token_code_or_address_stands_in_any_log() -> anyhow::Result<()> {
    let day = Day::play().await?;
    let needles = Needles::of(&day).await?;
    for log in &day.logs {
        ensure!(
            log.text.lines().count() >= 3,
            "{} has said next to nothing",
            log.name
        );
        let found = needles.found_in(&log.text);
        ensure!(
            found.is_empty(),
            "in the log of {}:\n{}",
            log.name,
            found.join("\n")
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_clouds_database_and_not_its_master_key_has_no_key() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let keys = needles::sealed_keys(&stage).await?;
    for file in fs::read_dir(stage.cloud.data_dir())? {
        let file = file?.path();
        let bytes = fs::read(&file)?;
        for key in &keys {
            let seed = needles::seed(key);
            // As it is, and as in the middle of a PEM file.
            let pem = BASE64.encode(&key.to_pkcs8_der());
            let lies_open = [seed.as_slice(), &pem.as_bytes()[pem.len() - 40..]]
                .iter()
                .any(|part| bytes.windows(part.len()).any(|found| found == *part));
            ensure!(!lies_open, "{} holds a key that is not sealed", file.display());
        }
    }
    Ok(())
}

#[test]
fn what_is_looked_for_is_found() {
    let mut needles = Needles::default();
    needles.word("the API key", "uok_secret");
    needles.bytes("the seed of a key", &[7; 32]);
    for (line, what) in [
        ("WARN key=uok_secret", "the API key"),
        ("DEBUG seed=07070707070707070707070707070707", "the seed"),
        ("DEBUG seed=[7, 7, 7, 7, 7, 7, 7, 7, 7, 7]", "the seed"),
        ("DEBUG BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "the seed"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ("sent to ann@example.org", "an e-mail address"),
        (
            "code=29268841059484417070379739463027384513677",
            "the text of a code",
        ),
        (
            "text=\"\\n29268841059484417070379739463027384513677\"",
            "the text of a code",
        ),
        (&format!("decode{}", "29268841".repeat(20)), "the text of a code"),
        ("usher-enrol:F2h0dHBzOi8", "an enrolment code"),
    ] {
        let found = needles.found_in(line);
        assert!(
            found.iter().any(|found| found.contains(what)),
            "{what} is not found in {line}: {found:?}"
        );
    }
    let harmless = "2026-11-21T22:49:56.123456Z INFO serving http=127.0.0.1:40001 seq=18446744073709551615";
    assert!(needles.found_in(harmless).is_empty());
}
