//! What a rush came to, as JSON, table and words.

use std::time::Duration;

use serde::Serialize;

use super::figures::{CameToNothing, RouteFigures, Second};
use super::reader::reads_in;
use crate::measure::{Row, Table};

/// What an hour of a core is taken to cost, in euros: a machine hired by the hour, with its memory, disk and network.
const CORE_HOUR_EUROS: f64 = 0.05;
/// Longest time within which a rush answers reservations, in milliseconds, but for one in a hundred.
const RESERVE_MS: f64 = 500.0;
/// The share of the rate of few buyers that many reach.
const MANY_OF_FEW: f64 = 0.8;
/// The share of the rate without readers that is left with them.
const WITH_READERS: f64 = 0.9;

/// What a rush came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RushReport {
    /// `sqlite`, or `postgres` with so many processes.
    pub engine: &'static str,
    pub processes: usize,
    pub seats: usize,
    pub buyers: usize,
    pub bookings: usize,
    pub tickets: usize,
    /// Minor units.
    pub paid: i64,
    /// Tickets a second while few buyers were there, and while all were.
    pub few_per_second: f64,
    pub many_per_second: f64,
    pub seconds: Vec<Second>,
    pub routes: Vec<RouteFigures>,
    pub nothing: CameToNothing,
    /// Processor time of the cloud's processes for each booking, in microseconds; a database server's is not in it.
    pub cpu_us_per_booking: f64,
    pub memory_mib: u64,
    /// How long the disk took to keep a page when it began, but for one time in a hundred, in milliseconds.
    pub flush_p99_ms: f64,
    /// The load of the machine when it began.
    pub load_average: String,
}

impl RushReport {
    /// Returns what the processors cost for a million tickets, on paper.
    pub fn euros_per_million(&self) -> f64 {
        let cpu_seconds = self.cpu_us_per_booking * self.bookings as f64 / 1e6;
        cpu_seconds / self.tickets as f64 * 1e6 / 3_600.0 * CORE_HOUR_EUROS
    }

    /// Returns tickets a second in whole turns with readers beside those without, while all buyers were there.
    pub fn beside_readers(&self) -> Option<f64> {
        let busy = self
            .seconds
            .iter()
            .enumerate()
            .filter(|(_, second)| second.tickets > 0);
        let (with, without): (Vec<_>, Vec<_>) = busy.partition(|(at, _)| reads_in(*at));
        let mean = |seconds: &[(usize, &Second)]| {
            let sum: f64 = seconds.iter().map(|(_, second)| f64::from(second.tickets)).sum();
            sum / seconds.len() as f64
        };
        let is_read = with.iter().any(|(_, second)| second.reads > 0);
        (is_read && !without.is_empty()).then(|| mean(&with) / mean(&without))
    }

    /// Returns it as a table.
    pub fn table(&self) -> Table {
        let mut table = Table::default();
        let name = format!("{} seats on {} × {}", self.seats, self.processes, self.engine);
        let sold = format!("{} tickets in {} bookings", self.tickets, self.bookings);
        table.add(Row::told(name, sold));
        table.add(Row::told(
            "  tickets a second, 64 buyers",
            format!("{:.0}", self.few_per_second),
        ));
        table.add(Row::told(
            format!("  tickets a second, {} buyers", self.buyers),
            format!("{:.0}", self.many_per_second),
        ));
        let share = self.many_per_second / self.few_per_second;
        table.add(Row::share_at_least(
            "  share of the rate of 64",
            (share, MANY_OF_FEW),
        ));
        if let Some(share) = self.beside_readers() {
            table.add(Row::share_at_least(
                "  share beside readers",
                (share, WITH_READERS),
            ));
        }
        for route in &self.routes {
            let told = format!(
                "{}, p50 {} ms, max {} ms",
                route.answers, route.p50_ms, route.longest_ms
            );
            table.add(Row::told(format!("  {}", route.route), told));
            let p99 = format!("  {}, p99", route.route);
            if route.route != "reserve" {
                table.add(Row::told(p99, format!("{} ms", route.p99_ms)));
                continue;
            }
            let [took, flush] = [route.p99_ms, self.flush_p99_ms].map(|ms| Duration::from_secs_f64(ms / 1e3));
            let reserving = Row::at_most(p99, (route.p99_ms, RESERVE_MS), "ms");
            table.add_all(reserving.beside("the p99 of an fsync", (took, flush)));
        }
        let nothing = format!(
            "{} taken, {} given back, {} left unpaid, {} declined, {} cheats repelled",
            self.nothing.taken,
            self.nothing.given_back,
            self.nothing.left,
            self.nothing.declined,
            self.nothing.repelled
        );
        table.add(Row::told("  came to nothing", nothing));
        table.add(Row::told(
            "  cloud CPU per booking",
            format!("{:.0} µs", self.cpu_us_per_booking),
        ));
        table.add(Row::told("  cloud memory", format!("{} MiB", self.memory_mib)));
        table.add(Row::told(
            "  processors for a million tickets, on paper",
            format!("{:.2} EUR", self.euros_per_million()),
        ));
        table.add(Row::told("  load average", self.load_average.clone()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_compared_with_the_turns_in_which_there_are_none() {
        let second = |tickets, reads| Second { tickets, reads };
        let mut seconds = vec![second(100, 0); 4];
        seconds.extend(vec![second(90, 50); 4]);
        let report = RushReport {
            engine: "sqlite",
            processes: 1,
            seats: 1,
            buyers: 1,
            bookings: 500_000,
            tickets: 1_000_000,
            paid: 0,
            few_per_second: 1.0,
            many_per_second: 1.0,
            seconds,
            routes: Vec::new(),
            nothing: CameToNothing::default(),
            cpu_us_per_booking: 720.0,
            memory_mib: 0,
            flush_p99_ms: 0.0,
            load_average: String::new(),
        };
        assert_eq!(report.beside_readers(), Some(0.9));
        // 500,000 bookings of 720 µs are 0.1 hours of a core.
        assert!((report.euros_per_million() - 0.005).abs() < 1e-9);
    }
}
