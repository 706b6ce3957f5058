//! Tickets that stop being good: every gate hears of it, and whoever has heard does not forget.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use usher_protocol::ticket::{Payload, digits};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::{HUB_NORTH, Venue};

/// How long a revocation may take to reach linked hubs, on a machine that does other things too.
const REACHES_HUBS_WITHIN: Duration = Duration::from_secs(2);

/// Asks for two people with a ticket for one: denied in any case, so that the ticket is not used up.
async fn reason(turnstile: &Turnstile, gate: u16, ticket: &BoughtTicket) -> anyhow::Result<String> {
    let request = json!({ "payload": ticket.payload, "gate": gate, "persons": 2 });
    let verdict: HubVerdict = turnstile.ask(&request).await?.expect(200)?.json()?;
    Ok(verdict.reason.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_hubs_deny_a_revoked_ticket_at_once_and_admit_it_again_once_it_is_reinstated()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let gates = [
        (venue.north.turnstile(NORTH).await?, NORTH),
        (venue.south.turnstile(SOUTH).await?, SOUTH),
    ];
    let ticket = stage.buyer().buy_one(SEATED).await?;
    assert_eq!(stage.organizer.revoke(&ticket.ticket_id).await?.status, "revoked");
    for (turnstile, gate) in &gates {
        until_within(REACHES_HUBS_WITHIN, "the hub to deny it", async || {
            Ok((reason(turnstile, *gate, &ticket).await? == "revoked").then_some(()))
        })
        .await?;
    }
    assert_eq!(
        stage.organizer.reinstate(&ticket.ticket_id).await?.status,
        "valid"
    );
    for (turnstile, gate) in &gates {
        until_within(REACHES_HUBS_WITHIN, "the hub to take it again", async || {
            Ok((reason(turnstile, *gate, &ticket).await? == "group_too_large").then_some(()))
        })
        .await?;
    }
    assert_eq!(gates[0].0.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_reissued_ticket_only_the_new_code_opens_the_gate() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.south.turnstile(SOUTH).await?;
    let old = stage.buyer().buy_one(SEATED).await?;
    let new = stage.organizer.reissue(&old.ticket_id).await?;
    assert_eq!((new.unit, new.generation), (old.unit, old.generation + 1));
    until_within(REACHES_HUBS_WITHIN, "the hub to deny the old code", async || {
        Ok((reason(&turnstile, SOUTH, &old).await? == "superseded").then_some(()))
    })
    .await?;
    assert_eq!(turnstile.scan(&new.payload).await?.verdict, "admit");
    assert_eq!(
        turnstile.scan(&old.payload).await?.reason.as_deref(),
        Some("superseded")
    );
    assert_eq!(
        stage.buyer().ticket(&old.ticket_id).await?.payload,
        "",
        "an old code is shown to nobody"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_hears_of_a_revocation_from_its_neighbour_and_forgets_it_in_no_crash() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let north = venue.north.turnstile(NORTH).await?;
    venue.south.process.kill9()?;
    stage.organizer.revoke(&ticket.ticket_id).await?;
    until("the hub in the north to hear of it", async || {
        Ok((reason(&north, NORTH, &ticket).await? == "revoked").then_some(()))
    })
    .await?;
    stage.cloud.process.kill9()?;

    // The cloud is gone: only the neighbour can tell.
    venue.south.start_again().await?;
    venue.south.linked_to(HUB_NORTH).await?;
    let south = venue.south.turnstile(SOUTH).await?;
    until("the hub in the south to hear of it", async || {
        Ok((reason(&south, SOUTH, &ticket).await? == "revoked").then_some(()))
    })
    .await?;
    venue.north.process.kill9()?;
    venue.south.process.kill9()?;
    venue.south.start_again().await?;
    let verdict = south.scan(&ticket.payload).await?;
    assert_eq!(verdict.reason.as_deref(), Some("revoked"), "{verdict:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_a_retired_key_stay_good_and_those_of_a_struck_one_do_not() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.south.turnstile(SOUTH).await?;
    let buyer = stage.buyer();
    let [old, also_old] = [buyer.buy_one(SEATED).await?, buyer.buy_one(SEATED).await?];
    let bytes = digits::decode(old.payload.as_bytes()).context("a payload is decimal digits")?;
    let (signed, _, _) = Payload::parse(&bytes)?;

    stage.organizer.rotate_keys().await?;
    let new = buyer.buy_one(SEATED).await?;
    until_within(REACHES_HUBS_WITHIN, "the hub to trust the new key", async || {
        Ok((reason(&turnstile, SOUTH, &new).await? == "group_too_large").then_some(()))
    })
    .await?;
    assert_eq!(turnstile.scan(&old.payload).await?.verdict, "admit");

    stage.organizer.strike(&signed.key.to_string()).await?;
    until_within(
        REACHES_HUBS_WITHIN,
        "the hub to refuse the struck key",
        async || Ok((reason(&turnstile, SOUTH, &also_old).await? == "struck_key").then_some(())),
    )
    .await?;
    assert_eq!(turnstile.scan(&new.payload).await?.verdict, "admit");
    Ok(())
}
