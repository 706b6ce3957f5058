//! A deterministic simulation of one event: cloud, hubs and scanners in virtual time under faults, run from one seed; real processes are tested elsewhere.

pub mod chaos;
pub mod disk;
pub mod node;
pub mod observer;
pub mod people;
pub mod random;
pub mod scans;
pub mod setting;
pub mod wire;
pub mod world;

pub use world::{Outcome, World, run};

/// How a simulation is shaped.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Hubs at the venue.
    pub hubs: usize,
    /// Scanners, spread over the hubs.
    pub scanners: usize,
    /// Units on sale, each with a ticket.
    pub units: u32,
    /// Virtual time under faults, in milliseconds.
    pub chaos_ms: u64,
    /// Whether things go wrong at all.
    pub faults: bool,
    /// Whether to print every step.
    pub trace: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            hubs: 3,
            scanners: 4,
            units: 60,
            chaos_ms: 60_000,
            faults: true,
            trace: false,
        }
    }
}
