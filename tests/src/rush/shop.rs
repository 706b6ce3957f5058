//! Where a rush happens: the processes that sell one event, what was told of it so far, and when it ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use anyhow::ensure;
use tokio::time::Instant;

use super::figures::Timeline;
use crate::stage::buyer::{Booking, BoughtTicket};

/// The event and where it is sold.
#[derive(Debug)]
pub struct RushShop {
    /// The processes; buyers go to one each.
    pub processes: Vec<SocketAddr>,
    pub event: String,
    pub seats: usize,
    /// When nobody begins anything more, whatever is left.
    pub until: Instant,
    pub timeline: Timeline,
    /// How many seats may be sold in this part of the rush.
    goal: AtomicUsize,
    sold: AtomicUsize,
    keys: AtomicU32,
    /// Guards what buyers were told: each ticket by its unit, and the money.
    told: Mutex<RushTold>,
}

/// What buyers were told, all together.
#[derive(Debug, Default)]
pub struct RushTold {
    pub tickets: BTreeMap<u32, BoughtTicket>,
    /// What they paid, in minor units.
    pub paid: i64,
    pub bookings: usize,
}

impl RushShop {
    /// Opens it.
    pub fn open(processes: Vec<SocketAddr>, event: String, seats: usize, until: Instant) -> Self {
        Self {
            processes,
            event,
            seats,
            until,
            timeline: Timeline::begin(),
            goal: AtomicUsize::new(0),
            sold: AtomicUsize::new(0),
            keys: AtomicU32::new(0),
            told: Mutex::default(),
        }
    }

    /// Returns the process that somebody goes to.
    pub fn process_of(&self, number: usize) -> SocketAddr {
        self.processes[number % self.processes.len()]
    }

    /// Sets how many seats are sold before this part ends.
    pub fn sell_up_to(&self, seats: usize) {
        self.goal.store(seats, Ordering::Relaxed);
    }

    /// Tells whether this part goes on.
    pub fn goes_on(&self) -> bool {
        self.sold() < self.goal.load(Ordering::Relaxed) && Instant::now() < self.until
    }

    /// Returns how many seats are sold.
    pub fn sold(&self) -> usize {
        self.sold.load(Ordering::Relaxed)
    }

    /// Returns an idempotency key that nobody has used.
    pub fn key(&self) -> String {
        format!("rush-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes down what a buyer was told.
    ///
    /// # Errors
    ///
    /// When somebody else was sold one of its units.
    pub fn note(&self, booking: Booking) -> anyhow::Result<()> {
        let tickets = booking.tickets.len();
        {
            let mut told = self.told.lock().expect("nobody panics while holding it");
            for ticket in booking.tickets {
                let unit = ticket.unit;
                ensure!(
                    told.tickets.insert(unit, ticket).is_none(),
                    "unit {unit} was sold twice"
                );
            }
            told.paid += booking.amount;
            told.bookings += 1;
        }
        self.sold.fetch_add(tickets, Ordering::Relaxed);
        self.timeline.sold(tickets);
        Ok(())
    }

    /// Takes what buyers were told.
    pub fn into_told(self) -> (RushTold, Timeline) {
        let told = self.told.into_inner().expect("nobody panics while holding it");
        (told, self.timeline)
    }
}
