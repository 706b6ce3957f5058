//! People at the gates of two hubs, over HTTP: everyone is let in once, whatever gate they try afterwards, and nobody with a revoked ticket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::keepalive::{KeptOpen, post};
use super::{LoadTotals, Tally};
use crate::stage::buyer::BoughtTicket;
use crate::stage::festival::{NORTH, SOUTH};
use crate::stage::hub::Hub;
use crate::stage::organizer::Organizer;
use crate::stage::turnstile::HubVerdict;
use crate::stage::venue::Venue;

/// Lanes in which people wait.
pub const LANES: usize = 32;
/// How long after a revocation someone comes with the ticket: long after every linked hub has heard.
const COMES_AFTER: Duration = Duration::from_secs(1);

/// Both gates.
#[derive(Debug, Clone)]
pub struct Gates([Gate; 2]);

#[derive(Debug, Clone)]
struct Gate {
    hub: SocketAddr,
    number: u16,
    /// The header line with its token.
    token: String,
}

/// A connection to each gate.
struct Lines([(KeptOpen, Gate); 2]);

impl Gates {
    /// Gets a token for each gate.
    pub async fn open(venue: &Venue) -> anyhow::Result<Self> {
        let north = Gate::open(&venue.north, NORTH).await?;
        let south = Gate::open(&venue.south, SOUTH).await?;
        Ok(Self([north, south]))
    }

    async fn lines(self) -> anyhow::Result<Lines> {
        let Self([north, south]) = self;
        let lines = (
            KeptOpen::connect(north.hub).await?,
            KeptOpen::connect(south.hub).await?,
        );
        Ok(Lines([(lines.0, north), (lines.1, south)]))
    }
}

impl Gate {
    async fn open(hub: &Hub, number: u16) -> anyhow::Result<Self> {
        let token = hub.token().await?;
        Ok(Self {
            hub: hub.listening.http,
            number,
            token: format!("authorization: Bearer {token}\r\n"),
        })
    }
}

impl Lines {
    /// Scans a code at one of the gates and holds the verdict against what it should be.
    async fn scan(
        &mut self,
        gate: usize,
        payload: &str,
        expected: (&str, Option<&str>),
    ) -> anyhow::Result<Duration> {
        let (line, gate) = &mut self.0[gate % 2];
        let body = format!("{{\"payload\":\"{payload}\",\"gate\":{}}}", gate.number);
        let came = Instant::now();
        let answer = line.exchange(&post("/v1/scans", &gate.token, &body)).await?;
        let took = came.elapsed();
        let said: HubVerdict = answer.json(200)?;
        let verdict = (said.verdict.as_str(), said.reason.as_deref());
        ensure!(
            verdict == expected,
            "expected {expected:?}, the hub said {verdict:?}"
        );
        Ok(took)
    }
}

/// Lets people through until nobody comes any more; each tries the other gate afterwards.
pub async fn pass(
    gates: Gates,
    coming: Arc<Mutex<mpsc::Receiver<BoughtTicket>>>,
) -> anyhow::Result<LoadTotals> {
    let mut lines = gates.lines().await?;
    let mut told = LoadTotals::default();
    loop {
        let Some(ticket) = coming.lock().await.recv().await else {
            return Ok(told);
        };
        let first = ticket.unit as usize;
        let took = lines.scan(first, &ticket.payload, ("admit", None)).await?;
        told.admitted.latencies.add(took);
        told.admitted.units.push(ticket.unit);
        let again = ("deny", Some("already_used"));
        let took = lines.scan(first + 1, &ticket.payload, again).await?;
        told.refused.latencies.add(took);
    }
}

/// Revokes tickets and tries them at both gates.
pub async fn revoke(
    gates: Gates,
    organizer: Organizer,
    mut doomed: mpsc::Receiver<BoughtTicket>,
) -> anyhow::Result<LoadTotals> {
    let mut lines = gates.lines().await?;
    let mut revoked = Tally::default();
    let mut known: Vec<(Instant, BoughtTicket)> = Vec::new();
    while let Some(ticket) = doomed.recv().await {
        let came = Instant::now();
        organizer.revoke(&ticket.ticket_id).await?;
        revoked.latencies.add(came.elapsed());
        known.push((Instant::now() + COMES_AFTER, ticket));
    }
    for (comes, ticket) in known {
        tokio::time::sleep_until(comes).await;
        for gate in [0, 1] {
            lines
                .scan(gate, &ticket.payload, ("deny", Some("revoked")))
                .await?;
        }
        revoked.units.push(ticket.unit);
    }
    Ok(LoadTotals {
        revoked,
        ..LoadTotals::default()
    })
}
