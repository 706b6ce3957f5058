//! Buyers who insist until they are answered, people who go in with what was bought, and a diary of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::STANDING;
use usher_tests::stage::turnstile::Turnstile;

/// From one purchase of a buyer to the next.
const NEXT: Duration = Duration::from_millis(100);
/// How long a buyer insists on an answer: longer than any leader is away.
const INSISTS: Duration = Duration::from_secs(180);

/// What people have come to.
#[derive(Default)]
pub struct Diary {
    is_over: AtomicBool,
    /// Each booking, with the moment at which its buyer had begun.
    bought: Mutex<Vec<(Instant, Booking)>>,
    admitted: AtomicUsize,
    slowest: Mutex<Duration>,
}

impl Diary {
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub fn bookings(&self) -> Vec<Booking> {
        let bought = self.bought.lock().expect("nothing panics while it holds this");
        bought.iter().map(|(_, booking)| booking.clone()).collect()
    }

    /// Tells whether somebody has a booking whose payment was begun after a moment.
    pub fn bought_since(&self, at: Instant) -> Option<()> {
        let bought = self.bought.lock().expect("nothing panics while it holds this");
        bought.iter().rev().any(|(begun, _)| *begun > at).then_some(())
    }

    pub fn admitted(&self) -> usize {
        self.admitted.load(Ordering::Relaxed)
    }

    pub fn slowest_admission(&self) -> Duration {
        *self.slowest.lock().expect("nothing panics while it holds this")
    }

    fn nth_payload(&self, nth: usize) -> Option<String> {
        let bought = self.bought.lock().expect("nothing panics while it holds this");
        Some(bought.get(nth)?.1.tickets[0].payload.clone())
    }
}

/// Buys until it is over. A request whose answer is lost is repeated with its key.
pub async fn keep_buying(buyer: Buyer, diary: std::sync::Arc<Diary>) -> anyhow::Result<()> {
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    while !diary.is_over() {
        tokio::time::sleep(NEXT).await;
        let begun = Instant::now();
        // Without an answer it runs out by itself.
        let Ok(reserved) = buyer.reserve(&wish).await else {
            continue;
        };
        if reserved.status >= 500 {
            continue;
        }
        let reservation: Value = reserved.expect(201)?.json()?;
        let id = reservation["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        let booking = insist(&buyer, id).await?;
        let mut bought = diary.bought.lock().expect("nothing panics while it holds this");
        bought.push((begun, booking));
    }
    Ok(())
}

async fn insist(buyer: &Buyer, reservation: &str) -> anyhow::Result<Booking> {
    let (key, start) = (buyer.fresh_key(), Instant::now());
    loop {
        if let Ok(reply) = buyer.book(reservation, "tok_ok", &key).await
            && reply.status < 500
        {
            ensure!(
                [200, 201].contains(&reply.status),
                "{}: {}",
                reply.status,
                reply.text()
            );
            return reply.json();
        }
        ensure!(
            start.elapsed() < INSISTS,
            "a booking had no outcome for {INSISTS:?}"
        );
        tokio::time::sleep(NEXT).await;
    }
}

/// Lets whoever has bought in at once, until it is over and everybody is in.
pub async fn keep_going_in(turnstile: Turnstile, diary: std::sync::Arc<Diary>) -> anyhow::Result<()> {
    for nth in 0.. {
        let payload = loop {
            if let Some(payload) = diary.nth_payload(nth) {
                break payload;
            }
            if diary.is_over() {
                return Ok(());
            }
            tokio::time::sleep(NEXT).await;
        };
        let asked = Instant::now();
        let verdict = turnstile.scan(&payload).await?;
        ensure!(verdict.verdict == "admit", "{verdict:?}");
        let mut slowest = diary.slowest.lock().expect("nothing panics while it holds this");
        *slowest = asked.elapsed().max(*slowest);
        diary.admitted.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
