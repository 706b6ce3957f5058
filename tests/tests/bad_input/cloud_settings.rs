//! Settings files of the cloud that cannot be used: it does not start, and says which setting is wrong.

use std::fs;

use anyhow::ensure;
use usher_tests::stage::programs::{Program, Programs, finish};

async fn check(text: &str, says: &[&str]) -> anyhow::Result<()> {
    let (programs, folder) = (Programs::find()?, tempfile::tempdir()?);
    let file = folder.path().join("usher-cloud.toml");
    fs::write(&file, text)?;
    let mut command = programs.command(Program::Cloud);
    command
        .arg("serve")
        .arg("--config")
        .arg(&file)
        .current_dir(folder.path());
    let ended = finish(command).await?;
    let said = ended.stderr;
    ensure!(
        ended.code == Some(1),
        "{text}: ended with {:?}: {said}",
        ended.code
    );
    for part in says {
        ensure!(said.contains(part), "{text}: {part} is not in: {said}");
    }
    ensure!(
        said.matches("parse error").count() <= 1,
        "{text}: says it twice: {said}"
    );
    ensure!(!said.contains("panicked"), "{text}: {said}");
    ensure!(
        fs::read_dir(folder.path())?.count() == 1,
        "{text}: it has made files before it refused"
    );
    Ok(())
}

#[tokio::test]
async fn a_setting_that_is_unknown_or_wrong_is_named() -> anyhow::Result<()> {
    check("lisen = \"127.0.0.1:0\"", &["lisen"]).await?;
    check("[payments]\ngatway = \"sandbox\"", &["gatway"]).await?;
    check("listen = 8080", &["listen"]).await?;
    check("listen = \"nowhere\"", &["listen"]).await?;
    check("[reservations]\ndefault_seconds = \"ten\"", &["default_seconds"]).await?;
    check("[reservations]\ndefault_seconds = -1", &["default_seconds"]).await?;
    check(
        "[reservations]\ndefault_seconds = 0",
        &["reservations.default_seconds", "1 to 86400"],
    )
    .await?;
    check(
        "[reservations]\ndefault_seconds = 99999999999999999999999",
        &["not valid"],
    )
    .await?;
    check("[payments]\ngateway = \"gold\"", &["gold"]).await?;
    check("public_url = \"ftp://example.org\"", &["public_url", "http"]).await?;
    check("listen = ", &["not valid"]).await?;
    check("\u{0}", &["not valid"]).await
}

#[tokio::test]
async fn a_settings_file_that_is_not_there_is_named() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let mut command = programs.command(Program::Cloud);
    command.args(["serve", "--config", "nowhere.toml"]);
    let ended = finish(command).await?;
    let said = ended.stderr;
    assert_eq!(ended.code, Some(1), "{said}");
    assert!(said.contains("nowhere.toml"), "{said}");
    Ok(())
}
