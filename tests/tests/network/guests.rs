//! Guests who come to two gates while something is wrong with the line between them, each with a friend who has a copy of the ticket; and what of it is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::{sleep, timeout};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, SEATED, SOUTH};
use usher_tests::stage::patience::PATIENCE;
use usher_tests::stage::turnstile::Turnstile;
use usher_tests::stage::venue::{Side, Venue};

/// Tickets in one booking.
const AT_ONCE: u32 = 10;
/// After how long a guest who was sent on shows the ticket again.
const NEXT_TRY: Duration = Duration::from_millis(150);

/// A turnstile at each of the two gates.
#[derive(Debug, Clone)]
pub struct Gates {
    north: Turnstile,
    south: Turnstile,
}

/// A strict ticket, and where it is decided on.
#[derive(Debug, Clone)]
pub struct Guest {
    pub ticket: BoughtTicket,
    /// The hub that decides on it.
    pub home: Side,
}

/// What was said at the gates about one guest's ticket.
#[derive(Debug)]
pub struct Visit {
    pub unit: u32,
    /// What was said first.
    pub first: String,
    /// The scans by which somebody was let in.
    pub let_in: Vec<String>,
    /// What was said while nobody was let in.
    pub said: Vec<String>,
}

impl Gates {
    /// Sets up a turnstile at either gate.
    ///
    /// # Errors
    ///
    /// When a hub gives no token.
    pub async fn of(venue: &Venue) -> anyhow::Result<Self> {
        Ok(Self {
            north: venue.north.turnstile(NORTH).await?,
            south: venue.south.turnstile(SOUTH).await?,
        })
    }

    /// Shows a guest's ticket at the gate whose hub must ask; returns the verdict.
    ///
    /// # Errors
    ///
    /// When the hub does not judge.
    pub async fn show_away_from_home(&self, guest: &Guest, visit: &mut Visit) -> anyhow::Result<String> {
        self.show(guest, other(guest.home), visit).await
    }

    /// Has a guest come to the gate whose hub must ask, go on to the other one if nobody is let in, and a friend show a copy at
    /// the first one afterwards.
    ///
    /// # Errors
    ///
    /// When the guest does not get in.
    pub async fn visit(self, guest: Guest) -> anyhow::Result<Visit> {
        let mut visit = Visit::of(&guest);
        let first = self.show_away_from_home(&guest, &mut visit).await?;
        visit.first.clone_from(&first);
        if first != "admit" {
            let gets_in = timeout(PATIENCE, self.go_home(&guest, &mut visit));
            gets_in
                .await
                .with_context(|| format!("the home of unit {} lets nobody in", guest.ticket.unit))??;
        }
        let copy = self.show_away_from_home(&guest, &mut visit).await?;
        ensure!(
            copy != "admit",
            "a copy of unit {} was let in: {visit:?}",
            visit.unit
        );
        Ok(visit)
    }

    /// Shows a ticket at its home's gate until the guest is let in.
    ///
    /// # Errors
    ///
    /// When the hub does not judge.
    pub async fn go_home(&self, guest: &Guest, visit: &mut Visit) -> anyhow::Result<()> {
        while self.show(guest, guest.home, visit).await? != "admit" {
            sleep(NEXT_TRY).await;
        }
        Ok(())
    }

    async fn show(&self, guest: &Guest, at: Side, visit: &mut Visit) -> anyhow::Result<String> {
        let turnstile = match at {
            Side::North => &self.north,
            Side::South => &self.south,
        };
        let said = turnstile.scan(&guest.ticket.payload).await?;
        if said.verdict == "admit" {
            visit.let_in.push(said.scan_id);
        } else {
            visit.said.push(format!("{at:?}: {}", said.words));
        }
        Ok(said.verdict)
    }
}

impl Visit {
    /// Begins one.
    pub fn of(guest: &Guest) -> Self {
        Self {
            unit: guest.ticket.unit,
            first: String::new(),
            let_in: Vec::new(),
            said: Vec::new(),
        }
    }
}

/// Returns the other hub.
pub fn other(side: Side) -> Side {
    match side {
        Side::North => Side::South,
        Side::South => Side::North,
    }
}

/// Buys so many strict tickets.
///
/// # Errors
///
/// When none are sold.
pub async fn bought(stage: &Stage, venue: &Venue, many: usize) -> anyhow::Result<Vec<Guest>> {
    let mut guests = Vec::new();
    while guests.len() < many {
        let wish = Wish::Any {
            tier: SEATED,
            quantity: AT_ONCE,
        };
        let tickets = stage.buyer().buy(&wish).await?.tickets;
        guests.extend(tickets.into_iter().map(|ticket| Guest {
            home: venue.home(ticket.unit),
            ticket,
        }));
    }
    guests.truncate(many);
    Ok(guests)
}

/// Waits until everything is everywhere, then demands of every guest that exactly the scan that was answered with a yes is
/// counted, at both hubs and in the cloud.
///
/// # Errors
///
/// When somebody was let in twice, or is counted who was not let in, or not counted who was.
pub async fn are_counted_as_told(stage: &Stage, venue: &Venue, visits: &[Visit]) -> anyhow::Result<()> {
    venue.linked().await?;
    venue.settled(stage).await?;
    for hub in [&venue.north, &venue.south] {
        let export = hub.export().await?;
        let mut counted: BTreeMap<u32, BTreeSet<&str>> = export.admissions();
        for visit in visits {
            let [let_in] = &visit.let_in[..] else {
                anyhow::bail!("somebody was let in twice: {visit:?}");
            };
            let by = counted
                .remove(&visit.unit)
                .with_context(|| format!("{} counts nobody, and somebody was let in: {visit:?}", hub.name))?;
            let told = BTreeSet::from([let_in.as_str()]);
            ensure!(by == told, "{} counts {by:?}: {visit:?}", hub.name);
        }
        ensure!(
            counted.is_empty(),
            "{} counts who never came: {counted:?}",
            hub.name
        );
    }
    let units: BTreeSet<u32> = visits.iter().map(|visit| visit.unit).collect();
    assert_eq!(stage.organizer.admitted_units().await?, units);
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}
