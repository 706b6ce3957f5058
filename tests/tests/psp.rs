//! The payment service as a program, and a cloud that takes its money there: what goes wrong is chosen with the card.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
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

/// Says something about the last dispute at the payment service, which decides it.
async fn answer_dispute(stage: &Stage, name: &str, text: &str) -> anyhow::Result<()> {
    let psp = stage.psp.as_ref().context("a payment service")?;
    let form = format!("evidence[uncategorized_text]={text}&submit=true");
    psp.post(&format!("/v1/disputes/{name}"), form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_a_bank_takes_back_is_told_and_given_to_nobody_twice() -> anyhow::Result<()> {
    let stage = on_sale().await?;
    let (buyer, organizer) = (stage.buyer(), &stage.organizer.http);
    let events = format!("/v1/organizer/events/{}", stage.organizer.event);
    let disputes = format!("{events}/disputes");
    for (text, status) in [("winning_evidence", "won"), ("losing_evidence", "lost")] {
        let booking = buyer.clone().with_card("pm_card_createDispute").buy(&ONE).await?;
        let path = format!("/v1/bookings/{}", booking.booking_id);
        let stands = async |status: &str| {
            until(format!("the dispute to be {status}"), async || {
                let found: Value = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
                Ok((found["dispute"] == status).then_some(()))
            })
            .await
        };
        stands("open").await?;
        let open: Value = organizer
            .get(&format!("{disputes}?status=open"))
            .await?
            .expect(200)?
            .json()?;
        let open = &open["disputes"][0];
        assert_eq!(
            (&open["booking_id"], open["amount"].as_i64()),
            (&json!(booking.booking_id), Some(booking.amount))
        );
        let refunds = format!("{events}/bookings/{}/refunds", booking.booking_id);
        let whole = json!({ "idempotency_key": format!("whole {status}") });
        let refused = organizer.post(&refunds, &whole).await?.expect(409)?;
        ensure!(refused.text().contains("booking-disputed"), "{}", refused.text());
        answer_dispute(&stage, open["name"].as_str().unwrap_or_default(), text).await?;
        stands(status).await?;
        // What was won can be given back as ever; of what was lost, the tickets alone.
        let request = match status {
            "won" => whole,
            _ => json!({ "idempotency_key": "tickets", "amount": 0 }),
        };
        let given: Value = organizer.post(&refunds, &request).await?.expect(201)?.json()?;
        assert_eq!(given["status"], "given", "{given}");
        let ticket = buyer.ticket(&booking.tickets[0].ticket_id).await?;
        assert_eq!(ticket.status, "revoked");
    }
    let audit = stage.cloud.audit().await?;
    ensure!(
        audit.ends_with("every page, log, ticket and booking is sound"),
        "{audit}"
    );
    Ok(())
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
