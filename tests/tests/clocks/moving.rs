//! An event that is postponed by half a year: what was sold before opens the gates on the new date and not on the old one.

use std::ffi::OsStr;
use std::fs;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Program, finish};
use usher_tests::stage::scanner::Scanner;

use crate::shifted;

const HOUR: Duration = Duration::from_hours(1);
/// Longer than the quarter of a year for which keys outlast an event.
const POSTPONED: Duration = Duration::from_hours(180 * 24);

/// When the festival takes place, or was to.
#[derive(Clone, Copy)]
struct Dates {
    starts_at: jiff::Timestamp,
    ends_at: jiff::Timestamp,
}

impl Dates {
    async fn of(stage: &Stage) -> anyhow::Result<Self> {
        let event = shown(stage).await?;
        let read = |name: &str| anyhow::Ok(event[name].as_str().context("a time is text")?.parse()?);
        Ok(Self {
            starts_at: read("starts_at")?,
            ends_at: read("ends_at")?,
        })
    }

    fn later(self) -> Self {
        Self {
            starts_at: self.starts_at + POSTPONED,
            ends_at: self.ends_at + POSTPONED,
        }
    }

    /// How many hours from now it will have begun an hour ago.
    fn hours_from_now(self) -> anyhow::Result<i32> {
        let now = jiff::Timestamp::try_from(SystemTime::now())?;
        let ahead = (self.starts_at + HOUR).duration_since(now);
        Ok(ahead.as_hours().try_into()?)
    }
}

async fn shown(stage: &Stage) -> anyhow::Result<Value> {
    let path = format!("/v1/organizer/events/{}", stage.organizer.event);
    stage.organizer.http.get(&path).await?.expect(200)?.json()
}

/// Puts the festival on sale with doors that open when it starts and close when it ends.
async fn with_doors() -> anyhow::Result<(Stage, Dates)> {
    let mut stage = Stage::empty("").await?;
    stage.organizer.draft(Places::FEW).await?;
    let dates = Dates::of(&stage).await?;
    let mut policy = shown(&stage).await?["policy"].clone();
    for tier in policy["tiers"].as_array_mut().context("there are tiers")? {
        let (from, until) = (dates.starts_at.to_string(), dates.ends_at.to_string());
        tier["windows"] = json!([{ "from": from, "until": until }]);
    }
    let path = stage.organizer.path("policy");
    let http = &stage.organizer.http;
    http.send(Method::PUT, &path, Some(&policy)).await?.expect(200)?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    Ok((stage, dates))
}

async fn relocate(stage: &Stage, to: Dates, apply: bool) -> anyhow::Result<Value> {
    let wish = json!({
        "starts_at": to.starts_at.to_string(),
        "ends_at": to.ends_at.to_string(),
        "apply": apply,
    });
    let path = stage.organizer.path("move");
    stage.organizer.http.post(&path, &wish).await?.expect(200)?.json()
}

/// Does what the organizer is told to do: fetches the bundle, runs the command as it stands, hands the next bundle in.
async fn sign(stage: &Stage, to_sign: &Value) -> anyhow::Result<()> {
    let organizer = &stage.organizer;
    let keys = format!("/v1/events/{}/keys", organizer.event);
    let bundle = stage.cloud.http.get(&keys).await?.expect(200)?.body;
    fs::write(organizer.file("bundle.json"), bundle)?;
    let command = to_sign["command"].as_str().context("there is a command")?;
    let mut words = command.split(' ');
    ensure!(words.next() == Some("usher-keys"), "{command}");
    let mut keys = stage.programs.command(Program::Keys);
    keys.args(words).current_dir(organizer.file(""));
    let ended = finish(keys).await?;
    ensure!(ended.code == Some(0), "{command}: {}", ended.stderr);
    organizer.hand_in(&organizer.file("bundle-2.json")).await
}

async fn buy(stage: &Stage, tier: u16) -> anyhow::Result<Vec<BoughtTicket>> {
    Ok(stage.buyer().buy(&Wish::Any { tier, quantity: 1 }).await?.tickets)
}

/// Waits until a device's certificate reaches six hours beyond the new end.
async fn renewed(what: &str, to: Dates, read: impl AsyncFn() -> anyhow::Result<Value>) -> anyhow::Result<()> {
    let wanted = (to.ends_at + 6 * HOUR).as_millisecond();
    until(format!("the certificate of {what} to be renewed"), async || {
        let status = read().await?;
        Ok((status["certificate_until_ms"] == wanted).then_some(()))
    })
    .await
}

/// Moves the festival, has signed what is to be signed, and buys a ticket for the new date.
async fn postpone(stage: &Stage, (old, new): (Dates, Dates)) -> anyhow::Result<Vec<BoughtTicket>> {
    let plan = relocate(stage, new, false).await?;
    assert_eq!(
        (&plan["applied"], Dates::of(stage).await?.ends_at),
        (&json!(false), old.ends_at)
    );
    let wish = Wish::Any {
        tier: SEATED,
        quantity: 1,
    };
    stage.buyer().reserve(&wish).await?.expect(201)?;
    let moved = relocate(stage, new, true).await?;
    assert_eq!(moved["to_sign"]["command"], plan["to_sign"]["command"]);
    let refused = stage.buyer().reserve(&wish).await?.expect(409)?.text();
    ensure!(refused.contains("sales-paused"), "{refused}");
    sign(stage, &shown(stage).await?["to_sign"]).await?;
    assert_eq!(shown(stage).await?["to_sign"], Value::Null);
    buy(stage, SEATED).await
}

async fn knows_the_event(hub: &Hub) -> anyhow::Result<()> {
    hub.linked_to("cloud").await?;
    until("the hub to know the event", async || {
        Ok(hub.status().await?.event_name)
    })
    .await?;
    Ok(())
}

async fn is_sound(stage: &Stage) -> anyhow::Result<()> {
    let config = stage.cloud.config().as_os_str();
    let audit: [&OsStr; 3] = ["audit".as_ref(), "--config".as_ref(), config];
    stage.programs.run(Program::Cloud, &audit).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_sold_before_the_move_opens_the_gate_on_the_new_date_and_not_on_the_old_one()
-> anyhow::Result<()> {
    let (mut stage, old) = with_doors().await?;
    let new = old.later();
    let folder = stage.path("hub");
    let setup = || HubSetup {
        dir: folder.clone(),
        name: "Hub",
        peers: Vec::new(),
    };
    let mut hub = stage.hub(setup()).await?;
    knows_the_event(&hub).await?;
    let scanner = Scanner::enrol(
        &stage.programs,
        &stage.path("scanner"),
        &hub.scanner_code().await?,
    )
    .await?;
    let (seated, standing) = (buy(&stage, SEATED).await?, buy(&stage, STANDING).await?);

    let sold_after = postpone(&stage, (old, new)).await?;

    let status = async || hub.http.get("/v1/status").await?.expect(200)?.json();
    renewed("the hub", new, status).await?;
    let status = async || {
        let mut reader = scanner.wedge(NORTH, &stage.path("shown"))?;
        assert_eq!(reader.read(&standing[0].payload).await?.outcome, "too_early");
        reader.kill9()?;
        Ok(serde_json::from_str(
            &scanner.run(&["status".into(), "--json".into()]).await?,
        )?)
    };
    renewed("the scanner", new, status).await?;

    // The day comes, and the venue has no network.
    stage.cloud.process.kill9()?;
    is_sound(&stage).await?;
    hub.process.stop().await?;
    for (dates, expected) in [(old, "too_early"), (new, "admitted")] {
        let programs = shifted(&stage.programs, dates.hours_from_now()?)?;
        let mut hub = Hub::start(&programs, setup()).await?;
        let turnstile = hub.turnstile(NORTH).await?;
        for ticket in seated.iter().chain(&sold_after) {
            let verdict = turnstile.scan(&ticket.payload).await?;
            let found = verdict.reason.as_deref().unwrap_or("admitted");
            ensure!(found == expected, "{verdict:?}, not {expected}");
        }
        hub.process.stop().await?;
        let alone = scanner.clone().with_programs(&programs);
        let mut reader = alone.wedge(NORTH, &stage.path("alone"))?;
        let shown = reader.read(&standing[0].payload).await?;
        ensure!(
            shown.alone && shown.outcome == expected,
            "{shown:?}, not {expected}"
        );
        reader.kill9()?;
    }
    Ok(())
}
