//! A cloud with cells: events on different PostgreSQL servers, sold and admitted as if they were in one database.

mod cells {
    mod attacks;
    mod away;
    mod cable;
    mod killed;
    mod still;
}

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Buyer};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Ended, Program, finish};
use usher_tests::stage::turnstile::Turnstile;

/// What an audit says when nothing is wrong.
const SOUND: &str = "every page, log, ticket and booking is sound";

/// Buyers that buy while an event moves.
const BUYERS: usize = 4;

/// From one purchase of a buyer to the next: there are places for a long move.
const NEXT_PURCHASE: Duration = Duration::from_millis(25);

/// Two processes of one cloud: home is on one PostgreSQL server, the cell `north` on another.
struct Pair {
    stage: Stage,
    other: Cloud,
    home: String,
    north: String,
    settings: String,
}

impl Pair {
    async fn start() -> anyhow::Result<Self> {
        Self::start_with(tokio::task::spawn_blocking(usher_test_postgres::new_durable_database).await?).await
    }

    /// The same with this database as the cell.
    async fn start_with(north: String) -> anyhow::Result<Self> {
        let home = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
        Self::start_at([&home, &home], north).await
    }

    /// The same with a way to the home database for each of the two processes.
    async fn start_at([home, way_of_other]: [&str; 2], north: String) -> anyhow::Result<Self> {
        let settings_with =
            |home: &str| format!("store.url = \"{home}\"\nkeys.master_key = \"{}\"", "0".repeat(64));
        let with_cells = |home: &str| format!("{}\ncells.north = \"{north}\"", settings_with(home));
        let stage = Stage::empty(&with_cells(home)).await?;
        let other = Cloud::start(&stage.programs, &stage.path("other"), &with_cells(way_of_other)).await?;
        let (settings, home) = (settings_with(home), home.to_owned());
        Ok(Self {
            stage,
            other,
            home,
            north,
            settings,
        })
    }

    /// Starts one more process of the cloud.
    async fn one_more(&self, name: &str) -> anyhow::Result<Cloud> {
        let settings = format!("{}\ncells.north = \"{}\"", self.settings, self.north);
        Cloud::start(&self.stage.programs, &self.stage.path(name), &settings).await
    }

    /// Puts one more event on sale.
    async fn put_on_sale(&self, name: &str) -> anyhow::Result<Organizer> {
        self.put_on_sale_with(name, Places::FEW).await
    }

    /// The same with these places.
    async fn put_on_sale_with(&self, name: &str, places: Places) -> anyhow::Result<Organizer> {
        let mut organizer = self.stage.organizer.clone();
        organizer
            .draft_as(|venue| {
                let mut draft = usher_tests::stage::festival::draft(venue, places);
                draft["name"] = json!(name);
                draft
            })
            .await?;
        organizer.sign_keys().await?;
        organizer.publish().await?;
        Ok(organizer)
    }

    async fn cell(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        let mut run = self.stage.programs.command(Program::Cloud);
        run.arg("cell").args(arguments);
        run.arg("--config").arg(self.stage.cloud.config());
        finish(run).await
    }

    /// Returns a buyer of an event at one of the processes.
    fn buyer(&self, at: &Cloud, of: &Organizer) -> Buyer {
        Buyer::new(at.http.clone(), of.event.clone())
    }

    /// Returns one buyer of an event at both processes.
    fn buyers(&self, of: &Organizer) -> [Buyer; 2] {
        let here = self.buyer(&self.stage.cloud, of);
        let there = here.at(&self.other.http);
        [here, there]
    }
}

async fn tickets_in(database: &str) -> anyhow::Result<usize> {
    let database = database.to_owned();
    let count = "SELECT count(*) FROM tickets";
    let printed = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, count)).await?;
    Ok(printed.trim().parse()?)
}

#[track_caller]
fn says(ended: &Ended, code: i32, texts: &[&str]) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(ended.code == Some(code), "{ended:?}");
    for text in texts {
        assert!(said.contains(text), "{text:?} is not in {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_two_cells_on_two_servers_are_sold_and_admitted_as_if_they_were_in_one()
-> anyhow::Result<()> {
    let mut pair = Pair::start().await?;
    let at_home = pair.put_on_sale("Owls at home").await?;
    says(
        &pair.cell(&["list"]).await?,
        0,
        &["north", "takes no events before"],
    );
    says(&pair.cell(&["add", "east"]).await?, 1, &["names no east"]);
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let in_north = pair.put_on_sale("Owls of the north").await?;
    says(&pair.cell(&["list"]).await?, 0, &["1 events"]);

    for cloud in [&pair.stage.cloud, &pair.other] {
        let listed = cloud.http.get("/v1/events").await?.text();
        ensure!(
            [&at_home, &in_north].iter().all(|of| listed.contains(&of.event)),
            "{listed}"
        );
        for of in [&at_home, &in_north] {
            pair.buyer(cloud, of).buy_one(SEATED).await?;
        }
    }
    ensure!(
        (tickets_in(&pair.home).await?, tickets_in(&pair.north).await?) == (2, 2),
        "tickets are where their events are"
    );

    hears_of_a_revocation_at_the_other(&pair, &in_north).await?;
    // A process that dies is followed.
    pair.stage.cloud.process.kill9()?;
    pair.buyer(&pair.other, &in_north).buy_one(STANDING).await?;
    pair.stage.cloud.start_again().await?;
    pair.buyer(&pair.stage.cloud, &at_home).buy_one(STANDING).await?;
    let audit = pair.stage.cloud.audit().await?;
    ensure!(
        audit.matches(SOUND).count() == 2 && audit.contains("cell north:"),
        "{audit}"
    );
    Ok(())
}

/// What one process writes reaches the hub that is linked to the other.
async fn hears_of_a_revocation_at_the_other(pair: &Pair, in_north: &Organizer) -> anyhow::Result<()> {
    let ticket = pair.buyer(&pair.other, in_north).buy_one(STANDING).await?;
    let code = in_north.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: pair.stage.path("north"),
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&pair.stage.programs, setup, &code).await?;
    hub.linked_to("cloud").await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let mut there = in_north.clone();
    there.http = there.http.at(pair.other.listening.http);
    there.revoke(&ticket.ticket_id).await?;
    until(
        "the hub to deny what was revoked at the other process",
        async || {
            let asked = json!({ "payload": ticket.payload, "gate": NORTH, "persons": 2 });
            let verdict: Value = turnstile.ask(&asked).await?.expect(200)?.json()?;
            Ok((verdict["reason"] == "revoked").then_some(()))
        },
    )
    .await
}

/// Buys one place after the other at both processes until told to stop; gives the tickets that were answered.
async fn keep_buying(buyers: [Buyer; 2], stop: Arc<AtomicBool>) -> Vec<BoughtTicket> {
    let mut tickets = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for buyer in &buyers {
            // Refused while the event moves.
            tickets.extend(buyer.buy_one(STANDING).await);
            tokio::time::sleep(NEXT_PURCHASE).await;
        }
    }
    tickets
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_moves_to_another_cell_while_buyers_buy_and_a_hub_is_linked() -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    let places = Places {
        standing: 2_000,
        ..Places::FEW
    };
    let moving = pair.put_on_sale_with("Owls on the wing", places).await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let code = moving.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: pair.stage.path("north"),
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&pair.stage.programs, setup, &code).await?;
    hub.linked_to("cloud").await?;
    let turnstile = hub.turnstile(NORTH).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let mut crowd = JoinSet::new();
    for _ in 0..BUYERS {
        crowd.spawn(keep_buying(pair.buyers(&moving), stop.clone()));
    }
    until("some tickets to be sold", async || {
        Ok((tickets_in(&pair.home).await? > 20).then_some(()))
    })
    .await?;
    let moved = pair.cell(&["move", &moving.event, "--to", "north"]).await?;
    says(
        &moved,
        0,
        &["units: ", "compared row by row", "nobody could use it for about"],
    );
    until("some tickets to be sold in the cell", async || {
        Ok((tickets_in(&pair.north).await? > 60).then_some(()))
    })
    .await?;
    stop.store(true, Ordering::Relaxed);
    let answered: Vec<_> = crowd.join_all().await.into_iter().flatten().collect();

    all_are_there(&pair, &moving, &answered).await?;
    gates_go_on(&moving, &turnstile, &answered).await?;
    says(
        &pair.cell(&["move", &moving.event, "--to", "north"]).await?,
        1,
        &["in north already"],
    );
    let audit = pair.stage.cloud.audit().await?;
    ensure!(audit.matches(SOUND).count() == 2, "{audit}");
    Ok(())
}

/// Every ticket that was answered is in the cell, and every payment comes to its end.
async fn all_are_there(pair: &Pair, moving: &Organizer, answered: &[BoughtTicket]) -> anyhow::Result<()> {
    ensure!(tickets_in(&pair.home).await? == 0, "tickets are left behind");
    ensure!(
        tickets_in(&pair.north).await? >= answered.len(),
        "a ticket is gone"
    );
    for ticket in answered {
        let kept = pair.buyer(&pair.other, moving).ticket(&ticket.ticket_id).await?;
        ensure!(kept.payload == ticket.payload, "{ticket:?} is {kept:?} now");
    }
    until("every payment to have an end", async || {
        let database = pair.north.clone();
        let open = "SELECT count(*) FROM bookings WHERE state = 'paying'";
        let open = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, open)).await?;
        Ok((open.trim() == "0").then_some(()))
    })
    .await?;
    Ok(())
}

/// A ticket from before is let in and told of, and one that is revoked is denied.
async fn gates_go_on(
    moving: &Organizer,
    turnstile: &Turnstile,
    answered: &[BoughtTicket],
) -> anyhow::Result<()> {
    let lost = answered.first().context("nobody has bought")?;
    ensure!(
        turnstile.scan(&answered[1].payload).await?.verdict == "admit",
        "a good ticket"
    );
    moving.revoke(&lost.ticket_id).await?;
    until("the hub to deny what was revoked after the move", async || {
        let asked = json!({ "payload": lost.payload, "gate": NORTH, "persons": 2 });
        let verdict: Value = turnstile.ask(&asked).await?.expect(200)?.json()?;
        Ok((verdict["reason"] == "revoked").then_some(()))
    })
    .await?;
    until("the scan to be told", async || {
        Ok(moving
            .admitted_units()
            .await?
            .contains(&answered[1].unit)
            .then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_with_all_cells_as_they_are_or_not_at_all() -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let swapped = format!("{}\ncells.south = \"{}\"", pair.settings, pair.north);
    for (settings, said) in [
        (pair.settings.clone(), "does not name"),
        (swapped, "is not that cell"),
        (
            format!("{}\ncells.north = \"{}\"", pair.settings, pair.home),
            "is not that cell",
        ),
    ] {
        let config: PathBuf = pair.stage.path("wrong.toml");
        let data = pair.stage.path("wrong");
        std::fs::write(
            &config,
            format!(
                "listen = \"127.0.0.1:0\"\nuplink_listen = \"127.0.0.1:0\"\ndata_dir = {data:?}\n{settings}\n"
            ),
        )?;
        let mut run = pair.stage.programs.command(Program::Cloud);
        run.args(["serve", "--config"]).arg(&config);
        let refused = finish(run).await.context("a server with the wrong cells")?;
        says(&refused, 1, &[said]);
    }
    Ok(())
}
