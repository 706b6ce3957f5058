//! Buyers and readers of the seat map at a steady pace: whoever has to wait for the one before is waiting, too.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::keepalive::{KeptOpen, get};
use super::till::Till;
use super::{BOOKINGS, LoadTotals, MAPS, REVOKED, Tally};
use crate::stage::buyer::BoughtTicket;
use crate::stage::festival::STANDING;

/// Buyers at once.
pub const BUYERS: u16 = 32;
/// Readers at once.
pub const READERS: u32 = 32;

/// One buyer's part.
pub struct Buying {
    pub cloud: SocketAddr,
    pub event: String,
    /// Which of the buyers.
    pub number: u16,
    /// Until when to buy.
    pub until: Instant,
    /// Where people with tickets go.
    pub sold: mpsc::Sender<BoughtTicket>,
    /// Where tickets go that will be revoked.
    pub doomed: mpsc::Sender<BoughtTicket>,
}

/// Buys a standing place now and then.
pub async fn buy(buying: Buying) -> anyhow::Result<LoadTotals> {
    let mut till = Till::open(buying.cloud, &buying.event, buying.number).await?;
    let claim = format!("\"tiers\":[{{\"tier\":{STANDING},\"quantity\":1}}]");
    let mut pace = Pace::new(buying.number.into(), (BUYERS.into(), BOOKINGS), buying.until);
    let mut booked = Tally::default();
    while let Some(came) = pace.next().await {
        let reservation = till.reserve(&claim).await?.context("there are enough places")?;
        let key = format!("load-{}-{}", buying.number, booked.units.len());
        let tickets = till.book(&reservation, &key).await?;
        booked.latencies.add(came.elapsed());
        for ticket in tickets {
            booked.units.push(ticket.unit);
            let is_doomed = booked.units.len() % REVOKED == 0;
            let way = if is_doomed { &buying.doomed } else { &buying.sold };
            way.send(ticket).await.context("the gates are open")?;
        }
    }
    Ok(LoadTotals {
        booked,
        ..LoadTotals::default()
    })
}

/// Reads the seat map now and then.
pub async fn read(
    cloud: SocketAddr,
    event: String,
    (number, until): (u32, Instant),
) -> anyhow::Result<LoadTotals> {
    let mut line = KeptOpen::connect(cloud).await?;
    let request = get(&format!("/v1/events/{event}/seats"), "accept-encoding: gzip\r\n");
    let mut pace = Pace::new(number, (READERS, MAPS), until);
    let mut read = Tally::default();
    while let Some(came) = pace.next().await {
        let status = line.exchange(&request).await?.status;
        ensure!(status == 200, "a seat map is answered with {status}");
        read.latencies.add(came.elapsed());
    }
    Ok(LoadTotals {
        read,
        ..LoadTotals::default()
    })
}

/// When it is one's turn.
struct Pace {
    next: Instant,
    every: Duration,
    until: Instant,
}

impl Pace {
    /// Returns the turns of one of so many who do so much in a second together.
    fn new(number: u32, (of, per_second): (u32, u32), until: Instant) -> Self {
        let every = Duration::from_secs(1) * of / per_second;
        Self {
            next: Instant::now() + every * number / of,
            every,
            until,
        }
    }

    /// Waits for the next turn and gives when it was.
    async fn next(&mut self) -> Option<Instant> {
        let turn = self.next;
        if turn >= self.until {
            return None;
        }
        self.next += self.every;
        sleep_until(turn).await;
        Some(turn)
    }
}
