//! Where a buyer of the load generator reserves and pays, over one connection.

use std::net::SocketAddr;

use serde::Deserialize;

use super::keepalive::{KeptOpen, post};
use crate::stage::buyer::{Booking, BoughtTicket};

/// A buyer's connection to the cloud.
#[derive(Debug)]
pub struct Till {
    line: KeptOpen,
    event: String,
    /// One of its own, since what one address keeps unpaid is bounded.
    email: String,
}

#[derive(Deserialize)]
struct Reserved {
    reservation_id: String,
}

impl Till {
    /// Connects one of the buyers to a cloud to buy tickets of an event.
    ///
    /// # Errors
    ///
    /// When nobody is there.
    pub async fn open(cloud: SocketAddr, event: &str, buyer: u16) -> anyhow::Result<Self> {
        Ok(Self {
            line: KeptOpen::connect_as(buyer, cloud).await?,
            event: event.to_owned(),
            email: format!("ann-{buyer}@example.org"),
        })
    }

    /// Reserves what `claim` says, the `seat_ids` or `tiers` member of the request; nothing when it is taken.
    ///
    /// # Errors
    ///
    /// Any other answer.
    pub async fn reserve(&mut self, claim: &str) -> anyhow::Result<Option<String>> {
        let body = format!("{{\"event_id\":\"{}\",{claim}}}", self.event);
        let answer = self.line.exchange(&post("/v1/reservations", "", &body)).await?;
        if answer.status == 409 {
            return Ok(None);
        }
        let reserved: Reserved = answer.json(201)?;
        Ok(Some(reserved.reservation_id))
    }

    /// Pays for a reservation under an idempotency key.
    ///
    /// # Errors
    ///
    /// When there is no booking.
    pub async fn book(&mut self, reservation: &str, key: &str) -> anyhow::Result<Vec<BoughtTicket>> {
        let body = format!(
            "{{\"reservation_id\":\"{reservation}\",\"payment_token\":\"tok_ok\",\
             \"idempotency_key\":\"{key}\",\"email\":\"{}\"}}",
            self.email
        );
        let answer = self.line.exchange(&post("/v1/bookings", "", &body)).await?;
        let booking: Booking = answer.json(201)?;
        Ok(booking.tickets)
    }
}
