//! A venue that sells elsewhere switches its gates: every command of docs/SWITCHING.md, in its order, as its shell would run it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SOUTH};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Ended, finish};
use usher_tests::stage::venue::{HUB_NORTH, Venue};

const GUIDE: &str = "../docs/SWITCHING.md";
/// How many tickets the seller's list has, the last of which is void.
const TICKETS: usize = 40;

/// Returns the blocks of commands, in their order.
fn blocks() -> anyhow::Result<Vec<String>> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join(GUIDE);
    let text = fs::read_to_string(guide)?;
    let fenced = text.split("```").skip(1).step_by(2);
    let shell = fenced.filter_map(|block| block.strip_prefix("sh\n"));
    Ok(shell.map(str::to_owned).collect())
}

/// The technician's shell.
struct Shell {
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Shell {
    async fn open(stage: &Stage, hub: &Path) -> anyhow::Result<Self> {
        let folder = stage.path("technician");
        fs::create_dir(&folder)?;
        let path = env::var("PATH").context("there is no PATH")?;
        let programs = stage.programs.folder().display();
        let environment = vec![
            ("PATH", format!("{programs}:{path}")),
            ("CLOUD", stage.cloud.config().display().to_string()),
            ("EVENT", stage.organizer.event.clone()),
            ("ROOT", stage.organizer.root().await?),
            ("USHER_HUB_DIR", hub.display().to_string()),
        ];
        Ok(Self { folder, environment })
    }

    async fn run(&self, commands: &str) -> anyhow::Result<Ended> {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", commands])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        finish(bash).await
    }

    /// Runs commands that must succeed, and returns what they printed.
    async fn does(&self, commands: &str) -> anyhow::Result<String> {
        let ended = self.run(commands).await?;
        ensure!(ended.code == Some(0), "{commands}{ended:?}");
        Ok(ended.stdout)
    }
}

fn code(number: usize) -> String {
    format!("0238{number:06}")
}

fn list() -> String {
    let status = |number| if number == TICKETS { "void" } else { "valid" };
    let line = |number| format!("{};Adult;{}\r\n", code(number), status(number));
    let lines: String = (1..=TICKETS).map(line).collect();
    format!("Barcode;Ticket type;Status\r\n{lines}")
}

/// Twenty tickets are judged: all would be let in but the void one, if that was drawn.
async fn rehearse(shell: &Shell, commands: &str) -> anyhow::Result<()> {
    let ended = shell.run(commands).await?;
    let last = ended.stdout.lines().last().unwrap_or_default();
    let is_right = match ended.code {
        Some(0) => last.starts_with("20 of 20 would be let in"),
        _ => last.starts_with("19 of 20 would be let in") && ended.stdout.contains("Cancelled"),
    };
    ensure!(is_right, "{ended:?}");
    Ok(())
}

/// The list of those who came in names these two, at the gate in the north.
fn check_used(shell: &Shell, numbers: [usize; 2]) -> anyhow::Result<()> {
    let used = fs::read_to_string(shell.folder.join("used.csv"))?;
    let lines: Vec<&str> = used.lines().collect();
    let is_headed = lines.len() == 3 && lines[0] == "code,let_in,first_at,gate";
    ensure!(is_headed, "{used}");
    for (line, number) in lines[1..].iter().zip(numbers) {
        let (begins, ends) = (format!("\"{}\",1,", code(number)), ",Gate North");
        ensure!(line.starts_with(&begins) && line.ends_with(ends), "{used}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_switching_does_what_it_says() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    venue.north.serve_phones().await?;
    venue.south.linked_to(HUB_NORTH).await?;
    let shell = Shell::open(&stage, venue.north.dir()).await?;
    fs::write(shell.folder.join("codes.csv"), list())?;
    let blocks = blocks()?;
    let [tickets, hubs, phones, rehearsal, back, after] = blocks.as_slice() else {
        anyhow::bail!("other blocks than the test knows: {blocks:#?}");
    };
    let begun = Instant::now();

    let said = shell.does(tickets).await?;
    ensure!(
        said.contains("nothing was written") && said.contains("40 new"),
        "{said}"
    );
    let south = venue.south.turnstile(SOUTH).await?;
    until("the hubs to know what is void", async || {
        let verdict = south.scan(&code(TICKETS)).await?;
        Ok((verdict.reason.as_deref() == Some("revoked")).then_some(()))
    })
    .await?;
    for line in hubs.lines() {
        // What they find of this machine may be wrong with it.
        let ended = shell.run(line).await?;
        ensure!(ended.code.is_some_and(|code| code < 2), "{line}: {ended:?}");
        ensure!(!ended.stdout.is_empty(), "{line} says nothing: {ended:?}");
    }
    let said = shell.does(phones).await?;
    ensure!(said.matches("handshake_version").count() == 2, "{said}");

    stage.cloud.process.kill9()?;
    rehearse(&shell, rehearsal).await?;
    let north = venue.north.turnstile(NORTH).await?;
    for number in [3, 7] {
        let verdict = north.scan(&code(number)).await?;
        ensure!(
            verdict.verdict == "admit",
            "rehearsing uses nothing up: {verdict:?}"
        );
    }
    stage.cloud.start_again().await?;

    for commands in [back, after] {
        shell.does(commands).await?;
        check_used(&shell, [3, 7])?;
    }
    ensure!(shell.folder.join("show.usher").is_file(), "there is no archive");
    eprintln!("the guide's commands took {:?}", begun.elapsed());
    Ok(())
}
