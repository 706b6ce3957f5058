//! Settings files of a hub that cannot be used: it does not start, and says which setting is wrong.

use std::fs;

use anyhow::ensure;
use usher_tests::stage::programs::{Program, Programs, finish};

async fn check(text: &str, says: &str) -> anyhow::Result<()> {
    let (programs, folder) = (Programs::find()?, tempfile::tempdir()?);
    fs::write(folder.path().join("usher-gate-agent.toml"), text)?;
    let mut command = programs.command(Program::GateAgent);
    command.arg("--dir").arg(folder.path()).arg("run");
    let ended = finish(command).await?;
    ensure!(ended.code == Some(1), "{text}: {ended:?}");
    ensure!(
        ended.stderr.contains(says) && !ended.stderr.contains("panicked"),
        "{text}: {}",
        ended.stderr
    );
    Ok(())
}

#[tokio::test]
async fn a_setting_that_is_unknown_or_wrong_is_named() -> anyhow::Result<()> {
    check("lisen = \"127.0.0.1:0\"", "lisen").await?;
    check("listen = 4810", "listen").await?;
    check("http = \"nowhere\"", "http").await?;
    check("http = \"0.0.0.0:0\"", "http_in_the_clear = true").await?;
    check("enrolments = 8481", "enrolments").await?;
    check("tls_certificate = \"hub.pem\"", "tls_key").await?;
    check("peers = \"hub-b:4810\"", "peers").await?;
    check("peers = [\"hub b\"]", "peers").await?;
    check("home_timeout_ms = 99999999999999999999999", "refused").await?;
    check("home_timeout_ms = 0", "home_timeout_ms").await?;
    check("listen = ", "refused").await
}
