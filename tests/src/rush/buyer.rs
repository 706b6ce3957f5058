//! One buyer of a rush: looks, picks seats or takes the best, pays or does not, and sometimes cheats.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::figures::{CameToNothing, Routes};
use super::seats::SeenSeats;
use super::shop::RushShop;
use crate::load::keepalive::{KeptOpen, get, post};
use crate::sim::random::Random;
use crate::stage::buyer::Booking;
use crate::stage::festival::SEATED;

/// Most seats that one wants.
const GROUP: u64 = 4;
/// How long somebody waits who found nothing free: others' holds may lapse.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// What becomes of reservations, in per cent; all others are paid for at once.
const GIVEN_BACK: u64 = 4;
const LEFT: u64 = 4;
const DECLINED: u64 = 4;
const CHEATS: u64 = 4;

/// What buyers did, all together.
#[derive(Debug, Default)]
pub struct Doings {
    pub routes: Routes,
    /// What was tried and came to nothing.
    pub nothing: CameToNothing,
}

impl Doings {
    /// Adds those of another.
    pub fn add(&mut self, other: Self) {
        self.routes.add_all(other.routes);
        self.nothing.add(other.nothing);
    }
}

#[derive(Deserialize)]
struct Reserved {
    reservation_id: String,
}

/// A buyer on their way through the shop.
struct Visitor {
    shop: Arc<RushShop>,
    line: KeptOpen,
    /// One of their own, since what one address keeps unpaid is bounded.
    email: String,
    random: Random,
    doings: Doings,
}

/// Buys until this part of the rush ends.
///
/// # Errors
///
/// When something is answered that should not be.
pub async fn buy(shop: Arc<RushShop>, number: usize) -> anyhow::Result<Doings> {
    let mut visitor = Visitor {
        line: KeptOpen::connect_as(u16::try_from(number)?, shop.process_of(number)).await?,
        email: format!("ann-{number}@example.org"),
        random: Random::new(number as u64),
        doings: Doings::default(),
        shop,
    };
    while visitor.shop.goes_on() {
        visitor.visit().await?;
    }
    Ok(visitor.doings)
}

impl Visitor {
    /// Comes once, and leaves with tickets or without.
    async fn visit(&mut self) -> anyhow::Result<()> {
        let event = self.shop.event.clone();
        if self.random.percent(10) {
            let (status, _) = self
                .ask("event", &get(&format!("/v1/events/{event}"), ""))
                .await?;
            ensure!(status == 200, "the event is answered with {status}");
        }
        let Some(claim) = self.wish().await? else {
            sleep(AGAIN_AFTER).await;
            return Ok(());
        };
        let body = format!("{{\"event_id\":\"{event}\",{claim}}}");
        let (status, answer) = self.ask("reserve", &post("/v1/reservations", "", &body)).await?;
        match status {
            201 => {
                let reserved: Reserved = serde_json::from_slice(&answer)?;
                self.decide(reserved.reservation_id).await
            }
            409 => {
                self.doings.nothing.taken += 1;
                if claim.starts_with("\"best") {
                    sleep(AGAIN_AFTER).await;
                }
                Ok(())
            }
            _ => bail!(
                "reserving is answered with {status}: {}",
                String::from_utf8_lossy(&answer)
            ),
        }
    }

    /// Says what they would like; nothing when nothing looks free.
    async fn wish(&mut self) -> anyhow::Result<Option<String>> {
        let count = usize::try_from(self.random.between(1, GROUP))?;
        if self.random.percent(60) {
            return Ok(Some(format!(
                "\"best_available\":{{\"tier\":{SEATED},\"count\":{count}}}"
            )));
        }
        let request = get(&format!("/v1/events/{}/availability", self.shop.event), "");
        let (status, body) = self.ask("availability", &request).await?;
        ensure!(status == 200, "the availability is answered with {status}");
        let seen = SeenSeats::read(&body, self.shop.seats)?;
        let picked = seen.pick(count, &mut self.random);
        Ok(picked.map(|seats| format!("\"seat_ids\":{seats:?}")))
    }

    /// Pays, or does something else.
    async fn decide(&mut self, reservation: String) -> anyhow::Result<()> {
        let lot = self.random.below(100);
        let (back, left, declined) = (GIVEN_BACK, GIVEN_BACK + LEFT, GIVEN_BACK + LEFT + DECLINED);
        if lot < back {
            let request = format!("DELETE /v1/reservations/{reservation} HTTP/1.1\r\nhost: rush\r\n\r\n");
            let (status, _) = self.ask("give back", request.as_bytes()).await?;
            ensure!(
                matches!(status, 200 | 204),
                "giving back is answered with {status}"
            );
            self.doings.nothing.given_back += 1;
            return Ok(());
        }
        if lot < left {
            self.doings.nothing.left += 1;
            return Ok(());
        }
        if lot < declined {
            let key = self.shop.key();
            let (status, _) = self.pay(&reservation, &key, "tok_decline").await?;
            ensure!(
                matches!(status, 402 | 400),
                "a declined card is answered with {status}"
            );
            self.doings.nothing.declined += 1;
        }
        let key = self.shop.key();
        let (status, answer) = self.pay(&reservation, &key, "tok_ok").await?;
        if status == 400 {
            // It had lapsed before the money came.
            self.doings.nothing.taken += 1;
            return Ok(());
        }
        ensure!(
            status == 201,
            "paying is answered with {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        let booking: Booking = serde_json::from_slice(&answer)?;
        if (declined..declined + CHEATS).contains(&lot) {
            self.cheat(&reservation, (&key, &booking)).await?;
        }
        self.shop.note(booking)
    }

    /// Says the same again, and wants more for the same money.
    async fn cheat(&mut self, reservation: &str, (key, booking): (&str, &Booking)) -> anyhow::Result<()> {
        let (status, again) = self.pay(reservation, key, "tok_ok").await?;
        ensure!(status == 201, "the same booking again is answered with {status}");
        let again: Booking = serde_json::from_slice(&again)?;
        let units = |booking: &Booking| {
            booking
                .tickets
                .iter()
                .map(|ticket| ticket.unit)
                .collect::<Vec<_>>()
        };
        ensure!(
            units(&again) == units(booking) && again.booking_id == booking.booking_id,
            "the same request gave another booking"
        );
        let other_key = self.shop.key();
        for (key, token) in [(other_key.as_str(), "tok_ok"), (key, "tok_other")] {
            let (status, _) = self.pay(reservation, key, token).await?;
            ensure!(
                (400..500).contains(&status),
                "a reservation that is paid for was sold again: {status}"
            );
            self.doings.nothing.repelled += 1;
        }
        Ok(())
    }

    async fn pay(&mut self, reservation: &str, key: &str, token: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let body = format!(
            "{{\"reservation_id\":\"{reservation}\",\"payment_token\":\"{token}\",\
             \"idempotency_key\":\"{key}\",\"email\":\"{}\"}}",
            self.email
        );
        self.ask("book", &post("/v1/bookings", "", &body)).await
    }

    async fn ask(&mut self, route: &'static str, request: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        let begun = Instant::now();
        let answer = self.line.exchange(request).await?;
        let (status, body) = (answer.status, answer.body.to_vec());
        self.doings.routes.add(route, begun.elapsed());
        Ok((status, body))
    }
}
