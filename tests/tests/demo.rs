//! The demo as `make demo ONCE=1` runs it.

use usher_tests::stage::programs::{Programs, finish};

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_the_demo_comes_out_as_told() -> anyhow::Result<()> {
    Programs::find()?;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_usher-demo"));
    command.arg("--once");
    let ended = finish(command).await?;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(
        !ended.stdout.contains("FAIL") && !ended.stdout.contains('\x1b'),
        "{}",
        ended.stdout
    );
    Ok(())
}
