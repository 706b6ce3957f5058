//! Buyers: they reserve, pay and show tickets over the public API, as the page does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Http, RawBody, Reply};
use super::patience::until;

/// A buyer of one event's tickets; its clones never use an idempotency key twice.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// The cloud, as anyone.
    pub http: Http,
    pub event: String,
    /// Begins idempotency keys, so that two runs on one cloud do not share any.
    run: u128,
    keys: Arc<AtomicU64>,
    /// One of their own, since what one address keeps unpaid is bounded.
    email: String,
    /// What stands for the card that works.
    card: &'static str,
}

/// A booking, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Booking {
    pub booking_id: String,
    /// `confirmed`, once it is paid.
    pub status: String,
    /// What it cost, in minor units of the currency.
    pub amount: i64,
    pub page: String,
    pub tickets: Vec<BoughtTicket>,
}

/// A ticket, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BoughtTicket {
    pub ticket_id: String,
    pub unit: u32,
    pub tier: u16,
    /// Its reissue.
    pub generation: u32,
    /// `valid`, `superseded` or `revoked`.
    pub status: String,
    /// What its place is called.
    #[serde(default)]
    pub place: String,
    /// What is typed in place of its QR code, while it is valid.
    #[serde(default)]
    pub ticket_code: String,
    /// The text of its QR code while it is valid.
    #[serde(default)]
    pub payload: String,
}

/// What a buyer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// These seats.
    Seats(Vec<u32>),
    /// Any units of a tier.
    Any { tier: u16, quantity: u32 },
}

impl Buyer {
    /// Returns the same buyer at another process: what one begins there, the other may go on with.
    #[must_use]
    pub fn at(&self, http: &Http) -> Self {
        Self {
            http: http.clone(),
            ..self.clone()
        }
    }

    /// Makes a buyer.
    pub fn new(http: Http, event: String) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = since.as_nanos();
        Self {
            http,
            event,
            run,
            keys: Arc::default(),
            email: format!("ann-{run:x}@example.org"),
            card: "tok_ok",
        }
    }

    /// Returns the same buyer with another card.
    #[must_use]
    pub fn with_card(self, card: &'static str) -> Self {
        Self { card, ..self }
    }

    /// Buys tickets as the page would: reserves, then pays with the card that works.
    ///
    /// # Errors
    ///
    /// When they cannot be had.
    pub async fn buy(&self, wish: &Wish) -> anyhow::Result<Booking> {
        let reservation = self.reserved(wish).await?;
        self.book(&reservation, self.card, &self.fresh_key())
            .await?
            .expect(201)?
            .json()
    }

    /// Buys tickets with a card whose bank asks first: goes to the bank's page, says yes there, and waits for the tickets.
    ///
    /// # Errors
    ///
    /// When the bank does not ask, or there are no tickets after that.
    pub async fn buy_asked(&self, wish: &Wish) -> anyhow::Result<Booking> {
        let reservation = self.reserved(wish).await?;
        let asked = self.book(&reservation, self.card, &self.fresh_key()).await?;
        let asked: Value = asked.expect(202)?.json()?;
        let bank = asked["action"]["redirect_to"].as_str().context("where to go")?;
        let yes = RawBody {
            content_type: "application/x-www-form-urlencoded",
            bytes: b"pays=true".to_vec(),
        };
        // The bank sends the buyer back to the page that they came from.
        let bank = self.http.elsewhere(bank);
        bank.send_raw(Method::POST, "", Some(yes)).await?.expect(200)?;
        let booking = asked["booking_id"].as_str().context("a booking has an id")?;
        until("the tickets after the bank's page", async || {
            let booking = self.http.get(&format!("/v1/bookings/{booking}")).await?;
            let booking: Value = booking.expect(200)?.json()?;
            (booking["status"] == "confirmed")
                .then(|| serde_json::from_value(booking).context("reading a booking"))
                .transpose()
        })
        .await
    }

    async fn reserved(&self, wish: &Wish) -> anyhow::Result<String> {
        let reservation: Value = self.reserve(wish).await?.expect(201)?.json()?;
        let id = reservation["reservation_id"].as_str();
        Ok(id.context("a reservation has an id")?.to_owned())
    }

    /// Buys one ticket of a tier.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub async fn buy_one(&self, tier: u16) -> anyhow::Result<BoughtTicket> {
        let booking = self.buy(&Wish::Any { tier, quantity: 1 }).await?;
        booking
            .tickets
            .into_iter()
            .next()
            .context("a booking of one unit has a ticket")
    }

    /// Asks for a reservation.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn reserve(&self, wish: &Wish) -> anyhow::Result<Reply> {
        let request = match wish {
            Wish::Seats(seats) => json!({ "event_id": self.event, "seat_ids": seats }),
            Wish::Any { tier, quantity } => {
                json!({ "event_id": self.event, "tiers": [{ "tier": tier, "quantity": quantity }] })
            }
        };
        self.http.post("/v1/reservations", &request).await
    }

    /// Asks for a booking.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn book(&self, reservation: &str, payment_token: &str, key: &str) -> anyhow::Result<Reply> {
        let request = json!({
            "reservation_id": reservation,
            "payment_token": payment_token,
            "idempotency_key": key,
            "email": self.email,
        });
        self.http.post("/v1/bookings", &request).await
    }

    /// Returns an idempotency key that was not used before.
    pub fn fresh_key(&self) -> String {
        format!("{:x}-{}", self.run, self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Shows a ticket.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn ticket(&self, ticket_id: &str) -> anyhow::Result<BoughtTicket> {
        self.http
            .get(&format!("/v1/tickets/{ticket_id}"))
            .await?
            .expect(200)?
            .json()
    }

    /// Saves the QR code of a ticket as the cloud draws it.
    ///
    /// # Errors
    ///
    /// When there is none, or the file cannot be written.
    pub async fn save_code(&self, ticket: &BoughtTicket, folder: &Path) -> anyhow::Result<PathBuf> {
        let reply = self
            .http
            .get(&format!("/v1/tickets/{}.png", ticket.ticket_id))
            .await?
            .expect(200)?;
        let file = folder.join(format!("ticket-{}.png", ticket.unit));
        fs::write(&file, reply.body).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }
}
