//! Who becomes a device of an event and who does not, over the real programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Ended, Program, finish};
use usher_tests::stage::scanner::Scanner;
use usher_tests::stage::venue::{HUB_NORTH, Side, Venue};

async fn enrol(stage: &Stage, program: Program, name: &str, code: &str) -> anyhow::Result<Ended> {
    let mut command = stage.programs.command(program);
    command
        .arg("--dir")
        .arg(stage.path(name))
        .args(["enroll", code, "--name", name]);
    finish(command).await
}

#[track_caller]
fn check_refused(ended: &Ended, says: &str) {
    assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
    assert!(
        ended.stderr.contains(says),
        "{says:?} is not in: {}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_makes_one_device_and_no_second_one() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let code = stage.organizer.enrolment_code(Role::Scanner, "").await?;
    let first = enrol(&stage, Program::Scan, "first", &code).await?;
    assert_eq!(first.code, Some(0), "{first:?}");
    check_refused(&enrol(&stage, Program::Scan, "second", &code).await?, "used");
    check_refused(&enrol(&stage, Program::Scan, "first", &code).await?, "already");
    let devices = stage.organizer.devices().await?.devices;
    assert_eq!(
        devices
            .iter()
            .map(|device| device.name.as_str())
            .collect::<Vec<_>>(),
        ["first"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_are_cut_short_altered_or_for_another_role_enrol_nobody() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let code = stage.organizer.enrolment_code(Role::Hub, "").await?;
    let (cut, mut altered) = (&code[..code.len() - 4], code.clone());
    let place = altered.len() - 8..altered.len() - 7;
    let other = if &altered[place.clone()] == "A" { "B" } else { "A" };
    altered.replace_range(place, other);
    for wrong in ["", "hello", "usher-enrol:", cut] {
        check_refused(&enrol(&stage, Program::GateAgent, "hub", wrong).await?, "code");
    }
    let ended = enrol(&stage, Program::GateAgent, "hub", &altered).await?;
    ensure!(ended.code != Some(0), "an altered code enrolled a hub");
    check_refused(
        &enrol(&stage, Program::Scan, "scanner", &code).await?,
        "code is for",
    );
    assert!(
        stage
            .organizer
            .devices()
            .await?
            .devices
            .iter()
            .all(|device| device.role == "hub")
    );
    Ok(())
}

/// Loses every file of a folder and of those in it but the device's key.
fn forget_all_but_the_key(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget_all_but_the_key(&path)?;
        } else if !path.ends_with("device.pem") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_has_lost_its_disk_needs_a_fresh_key() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let setup = HubSetup {
        dir: stage.path("hub"),
        name: "hub",
        peers: Vec::new(),
    };
    let first = stage.organizer.enrolment_code(Role::Hub, "hub").await?;
    let mut hub = Hub::enrol(&stage.programs, setup, &first).await?;
    hub.linked_to("cloud").await?;
    until("the cloud to hold the hub's log", async || {
        let devices = stage.organizer.devices().await?.devices;
        let hub = devices.iter().find(|device| device.role == "hub");
        Ok(hub.is_some_and(|hub| hub.records_behind == 0).then_some(()))
    })
    .await?;
    hub.process.stop().await?;
    forget_all_but_the_key(hub.dir())?;
    let second = stage.organizer.enrolment_code(Role::Hub, "hub").await?;
    for code in [&first, &second] {
        check_refused(
            &enrol(&stage, Program::GateAgent, "hub", code).await?,
            "fresh folder",
        );
    }
    let fresh = enrol(&stage, Program::GateAgent, "fresh", &second).await?;
    assert_eq!(fresh.code, Some(0), "{fresh:?}");
    assert!(fresh.stdout.contains("\"Night of the Owls\""), "{fresh:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_cloud_gone_a_hub_enrols_a_spare_scanner_that_scans_at_once() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let buyer = stage.buyer();
    let ticket = buyer.buy_one(STANDING).await?;
    let picture = buyer.save_code(&ticket, &stage.path("")).await?;
    let from_the_cloud = stage.organizer.enrolment_code(Role::Scanner, "").await?;
    stage.cloud.process.kill9()?;

    check_refused(
        &enrol(&stage, Program::Scan, "late", &from_the_cloud).await?,
        "cannot reach",
    );
    let spare = venue.scanner(&stage, Side::South, "spare").await?;
    assert_eq!(spare.scan(NORTH, &picture).await?.outcome, "admitted");

    stage.cloud.start_again().await?;
    let late = enrol(&stage, Program::Scan, "late", &from_the_cloud).await?;
    assert_eq!(late.code, Some(0), "{late:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_is_revoked_at_work_is_shown_the_door_and_lets_nobody_in_any_more()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = lost_scanner(&stage, &venue).await?;
    let buyer = stage.buyer();
    let [first, second] = [buyer.buy_one(STANDING).await?, buyer.buy_one(STANDING).await?];
    let mut wedge = scanner.wedge(NORTH, &stage.path("wedge.out"))?;
    assert_eq!(wedge.read(&first.payload).await?.outcome, "admitted");

    revoke(&stage, "lost").await?;
    until("the hub to end the link", async || {
        let links = venue.north.status().await?.links;
        Ok((!links.iter().any(|link| link.name == "lost")).then_some(()))
    })
    .await?;
    until("the scanner to say so while nobody scans", async || {
        let printed = wedge.printed()?;
        Ok(printed.contains("A hub refuses this scanner").then_some(()))
    })
    .await?;
    let shown = wedge.read(&second.payload).await?;
    assert_eq!(
        (shown.signal.as_str(), shown.outcome.as_str()),
        ("barred", "scanner_refused"),
        "{shown:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_revoked_scanner_does_where_nobody_can_tell_it_counts_nowhere() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let scanner = lost_scanner(&stage, &venue).await?;
    let buyer = stage.buyer();
    let [first, second] = [buyer.buy_one(STANDING).await?, buyer.buy_one(STANDING).await?];
    let first = buyer.save_code(&first, &stage.path("")).await?;
    let picture = buyer.save_code(&second, &stage.path("")).await?;
    assert_eq!(scanner.scan(NORTH, &first).await?.outcome, "admitted");
    revoke(&stage, "lost").await?;
    venue.settled(&stage).await?;
    assert_eq!(scanner.scan(NORTH, &picture).await?.outcome, "scanner_refused");

    venue.north.process.kill9()?;
    let unaware = ["--wait-for-hub", "1"];
    let shown = scanner.scan_one(NORTH, &picture, &unaware).await?;
    ensure!(shown.alone, "somebody has talked to a revoked scanner: {shown:?}");
    venue.north.start_again().await?;
    venue.linked().await?;
    assert_eq!(scanner.scan(NORTH, &picture).await?.outcome, "scanner_refused");
    venue.settled(&stage).await?;
    let turnstile = venue.south.turnstile(NORTH).await?;
    assert_eq!(turnstile.scan(&second.payload).await?.verdict, "admit");
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn scanners_outlive_a_stolen_hub_at_others_until_they_are_to_go_with_it() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "of the north").await?;
    let scanner = scanner.with_hub(venue.south.listening.quic);
    let buyer = stage.buyer();
    let mut pictures = Vec::new();
    while pictures.len() < 3 {
        let ticket = buyer.buy_one(STANDING).await?;
        if venue.home(ticket.unit) == Side::South {
            pictures.push(buyer.save_code(&ticket, &stage.path("")).await?);
        }
    }
    assert_eq!(scanner.scan(NORTH, &pictures[0]).await?.outcome, "admitted");
    venue.settled(&stage).await?;
    let devices = stage.organizer.devices().await?.devices;
    let stolen = devices.iter().find(|device| device.name == HUB_NORTH);
    let stolen = &stolen.context("it is enrolled")?.device;

    let follows = stage.organizer.revoke_device(stolen).await?;
    let scanners =
        |follows: &Value| ["scanners_kept", "scanners_revoked"].map(|key| follows[key][0]["name"].clone());
    assert_eq!(scanners(&follows), [json!("of the north"), Value::Null]);
    assert_eq!(scanner.scan(NORTH, &pictures[1]).await?.outcome, "admitted");

    let with_scanners = format!("{stolen}/revoke?with_scanners=true");
    let follows = stage.organizer.order(&format!("devices/{with_scanners}")).await?;
    assert_eq!(scanners(&follows), [Value::Null, json!("of the north")]);
    until("the hub in the south to hear of it", async || {
        let records = stage.organizer.devices().await?.records;
        Ok((venue.south.status().await?.records == records).then_some(()))
    })
    .await?;
    assert_eq!(
        scanner.scan(NORTH, &pictures[2]).await?.outcome,
        "scanner_refused"
    );
    Ok(())
}

/// Enrols a scanner with the organizer, and tells it of the hub in the north.
async fn lost_scanner(stage: &Stage, venue: &Venue) -> anyhow::Result<Scanner> {
    let code = stage.organizer.enrolment_code(Role::Scanner, "lost").await?;
    let scanner = Scanner::enrol(&stage.programs, &stage.path("lost"), &code).await?;
    Ok(scanner.with_hub(venue.north.listening.quic))
}

async fn revoke(stage: &Stage, name: &str) -> anyhow::Result<()> {
    let devices = stage.organizer.devices().await?.devices;
    let device = devices
        .iter()
        .find(|device| device.name == name)
        .context("it is enrolled")?;
    stage.organizer.revoke_device(&device.device).await?;
    let devices = stage.organizer.devices().await?.devices;
    ensure!(
        devices.iter().any(|device| device.name == name && device.revoked),
        "{devices:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_never_enrolled_says_how_to_be() -> anyhow::Result<()> {
    let stage = Stage::empty("").await?;
    for (program, arguments) in [
        (Program::GateAgent, vec!["run"]),
        (Program::GateAgent, vec!["scanner-code"]),
        (Program::GateAgent, vec!["audit"]),
        (Program::Scan, vec!["run", "--gate", "1", "--wedge"]),
        (Program::Scan, vec!["status"]),
    ] {
        let folder = stage.path("fresh");
        usher_keys::private::make_folder(&folder)?;
        let mut command = stage.programs.command(program);
        command.arg("--dir").arg(&folder).args(&arguments);
        check_refused(&finish(command).await?, "enrol");
    }
    Ok(())
}
