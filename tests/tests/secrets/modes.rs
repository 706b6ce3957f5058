//! Files and folders of every program are their owner's alone, however lax the umask, and refused when they are not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::folder::event_in;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::programs::{Ended, Program, Programs, finish};
use usher_tests::stage::scanner::Scanner;

/// Runs programs so that whatever they make is open to everyone unless they see to it themselves.
const LAX: [&str; 3] = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
/// Runs them so that nothing is.
const CAREFUL: [&str; 3] = ["sh", "-c", "umask 077; exec \"$0\" \"$@\""];

/// A cloud, a hub and a scanner that have worked for a day.
struct Site {
    stage: Stage,
    hub: Hub,
    scanner: Scanner,
}

impl Site {
    async fn work(programs: Programs) -> anyhow::Result<Self> {
        let stage = Stage::on_sale_by(programs, Places::FEW, "").await?;
        let setup = HubSetup {
            dir: stage.path("hub"),
            name: "Hub",
            peers: Vec::new(),
        };
        let mut hub = stage.hub(setup).await?;
        // The door for phones and the socket for pages keep files of their own.
        hub.serve_phones().await?;
        hub.serve_pages(&format!("{}/gate", stage.cloud.http.base()))
            .await?;
        hub.linked_to("cloud").await?;
        let code = hub.scanner_code().await?;
        let scanner = Scanner::enrol(&stage.programs, &stage.path("scanner"), &code).await?;
        let (first, second) = (
            stage.buyer().buy_one(STANDING).await?,
            stage.buyer().buy_one(STANDING).await?,
        );
        let verdict = hub.turnstile(NORTH).await?.scan(&first.payload).await?;
        ensure!(verdict.verdict == "admit", "{verdict:?}");
        let mut wedge = scanner.wedge(NORTH, &stage.path("wedge.out"))?;
        let shown = wedge.read(&second.payload).await?;
        ensure!(shown.outcome == "admitted", "{shown:?}");
        Ok(Self { stage, hub, scanner })
    }

    fn cloud(&self) -> &Path {
        self.stage.cloud.data_dir()
    }

    async fn run(&self, program: Program, arguments: &[&str]) -> anyhow::Result<Ended> {
        let mut command = self.stage.programs.command(program);
        match program {
            Program::Cloud => {
                command
                    .args(arguments)
                    .arg("--config")
                    .arg(self.stage.cloud.config());
            }
            Program::GateAgent => {
                command.arg("--dir").arg(self.hub.dir()).args(arguments);
            }
            Program::Scan => {
                command.arg("--dir").arg(self.scanner.dir()).args(arguments);
            }
            Program::Keys | Program::Psp => {
                command.args(arguments);
            }
        }
        finish(command).await
    }

    /// Opens something to others, and checks that every command of its program refuses with what to do.
    async fn refused(&self, path: &Path, mode: u32) -> anyhow::Result<()> {
        let before = fs::metadata(path)?.permissions().mode() & 0o777;
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        for (folder, program, commands) in self.commands() {
            if !path.starts_with(folder) {
                continue;
            }
            for arguments in commands {
                let ended = self.run(program, arguments).await?;
                let says = [
                    format!("{} (mode {mode:04o})", path.display()),
                    format!("chmod {before:o} {}", path.display()),
                ];
                ensure!(
                    ended.code != Some(0) && says.iter().all(|words| ended.stderr.contains(words)),
                    "{arguments:?} with {} open: {ended:?}",
                    path.display()
                );
            }
        }
        Ok(fs::set_permissions(path, Permissions::from_mode(before))?)
    }

    /// Returns where the event of a hub or scanner lies.
    fn event_of(folder: &Path) -> anyhow::Result<PathBuf> {
        Ok(event_in(folder)?.path().to_owned())
    }

    fn commands(&self) -> [(&Path, Program, &'static [&'static [&'static str]]); 3] {
        [
            (
                self.cloud(),
                Program::Cloud,
                &[&["serve"], &["audit"], &["organizer-key"]],
            ),
            (
                self.hub.dir(),
                Program::GateAgent,
                &[
                    &["run"],
                    &["audit"],
                    &["export"],
                    &["status"],
                    &["scanner-code"],
                    &["http-token", "--every-gate"],
                ],
            ),
            (
                self.scanner.dir(),
                Program::Scan,
                &[&["run", "--gate", "1", "--wedge"], &["status"], &["verify", "1"]],
            ),
        ]
    }
}

/// Lists everything in a folder, itself included, with the mode.
fn everything(path: &Path, found: &mut Vec<(PathBuf, u32)>) -> anyhow::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    found.push((path.to_owned(), metadata.permissions().mode() & 0o777));
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            everything(&entry?.path(), found)?;
        }
    }
    Ok(())
}

/// Checks that a folder holds what it should, and nothing that is not its owner's alone but settings.
fn check_private(folder: &Path, expected: &[&str]) -> anyhow::Result<()> {
    let mut found = Vec::new();
    everything(folder, &mut found)?;
    for name in expected {
        let is_there = found.iter().any(|(path, _)| path.ends_with(name));
        ensure!(is_there, "{name} is not in {}: {found:?}", folder.display());
    }
    for (path, mode) in found {
        let is_settings = path.extension().is_some_and(|extension| extension == "toml");
        let right = if path.is_dir() { 0o700 } else { 0o600 };
        ensure!(
            is_settings || mode == right,
            "{} has mode {mode:o}",
            path.display()
        );
    }
    Ok(())
}

async fn leaves_nothing_open(umask: &[&str]) -> anyhow::Result<()> {
    let site = Site::work(Programs::find()?.inside(umask)).await?;
    // Beside the running programs, which leave their files of the moment.
    for (program, arguments) in [
        (Program::Cloud, ["audit"]),
        (Program::GateAgent, ["audit"]),
        (Program::GateAgent, ["export"]),
    ] {
        let ended = site.run(program, &arguments).await?;
        ensure!(ended.code == Some(0), "{arguments:?}: {ended:?}");
    }
    // It holds the codes of tickets, and lies wherever one likes.
    let archive = site.stage.path("show.usher");
    let ended = site
        .run(Program::GateAgent, &["archive", path_of(&archive)?])
        .await?;
    ensure!(ended.code == Some(0), "{ended:?}");
    check_own(&archive)?;
    check_private(site.cloud(), &CLOUD_HOLDS)?;
    check_private(site.hub.dir(), &HUB_HOLDS)?;
    check_private(site.scanner.dir(), &["device.pem", "replica.db", "replica.lock"])?;
    check_own(&site.stage.organizer.file("root.pem"))
}

fn path_of(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("paths of tests are text")
}

/// Checks that a file is its owner's alone.
fn check_own(file: &Path) -> anyhow::Result<()> {
    let mode = fs::metadata(file)?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "{} has mode {mode:o}", file.display());
    Ok(())
}

/// What a running cloud has in its folder, among others.
const CLOUD_HOLDS: [&str; 8] = [
    "usher-cloud.db",
    "usher-cloud.db-wal",
    "usher-cloud.db-shm",
    "usher-cloud.commits",
    "sandbox.db",
    "listening.json",
    "serve.lock",
    "master.key",
];
/// What a running hub has in its folder and its event's, among others.
const HUB_HOLDS: [&str; 9] = [
    "service.lock",
    "listening.json",
    "device.pem",
    "replica.db",
    "replica.db-wal",
    "replica.db-shm",
    "replica.lock",
    "access.db",
    "pages.json",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_day_under_a_lax_umask_leaves_nothing_open_to_others() -> anyhow::Result<()> {
    leaves_nothing_open(&LAX).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_under_a_careful_umask_works_as_well() -> anyhow::Result<()> {
    leaves_nothing_open(&CAREFUL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_or_file_that_is_open_to_others_is_refused_with_what_to_do() -> anyhow::Result<()> {
    let mut site = Site::work(Programs::find()?).await?;
    site.hub.process.stop().await?;
    site.stage.cloud.process.stop().await?;
    let (hub, scanner) = (
        Site::event_of(site.hub.dir())?,
        Site::event_of(site.scanner.dir())?,
    );
    let folders = [site.cloud(), site.hub.dir(), &hub, site.scanner.dir(), &scanner];
    for folder in folders {
        site.refused(folder, 0o755).await?;
    }
    for (folder, files) in [
        (
            site.cloud(),
            ["usher-cloud.db", "usher-cloud.commits", "master.key"],
        ),
        (&hub, ["device.pem", "replica.db", "access.db"]),
        (&scanner, ["device.pem", "replica.db", "replica.lock"]),
    ] {
        for file in files {
            site.refused(&folder.join(file), 0o644).await?;
        }
    }
    site.stage.cloud.start_again().await?;
    site.hub.start_again().await
}

#[tokio::test]
async fn keys_are_not_signed_with_a_root_that_others_can_read() -> anyhow::Result<()> {
    let (programs, kept) = (Programs::find()?.inside(&LAX), tempfile::tempdir()?);
    let root = kept.path().join("root.pem");
    let path = root.to_str().unwrap_or_default();
    programs.run(Program::Keys, &["new-root", "--out", path]).await?;
    ensure!(fs::metadata(&root)?.permissions().mode() & 0o777 == 0o600);
    fs::set_permissions(&root, Permissions::from_mode(0o640))?;
    let mut command = programs.command(Program::Keys);
    command.args(["inspect", path]);
    let ended = finish(command).await?;
    let says = format!("chmod 600 {path}");
    ensure!(ended.code == Some(1) && ended.stderr.contains(&says), "{ended:?}");
    Ok(())
}
