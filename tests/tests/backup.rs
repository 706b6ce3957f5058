//! Backups of a cloud: made while it sells, restored, and older than what its hubs have heard.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Buyer};
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Ended, Program, Programs, finish};
use usher_tests::stage::turnstile::Turnstile;

/// What an audit says when nothing is wrong.
const SOUND: &str = "every page, log, ticket and booking is sound";
/// Buyers that buy while a backup is made.
const BUYERS: usize = 8;
/// Tickets that each of them buys.
const TICKETS_EACH: usize = 6;

/// Runs a command of the cloud's program with the settings of the stage.
async fn cloud(
    programs: &Programs,
    stage: &Stage,
    command: &str,
    file: Option<&Path>,
) -> anyhow::Result<Ended> {
    let mut run = programs.command(Program::Cloud);
    run.arg(command)
        .arg("--config")
        .arg(stage.cloud.config())
        .args(file);
    finish(run).await
}

/// Asks for the halted events to go on.
async fn resume(programs: &Programs, stage: &Stage, more: &[&str]) -> anyhow::Result<Ended> {
    let mut run = programs.command(Program::Cloud);
    run.args(["resume", "--config"])
        .arg(stage.cloud.config())
        .args(more);
    finish(run).await
}

/// Nothing is sold, and nothing is ordered.
async fn is_halted(stage: &Stage, ticket: &BoughtTicket) -> anyhow::Result<()> {
    let sold = stage.buyer().buy_one(STANDING).await;
    ensure!(sold.is_err(), "it sells");
    let path = stage
        .organizer
        .path(&format!("tickets/{}/revoke", ticket.ticket_id));
    let ordered = stage.organizer.http.send(Method::POST, &path, None).await?;
    ensure!(
        ordered.status == 409 && ordered.text().contains("old-copy"),
        "{}",
        ordered.text()
    );
    let ready = stage.cloud.http.get("/readyz").await?.text();
    ensure!(ready.contains("HALTED"), "{ready}");
    Ok(())
}

#[track_caller]
fn says(ended: &Ended, code: i32, texts: &[&str]) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(ended.code == Some(code), "{ended:?}");
    for text in texts {
        assert!(said.contains(text), "{text:?} is not in {said:?}");
    }
}

/// Loses the disk of the cloud's database; what else is in its folder stays.
fn lose_database(stage: &Stage) -> anyhow::Result<PathBuf> {
    let database = stage.cloud.data_dir().join("usher-cloud.db");
    for end in ["db", "db-wal", "db-shm"] {
        let file = database.with_extension(end);
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(database)
}

async fn buy_some(buyer: Buyer) -> anyhow::Result<Vec<BoughtTicket>> {
    let mut tickets = Vec::new();
    for _ in 0..TICKETS_EACH {
        tickets.push(buyer.buy_one(STANDING).await?);
    }
    Ok(tickets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_made_while_buyers_buy_sells_on_once_it_is_restored_and_resumed()
-> anyhow::Result<()> {
    let places = Places {
        standing: 100,
        ..Places::FEW
    };
    let mut stage = Stage::on_sale_with(places, "").await?;
    let (programs, backup) = (stage.programs.clone(), stage.path("backup.db"));
    let before = stage.buyer().buy_one(SEATED).await?;
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        buyers.spawn(buy_some(stage.buyer()));
    }
    let made = cloud(&programs, &stage, "backup", Some(&backup)).await?;
    says(&made, 0, &[SOUND, "master key"]);
    for bought in buyers.join_all().await {
        bought?;
    }
    let again = cloud(&programs, &stage, "backup", Some(&backup)).await?;
    says(&again, 1, &["is there already"]);
    let running = cloud(&programs, &stage, "restore", Some(&backup)).await?;
    says(&running, 1, &["another usher-cloud uses"]);
    stage.cloud.process.kill9()?;
    let there = cloud(&programs, &stage, "restore", Some(&backup)).await?;
    says(&there, 1, &["a store is there already"]);

    lose_database(&stage)?;
    let restored = cloud(&programs, &stage, "restore", Some(&backup)).await?;
    says(&restored, 0, &[SOUND, "commits more", "usher-cloud resume"]);
    stage.cloud.start_again().await?;
    is_halted(&stage, &before).await?;
    // Nobody can know whether a hub was enrolled since.
    let doubtful = resume(&programs, &stage, &[]).await?;
    says(&doubtful, 1, &["knows no hub", "stays halted", "two histories"]);
    stage.cloud.process.stop().await?;
    stage.cloud.start_again().await?;
    is_halted(&stage, &before).await?;
    let resumed = resume(&programs, &stage, &["--accept-loss"]).await?;
    says(&resumed, 0, &["resumed", "Start the servers of this store again"]);
    stage.cloud.process.stop().await?;
    stage.cloud.start_again().await?;
    says(&resume(&programs, &stage, &[]).await?, 0, &["nothing is halted"]);
    let kept = stage.buyer().ticket(&before.ticket_id).await?;
    ensure!(kept.payload == before.payload, "{before:?} is {kept:?} now");
    stage.buyer().buy_one(STANDING).await?;
    says(&cloud(&programs, &stage, "audit", None).await?, 0, &[SOUND]);
    Ok(())
}

/// Asks for two people with a ticket for one: denied in any case, so that the ticket is not used up.
async fn reason(turnstile: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<String> {
    let request = json!({ "payload": ticket.payload, "gate": NORTH, "persons": 2 });
    let verdict: Value = turnstile.ask(&request).await?.expect(200)?.json()?;
    Ok(verdict["reason"].as_str().unwrap_or_default().to_owned())
}

/// Loses all that the cloud has, restores a backup and starts again: nothing remembers that there was a newer store.
async fn restore_on_a_new_machine(stage: &mut Stage, backup: &Path) -> anyhow::Result<()> {
    let database = lose_database(stage)?;
    fs::remove_file(database.with_extension("commits"))?;
    let programs = stage.programs.clone();
    let restored = cloud(&programs, stage, "restore", Some(backup)).await?;
    says(&restored, 0, &[SOUND]);
    stage.cloud.start_again().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_put_in_place_by_hand_sells_nothing_until_it_is_resumed() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let (programs, backup) = (stage.programs.clone(), stage.path("backup.db"));
    let before = stage.buyer().buy_one(SEATED).await?;
    let made = cloud(&programs, &stage, "backup", Some(&backup)).await?;
    says(&made, 0, &[SOUND]);
    stage.buyer().buy_one(SEATED).await?;
    stage.cloud.process.stop().await?;

    // A backup with its note, and a copy that has none.
    let database = lose_database(&stage)?;
    fs::copy(&backup, &database)?;
    fs::copy(
        backup.with_extension("commits"),
        database.with_extension("commits"),
    )?;
    stage.cloud.start_again().await?;
    is_halted(&stage, &before).await?;
    resume_and_stop(&programs, &mut stage).await?;
    fs::remove_file(database.with_extension("commits"))?;
    stage.cloud.start_again().await?;
    is_halted(&stage, &before).await?;
    resume_and_stop(&programs, &mut stage).await?;

    // Whole and with its own note, which nobody but the operator can tell from the store itself.
    stage.cloud.start_again().await?;
    let running = cloud(&programs, &stage, "restore", None).await?;
    says(&running, 1, &["another usher-cloud uses"]);
    stage.cloud.process.stop().await?;
    says(
        &cloud(&programs, &stage, "restore", None).await?,
        0,
        &["1 events are halted"],
    );
    stage.cloud.start_again().await?;
    is_halted(&stage, &before).await
}

/// Resumes all, sees that it sells, and stops the cloud.
async fn resume_and_stop(programs: &Programs, stage: &mut Stage) -> anyhow::Result<()> {
    says(
        &resume(programs, stage, &["--accept-loss"]).await?,
        0,
        &["resumed"],
    );
    stage.cloud.process.stop().await?;
    stage.cloud.start_again().await?;
    stage.buyer().buy_one(STANDING).await?;
    says(&cloud(programs, stage, "audit", None).await?, 0, &[SOUND]);
    stage.cloud.process.stop().await
}

async fn hub_in_the_north(stage: &Stage) -> anyhow::Result<Hub> {
    let code = stage.organizer.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: stage.path("north"),
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&stage.programs, setup, &code).await?;
    hub.linked_to("cloud").await?;
    Ok(hub)
}

async fn is_denied(turnstile: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<()> {
    until("the hub to deny a revoked ticket", async || {
        Ok((reason(turnstile, ticket).await? == "revoked").then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_on_an_older_backup_writes_on_only_when_the_hubs_have_given_its_log_back()
-> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let programs = stage.programs.clone();
    let mut hub = hub_in_the_north(&stage).await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let buyer = stage.buyer();
    let (lost, next) = (buyer.buy_one(SEATED).await?, buyer.buy_one(SEATED).await?);
    let backup = stage.path("backup.db");
    says(
        &cloud(&programs, &stage, "backup", Some(&backup)).await?,
        0,
        &[SOUND],
    );

    // The hub hears what the backup does not hold.
    stage.organizer.revoke(&lost.ticket_id).await?;
    is_denied(&turnstile, &lost).await?;
    stage.cloud.process.kill9()?;
    hub.process.kill9()?;
    restore_on_a_new_machine(&mut stage, &backup).await?;
    is_halted(&stage, &next).await?;
    let unheard = resume(&programs, &stage, &[]).await?;
    says(
        &unheard,
        1,
        &["not linked since it was halted: north", "--accept-loss"],
    );
    is_halted(&stage, &next).await?;

    hub.start_again().await?;
    until("the cloud to say that it is older than its hub", async || {
        let logged = stage.cloud.process.logged()?;
        Ok(logged.contains("the database is an older copy").then_some(()))
    })
    .await?;
    until(
        "the log to come back, and nothing to speak against going on",
        async || {
            let resumed = resume(&programs, &stage, &[]).await?;
            Ok((resumed.code == Some(0)).then_some(()))
        },
    )
    .await?;
    stage.cloud.process.stop().await?;
    stage.cloud.start_again().await?;
    stage.organizer.revoke(&next.ticket_id).await?;
    for ticket in [&lost, &next] {
        is_denied(&turnstile, ticket).await?;
    }
    let devices = stage.organizer.devices().await?.devices;
    ensure!(!devices.iter().any(|device| device.frozen), "{devices:?}");
    ensure!(stage.organizer.incidents().await?.is_empty(), "an incident");
    ensure!(hub.status().await?.incidents.is_empty(), "an incident at the hub");
    stage.buyer().buy_one(STANDING).await?;
    says(&cloud(&programs, &stage, "audit", None).await?, 0, &[SOUND]);
    Ok(())
}

/// Runs the script beside the cloud's crate that backs a PostgreSQL store up.
async fn script(arguments: [&OsStr; 3]) -> anyhow::Result<Ended> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloud/backup-postgres");
    let path = std::env::join_paths([usher_test_postgres::programs()].into_iter().chain(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()),
    ))?;
    let mut run = Command::new(script);
    run.args(arguments).env("PATH", path);
    finish(run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_for_postgres_makes_a_backup_while_the_cloud_sells_and_restores_it() -> anyhow::Result<()>
{
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let restored = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let settings = format!("store.url = \"{database}\"");
    let stage = Stage::on_sale_with(Places::FEW, &settings).await?;
    let programs = stage.programs.clone();
    for command in ["backup", "restore"] {
        let refused = cloud(&programs, &stage, command, Some(&stage.path("store.db"))).await?;
        says(&refused, 1, &["its own tools", "docs/OPERATIONS.md"]);
    }
    let before = stage.buyer().buy_one(SEATED).await?;
    let backup = stage.path("store.dump");
    let made = script(["backup".as_ref(), database.as_ref(), backup.as_ref()]).await?;
    says(&made, 0, &["master key"]);
    let taken = script(["backup".as_ref(), database.as_ref(), backup.as_ref()]).await?;
    says(&taken, 1, &["is there already"]);
    let after = stage.buyer().buy_one(SEATED).await?;

    let full = script(["restore".as_ref(), backup.as_ref(), database.as_ref()]).await?;
    says(&full, 1, &["the database is not empty"]);
    let done = script(["restore".as_ref(), backup.as_ref(), restored.as_ref()]).await?;
    says(&done, 0, &["restored, and halted"]);
    let there = programs.with("USHER_CLOUD__STORE__URL", restored.clone());
    // By the clock of this machine, devices that linked before the backup would have linked since.
    let late = there.off_by("-900s")?;
    cloud(&late, &stage, "restore", None).await?;
    let off = "SELECT count(*) FROM halts WHERE abs(since - extract(epoch FROM now()) * 1000) > 300000";
    let database = restored.clone();
    let off = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, off)).await?;
    ensure!(off.trim() == "0", "{off} halts are dated by a machine's clock");
    for ended in [
        resume(&there, &stage, &[]).await?,
        cloud(&there, &stage, "restore", None).await?,
        resume(&there, &stage, &[]).await?,
    ] {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        ensure!(said.contains("halted"), "{said}");
    }
    says(
        &resume(&there, &stage, &["--accept-loss"]).await?,
        0,
        &["resumed"],
    );
    says(
        &cloud(&there, &stage, "audit", None).await?,
        0,
        &[SOUND, "1 tickets"],
    );
    let payloads = "SELECT payload FROM tickets";
    let payloads = tokio::task::spawn_blocking(move || usher_test_postgres::run(&restored, payloads)).await?;
    ensure!(
        payloads.contains(&before.payload) && !payloads.contains(&after.payload),
        "{payloads}"
    );
    Ok(())
}
