//! From nothing to an open gate: keys, cloud, festival, hubs, scanners, tickets.

use anyhow::ensure;

use super::crew::Crew;
use super::steps::{StepFailed, StepReport, Steps};
use crate::stage::Stage;
use crate::stage::buyer::{BoughtTicket, Wish};
use crate::stage::festival::{Places, SEATED, STANDING, WEEKEND};
use crate::stage::organizer::{Organizer, Role};
use crate::stage::psp::ASKING_CARD;
use crate::stage::scanner::Scanner;
use crate::stage::venue::{Side, Venue};

/// Tickets of each tier: enough that each hub is the home of some of them in all but one of thousands of runs.
const TICKETS_PER_TIER: u32 = 20;

/// Sets everything up.
///
/// # Errors
///
/// The step that failed.
pub async fn open(steps: &mut Steps) -> Result<Crew, StepFailed> {
    let mut stage = steps
        .step(
            "A root key is made, a cloud started",
            "a key that stays offline; the cloud is healthy",
            start(),
        )
        .await?;
    let places = steps
        .step(
            "A festival is set up",
            "10,000 places: seats, standing, weekend passes",
            draft(&mut stage.organizer),
        )
        .await?;
    steps
        .step(
            "Its keys are signed offline",
            "the bundle is accepted, tickets are on sale",
            sign(&stage, places),
        )
        .await?;
    let venue = steps
        .step(
            "Two hubs enrol",
            "linked to the cloud and to each other",
            hubs(&stage),
        )
        .await?;
    let [north, south, roaming] = steps
        .step(
            "Three scanners enrol",
            "two through a hub, one through the cloud",
            scanners(&stage, &venue),
        )
        .await?;
    let mut crew = Crew {
        stage,
        venue,
        north,
        south,
        roaming,
        unused: Vec::new(),
        passed: Vec::new(),
    };
    crew.unused = steps
        .step("Tickets are sold", "each comes as a signed QR code", sell(&crew))
        .await?;
    let asked = buy_asked(&crew);
    steps
        .step(
            "A bank asks its buyer first",
            "a page of the bank, then the ticket",
            asked,
        )
        .await?;
    Ok(crew)
}

async fn start() -> anyhow::Result<StepReport<Stage>> {
    let stage = Stage::empty_with_psp().await?;
    let said = format!("root.pem made; {} answers", stage.cloud.http.base());
    Ok(StepReport::new(stage, said))
}

async fn draft(organizer: &mut Organizer) -> anyhow::Result<StepReport<u32>> {
    let places = organizer.draft(Places::FULL).await?;
    ensure!(places == 10_000, "the festival has {places} places");
    Ok(StepReport::new(places, format!("{places} places in three tiers")))
}

async fn sign(stage: &Stage, places: u32) -> anyhow::Result<StepReport<()>> {
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    Ok(StepReport::new(
        (),
        format!("usher-keys signed them; {places} places on sale"),
    ))
}

async fn hubs(stage: &Stage) -> anyhow::Result<StepReport<Venue>> {
    let venue = Venue::open(stage).await?;
    let said = format!(
        "{} and {} are linked and share the places",
        venue.north.name, venue.south.name
    );
    Ok(StepReport::new(venue, said))
}

async fn scanners(stage: &Stage, venue: &Venue) -> anyhow::Result<StepReport<[Scanner; 3]>> {
    let north = venue.scanner(stage, Side::North, "Scanner North").await?;
    let south = venue.scanner(stage, Side::South, "Scanner South").await?;
    let code = stage
        .organizer
        .enrolment_code(Role::Scanner, "Scanner Roaming")
        .await?;
    let roaming = Scanner::enrol(&stage.programs, &stage.path("Scanner Roaming"), &code).await?;
    let roaming = roaming.with_hub(venue.south.listening.quic);
    Ok(StepReport::new(
        [north, south, roaming],
        "all three hold a certificate",
    ))
}

async fn sell(crew: &Crew) -> anyhow::Result<StepReport<Vec<(BoughtTicket, std::path::PathBuf)>>> {
    let (buyer, folder) = (crew.stage.buyer(), crew.stage.path(""));
    let mut sold = Vec::new();
    for tier in [SEATED, STANDING, WEEKEND] {
        let booking = buyer
            .buy(&Wish::Any {
                tier,
                quantity: TICKETS_PER_TIER,
            })
            .await?;
        for ticket in booking.tickets {
            let picture = buyer.save_code(&ticket, &folder).await?;
            sold.push((ticket, picture));
        }
    }
    let said = format!("{} tickets sold, their codes saved as PNG", sold.len());
    Ok(StepReport::new(sold, said))
}

/// Buys a ticket with 3-D Secure: the cloud hears of the yes by a webhook.
async fn buy_asked(crew: &Crew) -> anyhow::Result<StepReport<()>> {
    let buyer = crew.stage.buyer().with_card(ASKING_CARD);
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    let booking = buyer.buy_asked(&wish).await?;
    ensure!(booking.tickets.len() == 1, "{} tickets", booking.tickets.len());
    Ok(StepReport::new(
        (),
        "the buyer said yes at the bank; a ticket was issued",
    ))
}
