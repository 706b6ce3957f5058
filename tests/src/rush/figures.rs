//! What a rush came to: sales by the second, how long each route took, and what the machines spent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::measure::Latencies;

/// The longest rush that is kept by the second.
const SECONDS: usize = 3_600;

/// What happened in each second.
#[derive(Debug)]
pub struct Timeline {
    begun: Instant,
    tickets: Vec<AtomicU32>,
    reads: Vec<AtomicU32>,
}

impl Timeline {
    /// Begins now.
    pub fn begin() -> Self {
        let seconds = || (0..SECONDS).map(|_| AtomicU32::new(0)).collect();
        Self {
            begun: Instant::now(),
            tickets: seconds(),
            reads: seconds(),
        }
    }

    /// Counts tickets that were sold now.
    pub fn sold(&self, tickets: usize) {
        let tickets = u32::try_from(tickets).unwrap_or(u32::MAX);
        self.tickets[self.second()].fetch_add(tickets, Ordering::Relaxed);
    }

    /// Counts a read.
    pub fn read(&self) {
        self.reads[self.second()].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns which second it is.
    pub fn second(&self) -> usize {
        usize::try_from(self.begun.elapsed().as_secs())
            .unwrap_or(usize::MAX)
            .min(SECONDS - 1)
    }

    /// Returns tickets and reads of each second until now.
    pub fn seconds(&self) -> Vec<Second> {
        let each = self.tickets.iter().zip(&self.reads).take(self.second() + 1);
        each.map(|(tickets, reads)| Second {
            tickets: tickets.load(Ordering::Relaxed),
            reads: reads.load(Ordering::Relaxed),
        })
        .collect()
    }
}

/// A second of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Second {
    pub tickets: u32,
    pub reads: u32,
}

/// How long answers took, by route.
#[derive(Debug, Default)]
pub struct Routes(BTreeMap<&'static str, Latencies>);

impl Routes {
    /// Adds an answer.
    pub fn add(&mut self, route: &'static str, took: Duration) {
        self.0.entry(route).or_default().add(took);
    }

    /// Adds those of another.
    pub fn add_all(&mut self, others: Self) {
        for (route, latencies) in others.0 {
            self.0.entry(route).or_default().add_all(latencies);
        }
    }

    /// Returns what each route took.
    pub fn figures(mut self) -> Vec<RouteFigures> {
        let each = self.0.iter_mut();
        each.map(|(route, latencies)| RouteFigures {
            route,
            answers: latencies.count(),
            p50_ms: ms(latencies.percentile(50.0)),
            p99_ms: ms(latencies.percentile(99.0)),
            longest_ms: ms(latencies.percentile(100.0)),
        })
        .collect()
    }
}

/// What a route took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteFigures {
    pub route: &'static str,
    pub answers: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub longest_ms: f64,
}

/// What buyers tried and what came to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CameToNothing {
    /// Seats that somebody else had meanwhile.
    pub taken: usize,
    pub given_back: usize,
    /// Reservations that nobody paid for or gave back.
    pub left: usize,
    pub declined: usize,
    /// Requests that a cheat repeated, and was not given anything for.
    pub repelled: usize,
}

impl CameToNothing {
    /// Adds those of another.
    pub fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.given_back += other.given_back;
        self.left += other.left;
        self.declined += other.declined;
        self.repelled += other.repelled;
    }
}

/// Returns milliseconds, to a hundredth.
fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 1e2
}
