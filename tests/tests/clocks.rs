//! Clocks that are a day off: genuine tickets open the gates, nobody is let in twice, and the hub says that its clock is wrong.
//!
//! The programs run under libfaketime, which `make setup` installs; none of them has a switch for it. A cloud whose clock
//! is off is, to its hubs, what hubs are to a cloud whose clock is right.

mod clocks {
    pub mod dated;
    pub mod linked;
    pub mod moving;
    pub mod reading;
    pub mod steps;
    pub mod summer;
}

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Programs;
use usher_tests::stage::scanner::Scanner;
use usher_tests::stage::turnstile::Turnstile;

/// Tickets bought of each tier.
const TICKETS: u32 = 6;

/// Returns the programs with a clock that is so many hours off. Only the time of day is: timers go on as they should.
fn shifted(programs: &Programs, hours: i32) -> anyhow::Result<Programs> {
    programs.off_by(&format!("{hours:+}h"))
}

async fn hub(stage: &Stage, programs: &Programs, setup: HubSetup<'_>) -> anyhow::Result<Hub> {
    let code = stage.organizer.enrolment_code(Role::Hub, setup.name).await?;
    Hub::enrol(programs, setup, &code).await
}

async fn tickets(stage: &Stage) -> anyhow::Result<Vec<BoughtTicket>> {
    let mut tickets = Vec::new();
    for tier in [SEATED, STANDING] {
        let quantity = TICKETS;
        tickets.extend(stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets);
    }
    Ok(tickets)
}

/// Scans a ticket at both gates and demands that exactly one of them lets somebody in.
async fn opens_one_gate(ticket: &BoughtTicket, gates: &[Turnstile; 2]) -> anyhow::Result<()> {
    let verdicts = [
        gates[0].scan(&ticket.payload).await?,
        gates[1].scan(&ticket.payload).await?,
    ];
    ensure!(
        verdicts[0].verdict == "admit" && verdicts[1].reason.as_deref() == Some("already_used"),
        "unit {}: {verdicts:?}",
        ticket.unit
    );
    Ok(())
}

async fn says_its_clock_is(hub: &Hub, way: &str) -> anyhow::Result<()> {
    let name = &hub.name;
    until(
        format!("{name} to say that its clock is {way} the other clocks"),
        async || {
            let clock = hub.status().await?.clock.unwrap_or_default();
            Ok(clock.contains(way).then_some(()))
        },
    )
    .await?;
    let logged = hub.process.logged()?;
    ensure!(
        logged.contains("this machine's clock"),
        "{name} logs nothing of it: {logged}"
    );
    Ok(())
}

/// Demands that each log tells its scans in the order in which they were made, whatever time it was by the clocks there.
async fn is_in_order(hub: &Hub) -> anyhow::Result<()> {
    let export = hub.export().await?;
    for (before, after) in export.0.iter().zip(export.0.iter().skip(1)) {
        ensure!(
            before.device != after.device || before.seq < after.seq,
            "{before:?} comes before {after:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_a_day_ahead_and_one_a_day_behind_let_each_ticket_in_once_and_say_what_is_wrong()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let (ahead, behind) = (shifted(&stage.programs, 24)?, shifted(&stage.programs, -24)?);
    let setup = |name: &'static str, peers| HubSetup {
        dir: stage.path(name),
        name,
        peers,
    };
    let mut north = hub(&stage, &ahead, setup("Hub North", Vec::new())).await?;
    let south = hub(&stage, &behind, setup("Hub South", vec![north.listening.quic])).await?;
    for (hub, other) in [(&north, "Hub South"), (&south, "Hub North")] {
        hub.linked_to("cloud").await?;
        hub.linked_to(other).await?;
    }
    says_its_clock_is(&north, "ahead of").await?;
    says_its_clock_is(&south, "behind").await?;

    settled(&stage, [&north, &south]).await?;
    let gates = [north.turnstile(NORTH).await?, south.turnstile(SOUTH).await?];
    let tickets = tickets(&stage).await?;
    let (used, fresh) = tickets.split_at(tickets.len() - 1);
    for ticket in used {
        opens_one_gate(ticket, &gates).await?;
    }
    stage.organizer.revoke(&fresh[0].ticket_id).await?;
    settled(&stage, [&north, &south]).await?;
    for gate in &gates {
        assert_eq!(
            gate.scan(&fresh[0].payload).await?.reason.as_deref(),
            Some("revoked")
        );
    }

    north.process.kill9()?;
    north.start_again().await?;
    for ticket in used {
        assert_ne!(gates[0].scan(&ticket.payload).await?.verdict, "admit");
    }
    settled(&stage, [&north, &south]).await?;
    assert_eq!(stage.organizer.admitted_units().await?.len(), used.len());
    assert_eq!(stage.organizer.incidents().await?, []);
    is_in_order(&north).await?;
    is_in_order(&south).await
}

async fn settled(stage: &Stage, hubs: [&Hub; 2]) -> anyhow::Result<()> {
    until("cloud and hubs to hold the same records", async || {
        let cloud = stage.organizer.devices().await?.records;
        let [north, south] = [hubs[0].status().await?, hubs[1].status().await?];
        let same = north.records == cloud && south.records == cloud && north.logs >= 3;
        Ok((same && north.event_name.is_some()).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn scanners_whose_clocks_are_a_day_off_read_at_a_hub_and_alone() -> anyhow::Result<()> {
    for (hours, name) in [(24, "ahead"), (-24, "behind")] {
        read_at_a_hub_and_alone(hours, name).await.context(name)?;
    }
    Ok(())
}

async fn read_at_a_hub_and_alone(hours: i32, name: &str) -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let setup = HubSetup {
        dir: stage.path("hub"),
        name: "Hub",
        peers: Vec::new(),
    };
    let mut hub = stage.hub(setup).await?;
    hub.linked_to("cloud").await?;
    until("the hub to know the event", async || {
        Ok(hub.status().await?.event_name)
    })
    .await?;
    let programs = shifted(&stage.programs, hours)?;
    // Twice as long as it is ahead: a certificate that has run out by the scanner's own clock is none.
    let said = hub.command(&["scanner-code", "--hours", "48"]).await?;
    let code = said
        .split_whitespace()
        .find(|word| word.starts_with("usher-enrol:"));
    let code = code.context("there is a code")?;
    let scanner = Scanner::enrol(&programs, &stage.path(name), code).await?;
    let mut reader = scanner.wedge(NORTH, &stage.path("shown"))?;
    let tickets = tickets(&stage).await?;
    let (at_a_hub, alone) = tickets.split_at(tickets.len() / 2);
    for ticket in at_a_hub {
        assert_eq!(reader.read(&ticket.payload).await?.outcome, "admitted");
    }
    hub.process.kill9()?;
    for ticket in alone {
        let shown = reader.read(&ticket.payload).await?;
        ensure!(shown.alone && shown.outcome == "admitted", "{shown:?}");
    }
    reader.kill9()?;
    // A reader started anew knows what was done before.
    let mut reader = scanner.wedge(NORTH, &stage.path("shown-again"))?;
    for ticket in alone {
        assert_eq!(reader.read(&ticket.payload).await?.outcome, "already_used");
    }
    hub.start_again().await?;
    until("the cloud to hear of every admission", async || {
        let known = stage.organizer.admitted_units().await?;
        Ok((known.len() == tickets.len()).then_some(()))
    })
    .await?;
    assert_eq!(stage.organizer.incidents().await?, []);
    is_in_order(&hub).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_or_forth_between_two_lives_of_a_hub_forgets_no_admission()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let setup = || HubSetup {
        dir: stage.path("hub"),
        name: "Hub",
        peers: Vec::new(),
    };
    let mut hub = stage.hub(setup()).await?;
    let tickets = tickets(&stage).await?;
    for (life, hours) in [(0, 0), (1, -24), (2, 24), (3, 0)] {
        if life > 0 {
            hub.process.stop().await?;
            hub = Hub::start(&shifted(&stage.programs, hours)?, setup()).await?;
        }
        hub.linked_to("cloud").await?;
        until("the hub to know the event", async || {
            Ok(hub.status().await?.event_name)
        })
        .await?;
        let turnstile = hub.turnstile(NORTH).await?;
        for (n, ticket) in tickets.iter().enumerate().take(3 * (life + 1)) {
            let verdict = turnstile.scan(&ticket.payload).await?;
            let expected = if n < 3 * life { "deny" } else { "admit" };
            ensure!(
                verdict.verdict == expected,
                "life {life}, unit {}: {verdict:?}",
                ticket.unit
            );
        }
    }
    is_in_order(&hub).await
}
