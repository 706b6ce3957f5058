//! Buyers and an organizer who ask two running processes of one cloud, over HTTP, and note what they are told of every seat.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::Value;
use usher_tests::sim::random::Random;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::organizer::Organizer;

use super::sold_seat::{Asked, Reply};

/// How long whoever has no answer yet waits before asking again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Of so many newest reservations and tickets one is drawn: what has ended long ago is of no interest.
const NEWEST: usize = 6;

/// What somebody asked or, with a reply, was told of a seat. A booking is two questions, each by itself as if two people asked at once:
/// whether it may begin, and how it ends.
#[derive(Debug, Clone, Copy)]
pub struct Noted {
    /// Its place among all.
    order: u64,
    pub seat: u32,
    pub asker: u64,
    pub asked: Asked,
    pub reply: Option<Reply>,
}

/// What is known to all who ask.
#[derive(Default)]
pub struct Notes {
    numbers: AtomicU64,
    noted: Mutex<Vec<Noted>>,
    held: Mutex<Vec<(u32, u64, String)>>,
    sold: Mutex<Vec<(u32, u64, String)>>,
}

/// Somebody who asks either process.
pub struct Asker {
    pub number: u64,
    pub seats: u32,
    pub buyers: [Buyer; 2],
    pub organizers: [Organizer; 2],
    pub notes: Arc<Notes>,
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The answer was given within the millisecond that has begun.
fn by_now() -> u64 {
    now_ms() + 1
}

impl Notes {
    /// Returns what was asked and told, in the order in which it was.
    pub fn noted(&self) -> Vec<Noted> {
        let mut noted = self
            .noted
            .lock()
            .expect("nothing panics while it holds this")
            .clone();
        noted.sort_by_key(|noted| noted.order);
        noted
    }

    /// Returns its place among all.
    fn note(&self, by: (u32, u64), asked: Asked, reply: Option<Reply>) -> u64 {
        self.note_at(None, by, (asked, reply))
    }

    /// The same for what was asked together with something else.
    fn note_at(
        &self,
        order: Option<u64>,
        (seat, asker): (u32, u64),
        (asked, reply): (Asked, Option<Reply>),
    ) -> u64 {
        let mut noted = self.noted.lock().expect("nothing panics while it holds this");
        let order = order.unwrap_or(noted.len() as u64);
        noted.push(Noted {
            order,
            seat,
            asker,
            asked,
            reply,
        });
        order
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

fn pick(of: &Mutex<Vec<(u32, u64, String)>>, random: &mut Random) -> Option<(u32, u64, String)> {
    let of = of.lock().expect("nothing panics while it holds this");
    let newest = of.len().min(NEWEST) as u64;
    let back = random.below(newest.max(1));
    of.iter().rev().nth(usize::try_from(back).ok()?).cloned()
}

impl Asker {
    /// Asks so many things, as the seed says.
    pub async fn ask(&self, seed: u64, steps: usize) -> anyhow::Result<()> {
        let mut random = Random::new(seed << 8 | self.number);
        for _ in 0..steps {
            let at = usize::try_from(random.below(2))?;
            let (held, sold) = (
                pick(&self.notes.held, &mut random),
                pick(&self.notes.sold, &mut random),
            );
            match (random.below(20), held, sold) {
                (0..2, Some(held), _) => self.show_reservation(at, held).await?,
                (2..5, Some(held), _) => self.release(at, held).await?,
                (5..11, Some(held), _) => {
                    let card = ["tok_decline", "tok_slow_40", "tok_ok"][usize::try_from(random.below(3))?];
                    self.book(at, held, card).await?;
                }
                (11, _, Some(sold)) => self.revoke(at, sold).await?,
                (12 | 13, _, Some(sold)) => self.show(at, sold).await?,
                _ => {
                    let seat = u32::try_from(random.below(self.seats.into()))?;
                    self.hold(at, seat).await?;
                }
            }
        }
        Ok(())
    }

    async fn hold(&self, at: usize, seat: u32) -> anyhow::Result<()> {
        let reservation = self.notes.number();
        let (from, by) = (now_ms(), (seat, self.number));
        let asked = Asked::Hold { reservation, from };
        self.notes.note(by, asked, None);
        let answer = self.buyers[at].reserve(&Wish::Seats(vec![seat])).await?;
        let reply = match answer.status {
            201 => {
                let held: Value = answer.json()?;
                let until = held["expires_at"].as_str().context("an end")?;
                let until: jiff::Timestamp = until.parse()?;
                let id = held["reservation_id"].as_str().context("an id")?.to_owned();
                let mut all = self
                    .notes
                    .held
                    .lock()
                    .expect("nothing panics while it holds this");
                all.push((seat, reservation, id));
                Reply::Held {
                    until: u64::try_from(until.as_millisecond())?,
                    at: by_now(),
                }
            }
            409 if answer.text().contains("units-taken") => Reply::Taken,
            other => bail!("{other}: {}", answer.text()),
        };
        self.notes.note(by, asked, Some(reply));
        Ok(())
    }

    async fn release(&self, at: usize, (seat, reservation, id): (u32, u64, String)) -> anyhow::Result<()> {
        let (asked, by) = (Asked::Release { reservation }, (seat, self.number));
        self.notes.note(by, asked, None);
        let path = format!("/v1/reservations/{id}");
        let answer = self.buyers[at].http.send(Method::DELETE, &path, None).await?;
        let reply = match answer.status {
            204 => Reply::Released,
            409 => Reply::Busy,
            other => bail!("{other}: {}", answer.text()),
        };
        self.notes.note(by, asked, Some(reply));
        Ok(())
    }

    /// Pays, and asks again with the same key until there is an outcome, now at one process and now at the other.
    async fn book(&self, mut at: usize, of: (u32, u64, String), card: &str) -> anyhow::Result<()> {
        let (seat, reservation, id) = of;
        let booking = self.notes.number();
        let begin = Asked::Begin {
            reservation,
            booking,
            from: now_ms(),
        };
        let (first, second) = ((seat, 2 * self.number + 1_000), (seat, 2 * self.number + 1_001));
        let asked_in = self.notes.note(first, begin, None);
        let key = self.buyers[0].fresh_key();
        let mut is_repeated = false;
        let answer = loop {
            let answer = self.buyers[at].book(&id, card, &key).await?;
            // Whoever asks again for what they pay themselves may be told that it is being paid.
            let has_no_outcome = [202, 503].contains(&answer.status) || is_repeated && answer.status == 409;
            if !has_no_outcome {
                break answer;
            }
            is_repeated = true;
            at = 1 - at;
            tokio::time::sleep(AGAIN_AFTER).await;
        };
        let (begun, ended) = match answer.status {
            200 | 201 => (Reply::Begun, Some(Reply::Sold)),
            402 => (Reply::Begun, Some(Reply::Declined)),
            400 => (Reply::Ended { at: by_now() }, None),
            409 => (Reply::Busy, None),
            other => bail!("{other}: {}", answer.text()),
        };
        if let Some(ended) = ended {
            // The end was asked for with the beginning.
            self.notes
                .note_at(Some(asked_in), second, (Asked::End { booking }, None));
            self.notes.note(second, Asked::End { booking }, Some(ended));
        }
        self.notes.note(first, begin, Some(begun));
        if ended == Some(Reply::Sold) {
            let tickets = answer.json::<Booking>()?.tickets;
            let ticket = tickets.first().context("a ticket")?.ticket_id.clone();
            let mut all = self
                .notes
                .sold
                .lock()
                .expect("nothing panics while it holds this");
            all.push((seat, booking, ticket));
        }
        Ok(())
    }

    async fn revoke(&self, at: usize, (seat, booking, ticket): (u32, u64, String)) -> anyhow::Result<()> {
        let (asked, by) = (Asked::Revoke { booking }, (seat, self.number));
        self.notes.note(by, asked, None);
        self.organizers[at].revoke(&ticket).await?;
        self.notes.note(by, asked, Some(Reply::Revoked));
        Ok(())
    }

    async fn show(&self, at: usize, (seat, booking, ticket): (u32, u64, String)) -> anyhow::Result<()> {
        let (asked, by) = (Asked::ShowTicket { booking }, (seat, self.number));
        self.notes.note(by, asked, None);
        let reply = match self.buyers[at].ticket(&ticket).await?.status.as_str() {
            "valid" => Reply::Valid,
            "revoked" => Reply::Revoked,
            other => bail!("{other}"),
        };
        self.notes.note(by, asked, Some(reply));
        Ok(())
    }

    async fn show_reservation(
        &self,
        at: usize,
        (seat, reservation, id): (u32, u64, String),
    ) -> anyhow::Result<()> {
        let asked = Asked::Show {
            reservation,
            from: now_ms(),
        };
        self.notes.note((seat, self.number), asked, None);
        let path = format!("/v1/reservations/{id}");
        let shown: Value = self.buyers[at].http.get(&path).await?.expect(200)?.json()?;
        let reply = match shown["status"].as_str() {
            Some("held") => Reply::SeenHeld,
            Some("paying") => Reply::SeenPaying,
            Some("booked") => Reply::SeenBooked,
            Some("released" | "expired") => Reply::Gone { at: by_now() },
            other => bail!("{other:?}"),
        };
        self.notes.note((seat, self.number), asked, Some(reply));
        Ok(())
    }
}
