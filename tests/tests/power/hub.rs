//! Power cuts under a hub that admits.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::task::LocalSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::Places;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::programs::Program;

use super::disk::{Loss, Mood};
use super::mount::Mount;
use super::site::{Answers, Reading, Site};

/// Power cuts, in the default suite and in `make soak`.
const ROUNDS: Rounds = Rounds { suite: 20, soak: 200 };
/// Longest time from a start to the power cut, in milliseconds.
const LONGEST_LIFE_MS: u64 = 250;
/// In every so many rounds a ticket is revoked before the power is cut.
const REVOKE_EVERY: u64 = 4;
/// Bookings before each round: more tickets than are scanned in it.
const BOOKINGS: usize = 4;

#[tokio::test]
async fn whatever_a_hub_answered_or_heard_survives_power_cuts() -> anyhow::Result<()> {
    LocalSet::new().run_until(cut_while_admitting()).await
}

async fn cut_while_admitting() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("power cuts under a hub", 20_261_121, ROUNDS);
    let Some(mut site) = Site::open().await? else {
        return Ok(());
    };
    let (mut random, answers) = (Random::new(seed), Rc::new(RefCell::new(Answers::default())));
    for round in 0..rounds {
        let revoked = if round % REVOKE_EVERY == 0 {
            Some(revoke(&site).await?)
        } else {
            None
        };
        one_round(&mut site, revoked, &mut random, &answers)
            .await
            .with_context(|| format!("seed {seed} round {round}"))?;
    }
    let answers = answers.take().answered.len();
    #[expect(
        clippy::print_stdout,
        reason = "what a round showed is for people who read the log"
    )]
    {
        println!("hub: seed {seed}, {rounds} power cuts, {answers} answers, none lost");
    }
    ensure!(
        answers as u64 > 5 * rounds,
        "only {answers} answers: the test proves little"
    );
    site.caught_up().await?;
    site.hub.process.stop().await?;
    let said = site.hub.command(&["audit"]).await?;
    ensure!(said.contains("sound") && !said.contains("WRONG"), "{said}");
    Ok(())
}

/// Has the organizer revoke a ticket and waits until the hub has heard of it.
async fn revoke(site: &Site) -> anyhow::Result<BoughtTicket> {
    let ticket = site.buy(1).await?.pop().context("a booking has tickets")?;
    site.stage.organizer.revoke(&ticket.ticket_id).await?;
    site.caught_up().await?;
    Ok(ticket)
}

async fn one_round(
    site: &mut Site,
    revoked: Option<BoughtTicket>,
    random: &mut Random,
    answers: &Rc<RefCell<Answers>>,
) -> anyhow::Result<()> {
    let tickets = Rc::new(RefCell::new(site.buy(BOOKINGS).await?));
    let heard = site.hub.status().await?.records;
    if revoked.is_some() {
        site.uplink.cut();
    }
    let turnstiles = site.scan_on(&tickets, answers, random);
    tokio::time::sleep(Duration::from_millis(random.between(5, LONGEST_LIFE_MS))).await;
    site.mount.feel(Mood::Off);
    site.hub.process.kill9()?;
    turnstiles.join_all().await;
    site.mount.restart(Loss::Some(random))?;
    site.hub.start_again().await?;

    let left = site.hub.status().await?.records;
    ensure!(left >= heard, "the hub held {heard} records, and {left} are left");
    site.check(answers).await?;
    if let Some(ticket) = revoked {
        let reading = Reading::of(ticket, random);
        let said = site
            .turnstile
            .scan_as(&reading.scan_id, &reading.ticket.payload)
            .await?;
        let said = said.expect(200)?.text();
        ensure!(said.contains("\"revoked\""), "a revocation is forgotten: {said}");
        site.uplink.mend();
    }
    site.ask_again(answers).await?;
    site.check(answers).await
}

#[tokio::test]
async fn an_enrolment_that_was_reported_survives_a_power_cut() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let Some(mut mount) = Mount::empty()? else {
        return Ok(());
    };
    let code = stage.organizer.enrolment_code(Role::Hub, "Hub").await?;
    let dir = mount.path().to_owned();
    let arguments = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "enroll".as_ref(),
        code.as_ref(),
    ];
    stage.programs.run(Program::GateAgent, &arguments).await?;
    mount.feel(Mood::Off);
    mount.restart(Loss::Everything)?;
    let setup = HubSetup {
        dir,
        name: "Hub",
        peers: Vec::new(),
    };
    let hub = Hub::start(&stage.programs, setup).await?;
    hub.linked_to("cloud").await
}
