//! Power cuts under a cloud that sells.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::{Places, SEATED, STANDING};
use usher_tests::stage::patience::until;

use super::disk::{Loss, Mood};
use super::mount::Mount;

/// Power cuts, in the default suite and in `make soak`.
const ROUNDS: Rounds = Rounds { suite: 20, soak: 200 };
/// Longest time from a start to the power cut, in milliseconds.
const LONGEST_LIFE_MS: u64 = 300;
/// Buyers at once.
const BUYERS: u64 = 4;
/// In so many of a hundred cases a ticket that was bought is revoked.
const REVOKED_PERCENT: u64 = 20;
/// How payments go: at once, slowly, and with an answer that gets lost.
const CARDS: [&str; 4] = ["tok_ok", "tok_ok", "tok_slow_15", "tok_lost_reply"];

/// What one buyer was answered.
#[derive(Debug, Default)]
struct Answers {
    bookings: Vec<Booking>,
    revoked: BTreeSet<String>,
}

/// Puts a stopped cloud's data folder on a forgetful disk; nothing where the system cannot do FUSE.
///
/// # Errors
///
/// When a step fails.
pub fn on_a_forgetful_disk(stage: &Stage) -> anyhow::Result<Option<Mount>> {
    let data = stage.cloud.data_dir();
    let before = data.with_extension("before");
    fs::rename(data, &before).context("moving the data folder")?;
    let mount = Mount::empty()?;
    if let Some(mount) = &mount {
        copy_and_sync(&before, mount.path())?;
        symlink(mount.path(), data).context("pointing to the disk")?;
    }
    Ok(mount)
}

fn copy_and_sync(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
            copy_and_sync(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying to {}", target.display()))?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(File::open(to)?.sync_all()?)
}

#[tokio::test]
async fn whatever_a_cloud_answered_survives_power_cuts() -> anyhow::Result<()> {
    LocalSet::new().run_until(cut_while_selling()).await
}

async fn cut_while_selling() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("power cuts under a cloud", 20_261_121, ROUNDS);
    let mut stage = Stage::on_sale(Places::FULL).await?;
    stage.cloud.process.stop().await?;
    let Some(mount) = on_a_forgetful_disk(&stage)? else {
        return Ok(());
    };
    let mut site = (stage, mount);
    site.0.cloud.start_again().await?;
    let mut random = Random::new(seed);
    let answers = cut_the_power(&mut site, (&mut random, seed), rounds).await?;
    let stage = &site.0;
    each_is_still_there(stage, &answers).await?;
    the_books_add_up(stage, &answers).await
}

async fn cut_the_power(
    (stage, mount): &mut (Stage, Mount),
    (random, seed): (&mut Random, u64),
    rounds: u64,
) -> anyhow::Result<Answers> {
    let (stop, stopped) = watch::channel(false);
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        let random = Random::new(random.bits());
        buyers.spawn_local(keep_buying(
            stage.buyer(),
            stage.organizer.clone(),
            random,
            stopped.clone(),
        ));
    }
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(random.between(20, LONGEST_LIFE_MS))).await;
        mount.feel(Mood::Off);
        stage.cloud.process.kill9()?;
        mount.restart(Loss::Some(random))?;
        let place = || format!("seed {seed} round {round}");
        stage.cloud.start_again().await.with_context(place)?;
    }
    stop.send(true)?;
    let mut answers = Answers::default();
    while let Some(one) = buyers.join_next().await {
        let one = one??;
        answers.bookings.extend(one.bookings);
        answers.revoked.extend(one.revoked);
    }
    let (bookings, revoked) = (answers.bookings.len(), answers.revoked.len());
    #[expect(
        clippy::print_stdout,
        reason = "what a round showed is for people who read the log"
    )]
    {
        println!("cloud: seed {seed}, {rounds} power cuts, {bookings} bookings, {revoked} revocations");
    }
    ensure!(
        bookings as u64 > 2 * rounds && revoked > 0,
        "seed {seed}: {bookings} bookings and {revoked} revocations prove little"
    );
    Ok(answers)
}

/// Buys and revokes until told to stop. A booking without an answer is repeated with its key until it has one.
async fn keep_buying(
    buyer: Buyer,
    organizer: usher_tests::stage::organizer::Organizer,
    mut random: Random,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    while !*stopped.borrow() {
        let tier = if random.percent(50) { SEATED } else { STANDING };
        // A reservation whose answer is lost runs out by itself.
        let reserved = match buyer.reserve(&Wish::Any { tier, quantity: 1 }).await {
            Ok(reply) if reply.status == 201 => reply,
            Ok(_) | Err(_) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        let reservation: Value = reserved.json()?;
        let reservation = reservation["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        let (card, key) = (CARDS[random.index(CARDS.len())], buyer.fresh_key());
        let booked = until("a booking to have an outcome", async || {
            let reply = buyer.book(reservation, card, &key).await?;
            Ok((reply.status != 503).then_some(reply))
        })
        .await?;
        let booking: Booking = booked.expect(201)?.json()?;
        let ticket = booking.tickets.first().context("a booking has tickets")?;
        if random.percent(REVOKED_PERCENT) && organizer.revoke(&ticket.ticket_id).await.is_ok() {
            answers.revoked.insert(ticket.ticket_id.clone());
        }
        answers.bookings.push(booking);
    }
    Ok(answers)
}

async fn each_is_still_there(stage: &Stage, answers: &Answers) -> anyhow::Result<()> {
    let (buyer, mut units) = (stage.buyer(), BTreeSet::new());
    for booking in &answers.bookings {
        let path = format!("/v1/bookings/{}", booking.booking_id);
        let kept: Booking = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        assert_eq!((&kept.status, kept.amount), (&booking.status, booking.amount));
        for ticket in &booking.tickets {
            ensure!(
                units.insert(ticket.unit),
                "unit {} is in two bookings",
                ticket.unit
            );
            let kept = buyer.ticket(&ticket.ticket_id).await?;
            assert_eq!((kept.unit, kept.generation), (ticket.unit, ticket.generation));
            ensure!(
                kept.status == "revoked" || !answers.revoked.contains(&ticket.ticket_id),
                "the revocation of {} is lost",
                ticket.ticket_id
            );
        }
    }
    Ok(())
}

/// Compares the organizer's figures with what buyers were told: every booking and its money, no more and no less.
async fn the_books_add_up(stage: &Stage, answers: &Answers) -> anyhow::Result<()> {
    let path = stage.organizer.path("");
    let event: Value = stage
        .organizer
        .http
        .get(path.trim_end_matches('/'))
        .await?
        .expect(200)?
        .json()?;
    assert_eq!(event["sales"]["bookings"], answers.bookings.len());
    let paid: i64 = answers.bookings.iter().map(|booking| booking.amount).sum();
    assert_eq!(event["sales"]["revenue"], paid);
    Ok(())
}
