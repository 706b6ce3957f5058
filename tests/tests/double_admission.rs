//! One ticket at two gates: together, cut apart, and healed again, with real hubs and a real cable between them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::hub::Hub;
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::Scanner;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::{Side, Venue};

/// Tickets bought of each tier.
const TICKETS: u32 = 20;

/// A venue with a turnstile at each gate and tickets of one tier.
struct Gates {
    stage: Stage,
    venue: Venue,
    north: Turnstile,
    south: Turnstile,
    tickets: Vec<BoughtTicket>,
}

impl Gates {
    async fn open(tier: u16) -> anyhow::Result<Self> {
        let stage = Stage::on_sale(Places::FEW).await?;
        let venue = Venue::open(&stage).await?;
        let (north, south) = (
            venue.north.turnstile(NORTH).await?,
            venue.south.turnstile(SOUTH).await?,
        );
        let wish = Wish::Any {
            tier,
            quantity: TICKETS,
        };
        let tickets = stage.buyer().buy(&wish).await?.tickets;
        Ok(Self {
            stage,
            venue,
            north,
            south,
            tickets,
        })
    }

    fn hubs(&self) -> [&Hub; 2] {
        [&self.venue.north, &self.venue.south]
    }

    fn at_home(&self, side: Side) -> impl Iterator<Item = &BoughtTicket> {
        self.tickets
            .iter()
            .filter(move |ticket| self.venue.home(ticket.unit) == side)
    }

    /// Scans a ticket at both gates at the same moment.
    async fn scan_at_both(&self, ticket: &BoughtTicket) -> anyhow::Result<[HubVerdict; 2]> {
        let (north, south) = tokio::join!(self.north.scan(&ticket.payload), self.south.scan(&ticket.payload));
        Ok([north?, south?])
    }
}

fn admitted(verdicts: &[HubVerdict]) -> usize {
    verdicts
        .iter()
        .filter(|verdict| verdict.verdict == "admit")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_scanned_at_both_gates_in_the_same_moment_lets_one_person_in() -> anyhow::Result<()> {
    let gates = Gates::open(STANDING).await?;
    for ticket in &gates.tickets {
        let verdicts = gates.scan_at_both(ticket).await?;
        assert_eq!(admitted(&verdicts), 1, "{verdicts:?}");
        let denied = verdicts
            .iter()
            .find(|verdict| verdict.verdict == "deny")
            .context("one is denied")?;
        assert_eq!(denied.reason.as_deref(), Some("already_used"));
    }
    gates.venue.settled(&gates.stage).await?;
    for hub in gates.hubs() {
        assert_eq!(hub.status().await?.incidents_total, 0);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_about_the_same_scan_is_asking_about_the_same_people() -> anyhow::Result<()> {
    let gates = Gates::open(SEATED).await?;
    let ticket = &gates.tickets[0];
    let scan_id = "00112233445566778899aabbccddeeff";
    let through_south = gates.venue.south.turnstile(NORTH).await?;
    for turnstile in [&gates.north, &through_south, &gates.north] {
        let verdict: HubVerdict = turnstile
            .scan_as(scan_id, &ticket.payload)
            .await?
            .expect(200)?
            .json()?;
        assert_eq!(verdict.verdict, "admit", "{verdict:?}");
    }
    let other = gates.north.scan(&ticket.payload).await?;
    assert_eq!(other.reason.as_deref(), Some("already_used"));
    gates.venue.settled(&gates.stage).await?;
    let scans = gates.stage.organizer.scans().await?;
    assert_eq!(scans.iter().filter(|scan| scan.kind == "admitted").count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_sent_on_because_no_answer_comes_is_let_in_at_the_other_gate() -> anyhow::Result<()> {
    let mut gates = Gates::open(SEATED).await?;
    // Over the cloud the answer would come all the same.
    gates.stage.cloud.process.kill9()?;
    let tickets: Vec<_> = gates.at_home(Side::South).take(2).cloned().collect();
    assert_eq!(tickets.len(), 2, "each hub is the home of some seats");
    for ((forth, back), ticket) in [(false, true), (true, false)].into_iter().zip(&tickets) {
        gates.venue.linked().await?;
        gates.venue.cable.let_through(forth, back);
        let sent_on = gates.north.scan(&ticket.payload).await?;
        assert_eq!(
            sent_on.reason.as_deref(),
            Some("home_unreachable"),
            "{forth} {back} {sent_on:?}"
        );
        gates.venue.cable.mend();
        gates.venue.linked().await?;
        until("the other gate to hear that the scan was given up", async || {
            let let_in = gates.south.scan(&ticket.payload).await?;
            Ok((let_in.verdict == "admit").then_some(()))
        })
        .await?;
        let again = gates.north.scan(&ticket.payload).await?;
        assert_eq!(again.reason.as_deref(), Some("already_used"));
    }
    gates.stage.cloud.start_again().await?;
    gates.venue.settled(&gates.stage).await?;
    let scans = gates.stage.organizer.scans().await?;
    let withdrawn = scans.iter().filter(|scan| scan.kind == "withdrawn").count();
    assert!(withdrawn >= 1, "the lost answer was given up");
    for hub in gates.hubs() {
        assert_eq!(hub.status().await?.incidents_total, 0);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_apart_hubs_hear_of_each_others_scans_through_the_cloud() -> anyhow::Result<()> {
    let gates = Gates::open(STANDING).await?;
    gates.venue.cable.cut();
    let ticket = gates
        .at_home(Side::North)
        .next()
        .context("each hub is the home of some place")?;
    assert_eq!(gates.north.scan(&ticket.payload).await?.verdict, "admit");
    gates.venue.settled(&gates.stage).await?;
    let denied = gates.south.scan(&ticket.payload).await?;
    assert_eq!(
        (denied.reason.as_deref(), denied.judged_by.as_str()),
        (Some("already_used"), "hub")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_apart_a_seat_opens_only_the_gate_of_its_home() -> anyhow::Result<()> {
    let mut gates = Gates::open(SEATED).await?;
    gates.stage.cloud.process.kill9()?;
    gates.venue.cable.cut();
    for (side, away, home) in [
        (Side::North, &gates.south, &gates.north),
        (Side::South, &gates.north, &gates.south),
    ] {
        let ticket = gates
            .at_home(side)
            .next()
            .context("each hub is the home of some seat")?;
        let referred = away.scan(&ticket.payload).await?;
        assert_eq!(
            (referred.verdict.as_str(), referred.reason.as_deref()),
            ("refer", Some("home_unreachable"))
        );
        assert!(
            referred.words.contains(&gates.venue.hub(side).name),
            "{}",
            referred.words
        );
        assert_eq!(home.scan(&ticket.payload).await?.verdict, "admit");
        assert_eq!(away.scan(&ticket.payload).await?.verdict, "refer");
    }
    // Half a cable is none: what is asked arrives, the answer does not.
    for to_south in [true, false] {
        gates.venue.cable.let_through(to_south, !to_south);
        for ticket in gates.tickets.iter().take(6) {
            let verdicts = gates.scan_at_both(ticket).await?;
            ensure!(
                admitted(&verdicts) <= 1,
                "unit {} was let in twice: {verdicts:?}",
                ticket.unit
            );
        }
    }
    gates.venue.cable.mend();
    gates.stage.cloud.start_again().await?;
    gates.venue.settled(&gates.stage).await?;
    let scans = gates.stage.organizer.scans().await?;
    let mut units = BTreeSet::new();
    for scan in scans.iter().filter(|scan| scan.kind == "admitted") {
        ensure!(
            units.insert(scan.unit.unit),
            "unit {} was let in twice",
            scan.unit.unit
        );
    }
    assert_eq!(gates.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_apart_standing_places_go_on_and_each_double_is_reported_once_after_healing() -> anyhow::Result<()>
{
    const DOUBLES: usize = 5;
    let mut gates = Gates::open(STANDING).await?;
    gates.stage.cloud.process.kill9()?;
    gates.venue.cable.cut();
    for ticket in &gates.tickets[..DOUBLES] {
        let verdicts = gates.scan_at_both(ticket).await?;
        assert_eq!(admitted(&verdicts), 2, "{verdicts:?}");
    }
    for ticket in &gates.tickets[DOUBLES..] {
        assert_eq!(gates.north.scan(&ticket.payload).await?.verdict, "admit");
    }
    gates.venue.cable.mend();
    gates.stage.cloud.start_again().await?;
    gates.venue.settled(&gates.stage).await?;
    for hub in gates.hubs() {
        until(format!("{} to report the doubles", hub.name), async || {
            Ok((hub.status().await?.incidents_total == DOUBLES).then_some(()))
        })
        .await?;
    }
    let incidents = gates.stage.organizer.incidents().await?;
    let names: BTreeSet<_> = incidents.iter().map(|incident| incident.id.clone()).collect();
    assert_eq!(
        (incidents.len(), names.len()),
        (DOUBLES, DOUBLES),
        "{incidents:?}"
    );
    assert!(
        incidents
            .iter()
            .all(|incident| incident.kind == "double_admission"),
        "{incidents:?}"
    );

    // Nobody gets in a third time, and nothing is reported again.
    for ticket in &gates.tickets {
        assert_eq!(admitted(&gates.scan_at_both(ticket).await?), 0);
    }
    gates.venue.settled(&gates.stage).await?;
    assert_eq!(gates.stage.organizer.incidents().await?, incidents);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_was_referred_is_not_judged_after_all_when_the_cable_is_mended() -> anyhow::Result<()> {
    let gates = Gates::open(SEATED).await?;
    let referred: Vec<_> = gates.at_home(Side::South).take(5).collect();
    gates.venue.cable.cut();
    for ticket in &referred {
        assert_eq!(gates.north.scan(&ticket.payload).await?.verdict, "refer");
    }
    gates.venue.cable.mend();
    gates.venue.settled(&gates.stage).await?;
    // Everybody was sent to the other gate, and is let in there.
    for ticket in &referred {
        let verdict = gates.south.scan(&ticket.payload).await?;
        assert_eq!(verdict.verdict, "admit", "{verdict:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_lets_somebody_in_whom_the_hub_had_to_refer_and_signs_for_it() -> anyhow::Result<()> {
    let mut gates = Gates::open(SEATED).await?;
    let code = gates.venue.north.command(&["scanner-code", "--override"]).await?;
    let supervisor = Scanner::enrol(&gates.stage.programs, &gates.stage.path("supervisor"), &code).await?;
    gates.stage.cloud.process.kill9()?;
    gates.venue.cable.cut();
    let ticket = gates
        .at_home(Side::South)
        .next()
        .context("each hub is the home of some seat")?
        .clone();
    assert_eq!(gates.north.scan(&ticket.payload).await?.verdict, "refer");

    let arguments = [
        "override",
        "--gate",
        "1",
        "--by",
        "Ada",
        "--why",
        "the artist's mother",
        &ticket.payload,
    ];
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let said = supervisor.run(&arguments).await?;
    ensure!(said.contains("ADMIT"), "{said}");
    assert_eq!(
        gates.north.scan(&ticket.payload).await?.reason.as_deref(),
        Some("already_used")
    );

    gates.venue.cable.mend();
    gates.stage.cloud.start_again().await?;
    gates.venue.settled(&gates.stage).await?;
    let scans = gates.stage.organizer.scans().await?;
    let overridden = scans
        .iter()
        .find(|scan| scan.kind == "overridden")
        .context("the cloud knows of it")?;
    assert_eq!(overridden.unit.unit, ticket.unit);
    assert_eq!(
        (overridden.by.as_deref(), overridden.why.as_deref()),
        (Some("Ada"), Some("the artist's mother"))
    );
    assert_eq!(gates.stage.organizer.incidents().await?, []);
    Ok(())
}
