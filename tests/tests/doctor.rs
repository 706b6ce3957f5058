//! What `doctor` of a cloud and of a hub says before anybody relies on them, while they run, and of what does not work.

use std::net::TcpListener;
use std::path::Path;

use anyhow::ensure;
use usher_keys::private;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;
use usher_tests::stage::programs::{Program, Programs, finish};
use usher_tests::stage::venue::Venue;

/// What it printed, and its exit code.
struct Said {
    text: String,
    code: Option<i32>,
}

impl Said {
    /// Expects an exit code and each of these at the beginning of a line.
    fn expect(&self, code: i32, begins: &[&str]) -> anyhow::Result<()> {
        let Self { text, code: ended } = self;
        ensure!(*ended == Some(code), "ended with {ended:?}:\n{text}");
        for begin in begins {
            ensure!(
                text.lines().any(|line| line.starts_with(begin)),
                "no line begins with {begin:?}:\n{text}"
            );
        }
        Ok(())
    }
}

async fn cloud(programs: &Programs, config: &Path) -> anyhow::Result<Said> {
    let mut command = programs.command(Program::Cloud);
    command.arg("doctor").arg("--config").arg(config);
    let ended = finish(command).await?;
    Ok(Said {
        text: ended.stdout + &ended.stderr,
        code: ended.code,
    })
}

async fn hub(programs: &Programs, dir: &Path, settings: Option<&Path>) -> anyhow::Result<Said> {
    let mut command = programs.command(Program::GateAgent);
    command.arg("--dir").arg(dir).arg("doctor");
    if let Some(settings) = settings {
        command.arg("--config").arg(settings);
    }
    let ended = finish(command).await?;
    Ok(Said {
        text: ended.stdout + &ended.stderr,
        code: ended.code,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_was_never_started_and_one_that_runs_are_well() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("usher-cloud.toml");
    let data_dir = folder.path().join("data");
    let settings = format!(
        "listen = \"127.0.0.1:0\"\nuplink_listen = \"127.0.0.1:0\"\ndata_dir = \"{}\"\n",
        data_dir.display()
    );
    std::fs::write(&config, &settings)?;
    let new = cloud(&programs, &config).await?;
    new.expect(
        0,
        &[
            "good  there is no data_dir",
            "LOOK  there is no master key yet",
            "good  the store at",
            "good  listen 127.0.0.1:0 is free",
            "LOOK  public_url is not set",
            "LOOK  payments.gateway is \"sandbox\"",
        ],
    )?;
    ensure!(!data_dir.exists(), "it has made {}", data_dir.display());

    let stage = Stage::empty("").await?;
    let running = cloud(&programs, stage.cloud.config()).await?;
    let listen = format!("good  listen {} is served", stage.cloud.listening.http);
    let uplink = format!("good  uplink_listen {} is served", stage.cloud.listening.uplink);
    running.expect(
        0,
        &[
            &listen,
            &uplink,
            "good  the master key can be read",
            "good  only its owner",
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cloud_cannot_work_with_is_said_with_what_to_do() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("usher-cloud.toml");
    std::fs::write(&config, "lisen = \"127.0.0.1:0\"\n")?;
    cloud(&programs, &config).await?.expect(1, &["WRONG "])?;

    let other = TcpListener::bind("127.0.0.1:0")?;
    let data_dir = folder.path().join("data");
    private::make_folder(&data_dir)?;
    std::fs::write(data_dir.join("usher-cloud.db"), "no database")?;
    let settings = format!(
        "listen = \"{}\"\nuplink_listen = \"127.0.0.1:0\"\nuplink_public = [\"nobody.invalid:7443\"]\ndata_dir = \"{}\"\n\
         [keys]\nmaster_key_file = \"{}\"\n",
        other.local_addr()?,
        data_dir.display(),
        folder.path().join("lost.key").display()
    );
    std::fs::write(&config, settings)?;
    let port = format!("WRONG listen {} is taken by another program", other.local_addr()?);
    cloud(&programs, &config).await?.expect(
        1,
        &[
            &port,
            "WRONG the name in uplink_public nobody.invalid:7443",
            "WRONG opening the store at",
            "WRONG the master key",
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_well_while_it_runs_and_told_when_the_cloud_does_not_answer() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let dir = venue.north.dir();
    let answers = format!("good  the cloud answers at {}", stage.cloud.listening.uplink);
    let http = format!("good  http {} is served", venue.north.listening.http);
    let running = hub(&stage.programs, dir, None).await?;
    running.expect(
        0,
        &[
            &answers,
            &http,
            "good  Hub North of Night of the Owls: its certificate ends",
        ],
    )?;

    stage.cloud.process.kill9()?;
    let silent = format!("LOOK  nothing answers at {}", stage.cloud.listening.uplink);
    hub(&stage.programs, dir, None).await?.expect(0, &[&silent])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_no_hub_yet_is_told_so_and_loses_no_setting() -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("hub");
    private::make_folder(&dir)?;
    hub(&programs, &dir, None)
        .await?
        .expect(1, &["WRONG this machine is not a hub yet"])?;
    ensure!(std::fs::read_dir(&dir)?.next().is_none(), "it has made something");

    let settings = folder.path().join("usher-gate-agent.toml");
    std::fs::write(&settings, "http = \"0.0.0.0:8480\"\n")?;
    hub(&programs, &dir, Some(&settings))
        .await?
        .expect(1, &["WRONG the setting http"])
}
