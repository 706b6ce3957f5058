//! Disks that fail to sync, are full or read-only while hub and cloud run: refused with a sentence, nothing falsely acknowledged, well again when the disk is.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context, ensure};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Wish};
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::http::Reply;
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::HubVerdict;

use super::cloud::on_a_forgetful_disk;
use super::disk::{Loss, Mood};
use super::site::{Answers, Reading, Site};

/// What is drawn from it: scan ids and what the disk forgets.
const SEED: u64 = 20_261_121;
/// The ways in which the disk fails.
const FAILURES: [Mood; 3] = [Mood::SyncFails, Mood::Full, Mood::ReadOnly];
/// Requests that more than fill what SQLite may still overwrite in place.
const MANY: usize = 2_500;

#[tokio::test]
async fn a_hub_on_a_failing_disk_refuses_says_so_and_recovers() -> anyhow::Result<()> {
    let Some(mut site) = Site::open().await? else {
        return Ok(());
    };
    let (mut random, answers) = (Random::new(SEED), Rc::new(RefCell::new(Answers::default())));
    for failure in FAILURES {
        fail_and_recover(&site, failure, &mut random, &answers)
            .await
            .with_context(|| format!("{failure:?}"))?;
    }
    site.mount.feel(Mood::Off);
    site.hub.process.kill9()?;
    site.mount.restart(Loss::Some(&mut random))?;
    site.hub.start_again().await?;
    site.check(&answers).await
}

async fn fail_and_recover(
    site: &Site,
    failure: Mood,
    random: &mut Random,
    answers: &Rc<RefCell<Answers>>,
) -> anyhow::Result<()> {
    let fresh = site.buy(1).await?;
    site.mount.feel(failure);
    let mut refused = None;
    let mut tickets = fresh.iter().cycle();
    for _ in 0..MANY {
        let ticket = tickets.next().context("there are tickets")?.clone();
        let reading = Reading::of(ticket, random);
        let reply = site
            .turnstile
            .scan_as(&reading.scan_id, &reading.ticket.payload)
            .await?;
        if reply.status != 200 {
            refused = Some(reply);
            answers.borrow_mut().open.push(reading);
            break;
        }
        let verdict: HubVerdict = reply.json()?;
        let answer = (reading.ticket.unit, verdict.verdict == "admit");
        answers.borrow_mut().answered.insert(verdict.scan_id, answer);
    }
    says_why(refused)?;
    ensure!(
        !site.hub.status().await?.storage_ok,
        "the status says that the disk is well"
    );
    site.mount.feel(Mood::Well);
    until("the hub to answer again", async || {
        let reading = Reading::of(fresh[0].clone(), random);
        let reply = site
            .turnstile
            .scan_as(&reading.scan_id, &reading.ticket.payload)
            .await?;
        Ok((reply.status == 200).then_some(()))
    })
    .await?;
    ensure!(
        site.hub.status().await?.storage_ok,
        "the status says that the disk fails"
    );
    site.ask_again(answers).await?;
    site.check(answers).await
}

fn says_why(refused: Option<Reply>) -> anyhow::Result<()> {
    let refused = refused.context("nothing was refused")?;
    let said = refused.text();
    ensure!(
        refused.status == 503 && said.contains("\"detail\""),
        "{} {said}",
        refused.status
    );
    Ok(())
}

#[tokio::test]
async fn a_cloud_on_a_failing_disk_refuses_says_so_and_recovers() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FULL).await?;
    stage.cloud.process.stop().await?;
    let Some(mount) = on_a_forgetful_disk(&stage)? else {
        return Ok(());
    };
    let mut site = (stage, mount);
    let (stage, mount) = (&mut site.0, &mut site.1);
    stage.cloud.start_again().await?;
    let (buyer, mut answered) = (stage.buyer(), Vec::new());
    for failure in FAILURES {
        mount.feel(failure);
        let refused = sell_until_refused(stage, &mut answered).await?;
        says_why(refused).with_context(|| format!("{failure:?}"))?;
        stage.cloud.process.check()?;
        mount.feel(Mood::Well);
        let booking = until("the cloud to sell again", async || {
            let wish = Wish::Any {
                tier: STANDING,
                quantity: 1,
            };
            Ok(Some(buyer.buy(&wish).await?))
        })
        .await?;
        answered.push(booking);
    }
    mount.feel(Mood::Off);
    stage.cloud.process.kill9()?;
    mount.restart(Loss::Some(&mut Random::new(SEED)))?;
    stage.cloud.start_again().await?;
    for booking in &answered {
        let path = format!("/v1/bookings/{}", booking.booking_id);
        let kept: Booking = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        assert_eq!(kept, *booking);
    }
    Ok(())
}

/// Sells until a reservation or booking is refused.
async fn sell_until_refused(stage: &Stage, answered: &mut Vec<Booking>) -> anyhow::Result<Option<Reply>> {
    let buyer = stage.buyer();
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    for _ in 0..MANY {
        let reserved = buyer.reserve(&wish).await?;
        if reserved.status != 201 {
            return Ok(Some(reserved));
        }
        let reservation: serde_json::Value = reserved.json()?;
        let reservation = reservation["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        let booked = buyer.book(reservation, "tok_ok", &buyer.fresh_key()).await?;
        if booked.status != 201 {
            return Ok(Some(booked));
        }
        answered.push(booked.json()?);
    }
    Ok(None)
}
