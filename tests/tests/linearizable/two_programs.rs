//! The history of two running processes of one cloud, as those who ask them over HTTP are told it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::ensure;
use serde_json::json;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use tokio::task::JoinSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::{Places, STANDING, draft};
use usher_tests::stage::organizer::Organizer;
use usher_tests::stage::patience::until;

use super::programs::{Asker, Noted, Notes};
use super::sold_seat::{Asked, Reply, SoldSeat};
use crate::has_order;

/// Histories, each of an event of its own.
const ROUNDS: Rounds = Rounds { suite: 3, soak: 60 };
/// Few, so that those who ask meet.
const SEATS: u32 = 8;
/// Who asks at the same time.
const ASKERS: u64 = 6;
/// What each of them asks.
const STEPS: usize = 60;
const PLACES: Places = Places {
    rows: 1,
    seats_per_row: SEATS,
    standing: 4,
    weekend: 1,
};

type History = LinearizabilityTester<u64, SoldSeat>;

/// Puts an event on sale whose holds expire while it is asked for.
async fn on_sale(stage: &Stage, clouds: [&Cloud; 2]) -> anyhow::Result<Organizer> {
    let mut organizer = stage.organizer.clone();
    organizer
        .draft_as(|venue| {
            let mut event = draft(venue, PLACES);
            event["reservation_seconds"] = json!(1);
            event
        })
        .await?;
    organizer.sign_keys().await?;
    organizer.publish().await?;
    for cloud in clouds {
        until("both processes to sell", async || {
            let buyer = Buyer::new(cloud.http.clone(), organizer.event.clone());
            let wish = Wish::Any {
                tier: STANDING,
                quantity: 1,
            };
            Ok((buyer.reserve(&wish).await?.status == 201).then_some(()))
        })
        .await?;
    }
    Ok(organizer)
}

/// Has all ask both processes; returns what they were told.
async fn told(seed: u64, clouds: [&Cloud; 2], organizer: &Organizer) -> anyhow::Result<Vec<Noted>> {
    let notes = Arc::<Notes>::default();
    let mut asking = JoinSet::new();
    for number in 0..ASKERS {
        let here = Buyer::new(clouds[0].http.clone(), organizer.event.clone());
        let asker = Asker {
            number,
            seats: SEATS,
            buyers: clouds.map(|cloud| here.at(&cloud.http)),
            organizers: clouds.map(|cloud| {
                let mut organizer = organizer.clone();
                organizer.http = organizer.http.at(cloud.listening.http);
                organizer
            }),
            notes: Arc::clone(&notes),
        };
        asking.spawn(async move { asker.ask(seed, STEPS).await });
    }
    while let Some(ended) = asking.join_next().await {
        ended??;
    }
    Ok(notes.noted())
}

/// Puts what was told of one seat into lines, in the order in which it was.
fn told_of(seat: u32, told: &[Noted]) -> String {
    let of_it = told.iter().filter(|noted| noted.seat == seat);
    let lines = of_it.map(|noted| match noted.reply {
        None => format!("{} asks {:?}", noted.asker, noted.asked),
        Some(reply) => format!("{} is told {reply:?} of {:?}", noted.asker, noted.asked),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Makes the history of each seat out of what was told.
fn histories(told: &[Noted]) -> anyhow::Result<BTreeMap<u32, History>> {
    let mut histories = BTreeMap::new();
    for noted in told {
        let history: &mut History = histories
            .entry(noted.seat)
            .or_insert_with(|| History::new(SoldSeat::default()));
        let done = match noted.reply {
            None => history.on_invoke(noted.asker, noted.asked),
            Some(reply) => history.on_return(noted.asker, reply),
        };
        done.map_err(anyhow::Error::msg)?;
    }
    Ok(histories)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_programs_tell_of_a_seat_over_http_has_an_order() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("histories of two programs", 20_261_130, ROUNDS);
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let settings = format!(
        "store.url = \"{database}\"\nkeys.master_key = \"{}\"",
        "0".repeat(64)
    );
    let stage = Stage::empty(&settings).await?;
    let other = Cloud::start(&stage.programs, &stage.path("other"), &settings).await?;
    let mut heard = BTreeMap::<String, usize>::new();
    for round in 0..rounds {
        let clouds = [&stage.cloud, &other];
        let organizer = on_sale(&stage, clouds).await?;
        let told = told(seed + round, clouds, &organizer).await?;
        for reply in told.iter().filter_map(|noted| noted.reply) {
            let word = format!("{reply:?}");
            *heard
                .entry(word.split(' ').next().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        for (seat, history) in histories(&told)? {
            let found = has_order(move || history.is_consistent()).await?;
            ensure!(
                found,
                "seed {seed}, round {round}: no order explains what was told of seat {seat}:\n{}",
                told_of(seat, &told)
            );
        }
    }
    for word in [
        "Held",
        "Taken",
        "Sold",
        "Declined",
        "Released",
        "Ended",
        "SeenBooked",
        "Revoked",
    ] {
        ensure!(heard.contains_key(word), "nobody was told {word}: {heard:?}");
    }
    Ok(())
}

#[test]
fn a_seat_that_two_programs_gave_to_two_is_found() -> anyhow::Result<()> {
    let hold = |reservation, from, until| {
        (
            Asked::Hold { reservation, from },
            Reply::Held { until, at: from + 5 },
        )
    };
    let check = |steps: &[(Asked, Reply)], is_right| {
        let mut history = History::new(SoldSeat::default());
        for (asker, (asked, reply)) in (0..).zip(steps) {
            history.on_invoke(asker, *asked).map_err(anyhow::Error::msg)?;
            history.on_return(asker, *reply).map_err(anyhow::Error::msg)?;
        }
        ensure!(history.is_consistent() == is_right, "{steps:?}");
        Ok(())
    };
    check(&[hold(1, 0, 1_000), hold(2, 1_000, 2_000)], true)?;
    check(&[hold(1, 0, 1_000), hold(2, 900, 2_000)], false)?;
    let begin = |reservation, booking| Asked::Begin {
        reservation,
        booking,
        from: 10,
    };
    let end = |booking| (Asked::End { booking }, Reply::Sold);
    let sold = [hold(1, 0, 1_000), (begin(1, 1), Reply::Begun), end(1)];
    check(&sold, true)?;
    let seen = |reply| {
        let asked = Asked::Show {
            reservation: 1,
            from: 5_000,
        };
        (asked, reply)
    };
    check(&[&sold[..], &[seen(Reply::SeenBooked)]].concat(), true)?;
    check(&[&sold[..], &[seen(Reply::SeenPaying)]].concat(), false)?;
    check(&[&sold[..], &[seen(Reply::Gone { at: 5_001 })]].concat(), false)?;
    check(&[&sold[..], &[hold(2, 9_000, 10_000)]].concat(), false)?;
    check(&[&sold[..], &[(begin(1, 2), Reply::Begun)]].concat(), false)?;
    let shown = |reply| (Asked::ShowTicket { booking: 1 }, reply);
    let revoked = (Asked::Revoke { booking: 1 }, Reply::Revoked);
    check(&[&sold[..], &[revoked, shown(Reply::Valid)]].concat(), false)
}
