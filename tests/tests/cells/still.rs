//! A database that comes to a stand in the middle of payments: it refuses nothing and answers nothing, at one process or at all.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::WEEKEND;
use usher_tests::stage::http::Reply;
use usher_tests::stage::patience::{until, until_within};

use super::attacks::{count, money_is_where_tickets_are, reservation};
use super::cable::Cable;
use crate::Pair;

/// Cards whose payments are at each of their steps when the database stands.
const CARDS: [&str; 4] = ["tok_slow_9000", "tok_slow_3000", "tok_slow_250", "tok_ok"];
/// So many pay with each card.
const PAYERS: usize = 3;
/// For how long the database stands: longer than a connection is believed on which nothing is heard.
const STANDS_FOR: Duration = Duration::from_secs(15);
/// Within which time everybody has an answer: the longest a request may take, and some seconds for a machine that does other things too.
const ANSWERED_WITHIN: Duration = Duration::from_secs(100);
/// Within which time another process, or the same one, has ended what was begun: a lease, a look for work, and connections given up.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
const STILL_PAYING: &str = "SELECT count(*) FROM bookings WHERE state = 'paying'";

/// Somebody who pays, and can ask again for the same.
struct Payer {
    buyer: Buyer,
    held: String,
    card: &'static str,
    key: String,
}

impl Payer {
    async fn pay(&self) -> anyhow::Result<Reply> {
        self.buyer.book(&self.held, self.card, &self.key).await
    }
}

async fn payers(buyers: &[Buyer]) -> anyhow::Result<Vec<Payer>> {
    let mut payers = Vec::new();
    for buyer in buyers {
        until("the process to sell", async || Ok(reservation(buyer).await.ok())).await?;
    }
    for nth in 0..CARDS.len() * PAYERS {
        let mut buyer = buyers[nth % buyers.len()].clone();
        buyer.http = buyer.http.patient(ANSWERED_WITHIN)?;
        payers.push(Payer {
            held: reservation(&buyer).await?,
            card: CARDS[nth % CARDS.len()],
            key: buyer.fresh_key(),
            buyer,
        });
    }
    Ok(payers)
}

/// Has all pay, and stops the database in the middle of it; returns what each was told.
async fn pay_as_it_stands(
    cable: &Cable,
    home: &str,
    payers: Vec<Payer>,
) -> anyhow::Result<Vec<(Payer, Reply)>> {
    let mut paying = JoinSet::new();
    for payer in payers {
        paying.spawn(async move {
            let reply = payer.pay().await?;
            anyhow::Ok((payer, reply))
        });
    }
    until("several to pay", async || {
        Ok((count(home, STILL_PAYING).await? >= PAYERS).then_some(()))
    })
    .await?;
    cable.plug(false);
    tokio::time::sleep(STANDS_FOR).await;
    let begun = Instant::now();
    cable.plug(true);
    let mut told = Vec::new();
    while let Some(answer) = paying.join_next().await {
        let (payer, reply) = answer??;
        // Another process may have given it up for them: that is said, and nothing was charged.
        let is_given_up = reply.status == 402 && reply.text().contains("given_up");
        ensure!(
            is_given_up || [201, 202, 503].contains(&reply.status),
            "{}: {} {}",
            payer.card,
            reply.status,
            reply.text()
        );
        told.push((payer, reply));
    }
    ensure!(
        begun.elapsed() < ANSWERED_WITHIN,
        "answered after {:?}",
        begun.elapsed()
    );
    Ok(told)
}

/// Every payment comes to its end, whoever asks again hears it, and the money is where the tickets are.
async fn heals(pair: &Pair, told: Vec<(Payer, Reply)>) -> anyhow::Result<()> {
    until_within(SETTLED_WITHIN, "every payment to have an end", async || {
        Ok((count(&pair.home, STILL_PAYING).await? == 0).then_some(()))
    })
    .await?;
    for (payer, first) in told {
        let again = payer.pay().await?;
        if first.status == 201 {
            ensure!(
                [200, 201].contains(&again.status),
                "{}: {}",
                payer.card,
                again.text()
            );
        }
        match again.status {
            200 | 201 => {
                for ticket in again.json::<Booking>()?.tickets {
                    payer.buyer.ticket(&ticket.ticket_id).await?;
                }
            }
            // It came too late and was given up, or given back.
            400 | 402 | 409 => {}
            other => anyhow::bail!("{}: {other} {}", payer.card, again.text()),
        }
    }
    money_is_where_tickets_are(pair).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_database_comes_to_a_stand_while_somebody_pays_charges_nobody_twice()
-> anyhow::Result<()> {
    let home = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let north = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let (cable, through) = Cable::lay(&home).await?;
    let pair = Pair::start_at([&home, &through], north).await?;
    let event = pair.put_on_sale("Owls at home").await?;
    let [here, there] = pair.buyers(&event);
    let payers = payers(std::slice::from_ref(&there)).await?;
    let told = pay_as_it_stands(&cable, &home, payers).await?;
    // The other process has sold all the while, and the one that was cut off sells again.
    let one = Wish::Any {
        tier: WEEKEND,
        quantity: 1,
    };
    here.buy(&one).await?;
    heals(&pair, told).await?;
    there.buy(&one).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_database_that_stands_still_for_all_is_said_to_and_everything_heals() -> anyhow::Result<()> {
    let home = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let north = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let (cable, through) = Cable::lay(&home).await?;
    let mut pair = Pair::start_at([&through, &through], north).await?;
    let event = pair.put_on_sale("Owls at home").await?;
    // What is counted is asked of the database itself.
    pair.home = home.clone();
    let buyers = pair.buyers(&event);
    let payers = payers(&buyers).await?;
    let told = pay_as_it_stands(&cable, &home, payers).await?;
    heals(&pair, told).await?;
    for buyer in &buyers {
        buyer
            .buy(&Wish::Any {
                tier: WEEKEND,
                quantity: 1,
            })
            .await?;
    }
    Ok(())
}
