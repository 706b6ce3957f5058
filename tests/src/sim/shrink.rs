//! Finds a small run that breaks the same promise as a failing seed: fewer machines, fewer kinds of faults, less time, fewer acts of chance.

use std::collections::BTreeSet;

use super::node::NodeId;
use super::shape::{Kind, Shape, Tape};
use super::world::{Broken, attempt};

/// Most runs one shrinking may take: some minutes.
pub const MAX_RUNS: u32 = 1_500;
/// How many seeds are tried with a smaller venue before it counts as too small.
const SEEDS_PER_SIZE: u64 = 12;

/// A failing run.
#[derive(Debug, Clone)]
pub struct Failing {
    pub seed: u64,
    pub shape: Shape,
    /// The promise it breaks.
    pub broken: Broken,
    /// Runs it took to find.
    pub runs: u32,
}

/// Shrinks a failing run; returns nothing when it does not fail.
pub fn shrink(seed: u64, shape: &Shape) -> Option<Failing> {
    let shape = Shape {
        tape: Tape::Off,
        ..shape.clone()
    };
    let broken = attempt(seed, &shape).err()?;
    let mut failing = Failing {
        seed,
        shape,
        broken,
        runs: 1,
    };
    let mut size = failing.size();
    loop {
        // In a shorter storm a smaller venue breaks the promise in fewer seeds.
        failing.take_machines_away();
        failing.shorten();
        failing.take_kinds_away();
        failing.drop_acts();
        if failing.size() == std::mem::replace(&mut size, failing.size()) {
            return Some(failing);
        }
    }
}

impl Failing {
    fn size(&self) -> (usize, usize, u64, usize) {
        let shape = &self.shape;
        (
            shape.hubs + shape.scanners,
            shape.faults.len(),
            shape.chaos_ms,
            shape.dropped.len(),
        )
    }

    /// Tries another run and takes it if it breaks the same promise.
    fn takes(&mut self, seed: u64, shape: Shape) -> bool {
        if self.runs >= MAX_RUNS {
            return false;
        }
        self.runs += 1;
        match attempt(seed, &shape) {
            Err(broken) if kind_of(&broken.complaint) == kind_of(&self.broken.complaint) => {
                (self.seed, self.shape, self.broken) = (seed, shape, broken);
                true
            }
            Err(_) | Ok(_) => false,
        }
    }

    /// Ends the storm as soon as the promise is broken.
    fn shorten(&mut self) {
        let until = self.broken.after_ms.min(self.shape.chaos_ms);
        for parts in [1, 2, 4, 6, 7, 8] {
            let shape = Shape {
                chaos_ms: until * parts / 8,
                ..self.shape.clone()
            };
            if self.takes(self.seed, shape) {
                return;
            }
        }
    }

    /// The smallest venue first, each with some seeds.
    fn take_machines_away(&mut self) {
        let (most_hubs, most_scanners): (NodeId, NodeId) = (self.shape.hubs, self.shape.scanners);
        let mut sizes: Vec<_> = (1..=most_hubs)
            .flat_map(|hubs| [1, 2, 3, 4].map(|scanners| (hubs, scanners)))
            .filter(|(hubs, scanners)| {
                *scanners <= most_scanners && (*hubs, *scanners) != (most_hubs, most_scanners)
            })
            .collect();
        sizes.sort_by_key(|(hubs, scanners)| hubs + scanners);
        let first = self.seed;
        // Acts were dropped from this seed's run; another one's are others.
        let tries = if self.shape.dropped.is_empty() {
            SEEDS_PER_SIZE
        } else {
            1
        };
        for (hubs, scanners) in sizes {
            for seed in first..first + tries {
                let shape = Shape {
                    hubs,
                    scanners,
                    ..self.shape.clone()
                };
                if self.takes(seed, shape) {
                    return;
                }
            }
        }
    }

    fn take_kinds_away(&mut self) {
        let plain = Shape {
            relays: false,
            ..self.shape.clone()
        };
        self.takes(self.seed, plain);
        for kind in Kind::ALL {
            let mut shape = self.shape.clone();
            if shape.faults.remove(&kind) {
                self.takes(self.seed, shape);
            }
        }
    }

    /// Drops acts of chance: halves, quarters, and so on down to single ones.
    fn drop_acts(&mut self) {
        let mut size = self.broken.acts.next_power_of_two() / 2;
        while size > 0 {
            let mut from = 1;
            while from <= self.broken.acts {
                let span: BTreeSet<_> = (from..from + size).collect();
                let mut shape = self.shape.clone();
                shape.dropped.extend(&span);
                if shape.dropped.len() > self.shape.dropped.len() {
                    self.takes(self.seed, shape);
                }
                from += size;
            }
            size /= 2;
        }
    }
}

/// Returns a complaint without its numbers: what kind of promise it is about.
fn kind_of(complaint: &str) -> String {
    let words = complaint.split_once(": ").map_or(complaint, |(_, words)| words);
    let words = words.split(": ").next().unwrap_or(words);
    words.chars().filter(|c| !c.is_ascii_digit()).collect()
}
