//! The payment service as a program, and a cloud that takes its money there: what goes wrong is chosen with the card.

use anyhow::ensure;
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::psp::ASKING_CARD;

const ONE: Wish = Wish::Any {
    tier: STANDING,
    quantity: 1,
};

async fn on_sale() -> anyhow::Result<Stage> {
    let mut stage = Stage::empty_with_psp().await?;
    stage.organizer.draft(Places::FEW).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    Ok(stage)
}

/// Reserves one place and pays for it; gives the reservation and the status of the answer.
async fn pay(buyer: &Buyer, card: &str) -> anyhow::Result<(String, u16)> {
    let held: Value = buyer.reserve(&ONE).await?.expect(201)?.json()?;
    let reservation = held["reservation_id"].as_str().unwrap_or_default().to_owned();
    let reply = buyer.book(&reservation, card, &buyer.fresh_key()).await?;
    Ok((reservation, reply.status))
}

/// Waits until the booking of a reservation stands so, by what is written down: only a webhook has the payment looked at so soon.
async fn stands(stage: &Stage, reservation: &str, status: &str) -> anyhow::Result<()> {
    let path = format!("/v1/reservations/{reservation}");
    until(format!("the booking to be {status}"), async || {
        let found: Value = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        Ok((found["booking"]["status"] == status).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_sells_whatever_card_is_shown_to_the_program() -> anyhow::Result<()> {
    let stage = on_sale().await?;
    let buyer = stage.buyer();
    let paid = buyer.buy(&ONE).await?;
    ensure!(paid.tickets.len() == 1, "{paid:?}");
    let asked = buyer.clone().with_card(ASKING_CARD).buy_asked(&ONE).await?;
    ensure!(asked.tickets.len() == 1, "{asked:?}");

    let (declined, status) = pay(&buyer, "pm_card_visa_chargeDeclined").await?;
    assert_eq!(status, 402);
    stands(&stage, &declined, "declined").await?;
    // The bank says yes after a few seconds, and a webhook tells of it.
    let (slow, status) = pay(&buyer, "pm_card_visa_processing").await?;
    assert_eq!(status, 202);
    stands(&stage, &slow, "confirmed").await?;
    // It was charged, and the answer was a failure: it is asked for.
    let (failed, status) = pay(&buyer, "pm_card_failure").await?;
    assert_eq!(status, 201);
    stands(&stage, &failed, "confirmed").await?;
    // It was not charged, and is given up.
    let (_, status) = pay(&buyer, "pm_card_tooManyRequests").await?;
    assert_eq!(status, 503);
    let audit = stage.cloud.audit().await?;
    ensure!(
        audit.ends_with("every page, log, ticket and booking is sound"),
        "{audit}"
    );
    Ok(())
}
