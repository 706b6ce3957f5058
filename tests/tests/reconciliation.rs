//! A cloud's payments against the payment service's own list, by the real programs: what people do over there by hand is named.

use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::programs::{Program, finish};

const ONE: Wish = Wish::Any {
    tier: STANDING,
    quantity: 1,
};

async fn pay(buyer: &Buyer, card: &str) -> anyhow::Result<u16> {
    let held: Value = buyer.reserve(&ONE).await?.expect(201)?.json()?;
    let reservation = held["reservation_id"].as_str().unwrap_or_default().to_owned();
    Ok(buyer.book(&reservation, card, &buyer.fresh_key()).await?.status)
}

/// Compares; tells whether there was no difference, and what was said.
async fn reconcile(stage: &Stage) -> anyhow::Result<(bool, String)> {
    let programs = stage.programs.clone();
    let mut run = programs.command(Program::Cloud);
    run.args(["reconcile", "--config"]).arg(stage.cloud.config());
    let ended = finish(run).await?;
    Ok((ended.code == Some(0), ended.stdout + &ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_to_the_list_of_the_payment_service_is_named() -> anyhow::Result<()> {
    let mut stage = Stage::empty_with_psp().await?;
    stage.organizer.draft(Places::FEW).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    let buyer = stage.buyer();
    // More than one page of a list: what is listed last counts too.
    for _ in 0..3 {
        assert_eq!(pay(&buyer, "pm_card_visa").await?, 201);
    }
    assert_eq!(pay(&buyer, "pm_card_visa_chargeDeclined").await?, 402);
    let (is_same, said) = reconcile(&stage).await?;
    assert!(is_same && said.contains(", 0 differences"), "{said}");

    let psp = stage.psp.as_ref().expect("a payment service");
    psp.post("/v1/refunds", "payment_intent=pi_1&amount=100".into())
        .await?;
    let form = "amount=4900&currency=eur&automatic_payment_methods[enabled]=true";
    psp.post("/v1/payment_intents", form.into()).await?;
    let confirm = "payment_method=pm_card_visa&return_url=http://tickets.example";
    psp.post("/v1/payment_intents/pi_5/confirm", confirm.into())
        .await?;
    let (is_same, said) = reconcile(&stage).await?;
    assert!(!is_same && said.contains(", 2 differences"), "{said}");
    for difference in [
        "DIFFERENT: payment pi_5 was taken there and has no name of ours",
        "DIFFERENT: refund re_1 of payment pi_1 was given there, and is not written down here",
    ] {
        assert!(said.contains(difference), "{said}");
    }
    Ok(())
}
