//! A move of an event that is killed again and again, at moments drawn from a seed, on the way out and on the way home.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::task::JoinSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::Places;
use usher_tests::stage::organizer::Organizer;
use usher_tests::stage::programs::Program;

use crate::{Pair, SOUND, keep_buying, says, tickets_in};

/// How often each of the two moves is killed.
const ROUNDS: Rounds = Rounds { suite: 5, soak: 40 };
/// The longest life of one, in milliseconds: a whole move takes its two seconds of pause and the copy.
const LONGEST_LIFE_MS: u64 = 5_000;
/// In so many cases of a hundred a killed move is called off before it is begun again.
const CALLED_OFF: u64 = 30;
/// Enough rows to be killed in the middle of them.
const PLACES: Places = Places {
    rows: 40,
    seats_per_row: 50,
    standing: 6_000,
    weekend: 100,
};
const BUYERS: usize = 3;

/// Begins a move again and again and kills it; tells how often it was killed before its end.
async fn kill_often(pair: &Pair, event: &str, to: &str, effort: &mut (Random, u64)) -> anyhow::Result<u32> {
    let (random, rounds) = effort;
    let mut killed = 0;
    for _ in 0..*rounds {
        let mut run = pair.stage.programs.command(Program::Cloud);
        run.args(["cell", "move", event, "--to", to, "--config"])
            .arg(pair.stage.cloud.config());
        let mut moving = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        tokio::time::sleep(Duration::from_millis(random.between(50, LONGEST_LIFE_MS))).await;
        if moving.try_wait()?.is_none() {
            moving.kill()?;
            killed += 1;
        }
        moving.wait()?;
        if random.percent(CALLED_OFF) {
            // One that has taken the event along is not called off, and says so.
            let undone = pair.cell(&["move", event, "--undo"]).await?;
            let said = format!("{}{}", undone.stdout, undone.stderr);
            ensure!(
                said.contains("stays where it is") || said.contains("in the other cell already"),
                "{undone:?}"
            );
        }
    }
    Ok(killed)
}

/// Says the move until it is done, or was.
async fn moves(pair: &Pair, event: &str, to: &str) -> anyhow::Result<()> {
    let moved = pair.cell(&["move", event, "--to", to]).await?;
    let said = format!("{}{}", moved.stdout, moved.stderr);
    ensure!(
        moved.code == Some(0) && said.contains("compared row by row") || said.contains("already"),
        "{moved:?}"
    );
    Ok(())
}

/// Every ticket that was answered is where the event is, and nowhere else.
async fn nothing_is_lost_or_doubled(
    pair: &Pair,
    moving: &Organizer,
    (here, elsewhere): (&str, &str),
    answered: &[BoughtTicket],
) -> anyhow::Result<()> {
    ensure!(tickets_in(elsewhere).await? == 0, "tickets are left behind");
    let kept = tickets_in(here).await?;
    ensure!(kept >= answered.len(), "{kept} tickets of {}", answered.len());
    for ticket in answered {
        let again = pair.buyer(&pair.other, moving).ticket(&ticket.ticket_id).await?;
        ensure!(again.payload == ticket.payload, "{ticket:?} is {again:?} now");
    }
    let audit = pair.stage.cloud.audit().await?;
    ensure!(audit.matches(SOUND).count() == 2, "{audit}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_again_and_again_loses_and_doubles_nothing() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("a move of an event killed", 20_261_130, ROUNDS);
    let pair = Pair::start().await?;
    let moving = pair.put_on_sale_with("Owls on the wing", PLACES).await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let (stop, mut crowd) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..BUYERS {
        crowd.spawn(keep_buying(pair.buyers(&moving), stop.clone()));
    }
    let mut effort = (Random::new(seed), rounds);
    let mut killed = 0;
    for to in ["north", "home"] {
        killed += kill_often(&pair, &moving.event, to, &mut effort).await?;
        moves(&pair, &moving.event, to)
            .await
            .with_context(|| format!("seed {seed}, to {to}"))?;
        let place = if to == "home" { &pair.home } else { &pair.north };
        let sold = tickets_in(place).await?;
        usher_tests::stage::patience::until("somebody to buy there", async || {
            Ok((tickets_in(place).await? > sold).then_some(()))
        })
        .await?;
    }
    stop.store(true, Ordering::Relaxed);
    let answered: Vec<_> = crowd.join_all().await.into_iter().flatten().collect();
    ensure!(killed > 0 && !answered.is_empty(), "seed {seed}: {killed} killed");
    nothing_is_lost_or_doubled(&pair, &moving, (&pair.home, &pair.north), &answered)
        .await
        .with_context(|| format!("seed {seed}"))
}
