//! Which free seats are the best for a group: beside each other, near the focal point, and leaving no seat alone where that can be.
//!
//! The focal point is before the middle of the first row of each section. A group that does not fit into one row is split into as few
//! parts as there must be, each near the first.

use std::collections::BTreeMap;

use usher_protocol::{TierId, Unit};

/// How much farther a seat is that is one row behind, in halves of a seat's width: rows are twice as far apart as seats.
const ROW_DISTANCE: u64 = 4;
/// How far another section is, in the same: farther than any row of the own.
const SECTION_DISTANCE: u64 = 1 << 20;
/// Seats of a row that are looked at together; a longer row is looked at as if it had an aisle there.
const BLOCK: usize = u128::BITS as usize;

/// The free seats of an event. Of each block of seats beside each other it knows which are free, as bits.
#[derive(Debug, Clone, Default)]
pub struct FreeSeats {
    blocks: Vec<Block>,
    /// The blocks with seats of a tier, those in front first.
    by_tier: BTreeMap<TierId, Vec<TierBlock>>,
    /// The block of each seat, by unit from 0.
    block_of: Vec<u32>,
}

/// A seat of the house: its unit, its tier, its section and its row.
pub type SeatInRow<'a> = (Unit, TierId, &'a str, &'a str);

/// Seats beside each other, numbered on from the first.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: u32,
    length: u32,
    section: u32,
    /// How many rows of its section are in front of it.
    depth: u32,
    free: u128,
}

/// The seats of one tier in a block.
#[derive(Debug, Clone, Copy)]
struct TierBlock {
    block: u32,
    seats: u128,
}

/// Where a part of a group may sit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// The square of its distance, then what makes the order of equals the same everywhere.
    distance: u64,
    block: u32,
    start: u32,
}

/// What seats shall be near to.
#[derive(Debug, Clone, Copy)]
struct Focus {
    /// Its section, unless any will do.
    section: Option<u32>,
    /// How many rows are in front of it.
    depth: u32,
    /// How far it is from the middle of its row, in halves of a seat's width; to the left if negative.
    aside: i64,
}

/// Before the middle of the first row.
const FOCAL_POINT: Focus = Focus {
    section: None,
    depth: 0,
    aside: 0,
};

impl FreeSeats {
    /// Notes where an event's seats are, and which are free, both by unit from 0.
    pub fn of(seats: &[SeatInRow<'_>], is_free: &[bool]) -> Self {
        let mut free = Self::default();
        let sections = seats.chunk_by(|a, b| a.2 == b.2);
        for (number, section) in (0..).zip(sections) {
            let rows = section.chunk_by(|a, b| a.3 == b.3);
            for (depth, row) in (0..).zip(rows) {
                for seats in row.chunks(BLOCK) {
                    free.add(seats, (number, depth));
                }
            }
        }
        for blocks in free.by_tier.values_mut() {
            blocks.sort_by_key(|part| free.blocks[part.block as usize].depth);
        }
        free.renew(is_free);
        free
    }

    /// Notes anew which seats are free, by unit from 0.
    fn renew(&mut self, is_free: &[bool]) {
        for block in &mut self.blocks {
            let seats = is_free.iter().skip(block.first as usize);
            let bits = (0..block.length).zip(seats).filter(|(_, is_free)| **is_free);
            block.free = bits.fold(0, |free, (place, _)| free | 1 << place);
        }
    }

    fn add(&mut self, seats: &[SeatInRow<'_>], (section, depth): (u32, u32)) {
        let block = u32::try_from(self.blocks.len()).expect("an event has fewer than 2^32 rows");
        let mut tiers: BTreeMap<TierId, u128> = BTreeMap::new();
        for (place, (_, tier, ..)) in seats.iter().enumerate() {
            *tiers.entry(*tier).or_default() |= 1 << place;
            self.block_of.push(block);
        }
        for (tier, seats) in tiers {
            self.by_tier
                .entry(tier)
                .or_default()
                .push(TierBlock { block, seats });
        }
        self.blocks.push(Block {
            first: seats[0].0.0,
            length: u32::try_from(seats.len()).expect("a block is short"),
            section,
            depth,
            free: 0,
        });
    }

    /// Notes that a seat is taken.
    pub fn take(&mut self, seat: Unit) {
        if let Some((block, bit)) = self.place(seat) {
            block.free &= !bit;
        }
    }

    /// Notes that a seat is free.
    pub fn give_back(&mut self, seat: Unit) {
        if let Some((block, bit)) = self.place(seat) {
            block.free |= bit;
        }
    }

    fn place(&mut self, seat: Unit) -> Option<(&mut Block, u128)> {
        let index = *self.block_of.get(seat.0 as usize)?;
        let block = &mut self.blocks[index as usize];
        let bit = 1 << (seat.0 - block.first);
        Some((block, bit))
    }

    /// Counts the free seats of a tier.
    pub fn count(&self, tier: TierId) -> u32 {
        self.parts(tier).map(|(_, seats)| seats.count_ones()).sum()
    }

    /// Takes the best seats of a tier for a group, in order; none when it has too few.
    pub fn take_best(&mut self, tier: TierId, group: u32) -> Option<Vec<Unit>> {
        if let Some(together) = self.together(tier, group, FOCAL_POINT) {
            return Some(self.take_run(together, group));
        }
        if self.count(tier) < group {
            return None;
        }
        self.take_parts(tier, group)
    }

    /// Splits a group that finds no seats beside each other: the largest part first, and nobody alone unless there is no other way.
    fn take_parts(&mut self, tier: TierId, group: u32) -> Option<Vec<Unit>> {
        let (mut seats, mut left, mut focus) = (Vec::new(), group, FOCAL_POINT);
        while left > 0 {
            let longest = self.longest_run(tier).min(left);
            let would_leave_one = left - longest == 1 && longest > 2;
            let part = longest - u32::from(would_leave_one);
            let found = self.together(tier, part, focus)?;
            if seats.is_empty() {
                focus = self.blocks[found.block as usize].middle_of(found.start, part);
            }
            seats.extend(self.take_run(found, part));
            left -= part;
        }
        seats.sort_unstable();
        Some(seats)
    }

    fn take_run(&mut self, found: Candidate, count: u32) -> Vec<Unit> {
        let block = &mut self.blocks[found.block as usize];
        block.free &= !(run(count) << found.start);
        let first = block.first + found.start;
        (first..first + count).map(Unit).collect()
    }

    /// Finds seats beside each other: such that leave no seat alone, or else any.
    fn together(&self, tier: TierId, group: u32, focus: Focus) -> Option<Candidate> {
        let (mut good, mut any) = (None::<Candidate>, None::<Candidate>);
        for (index, seats) in self.parts(tier) {
            let block = &self.blocks[index as usize];
            // Behind the focus, every row is farther away than the one before.
            let is_too_far = |good: Candidate| block.rows_from(focus) > good.distance;
            if block.depth >= focus.depth && good.is_some_and(is_too_far) {
                break;
            }
            let starts = starts(seats, group);
            if starts != 0 {
                let nearest = |starts| block.nearest(starts, group, focus, index);
                any = nearer(any, nearest(starts));
                good = nearer(good, nearest(starts & leaving_none_alone(block.free, group)));
            }
        }
        good.or(any)
    }

    /// Returns the blocks of a tier, each with its free seats.
    fn parts(&self, tier: TierId) -> impl Iterator<Item = (u32, u128)> {
        let parts = self.by_tier.get(&tier).into_iter().flatten();
        parts.map(|part| (part.block, part.seats & self.blocks[part.block as usize].free))
    }

    /// Counts the seats of the longest run of free ones.
    fn longest_run(&self, tier: TierId) -> u32 {
        let runs = self.parts(tier).map(|(_, mut seats)| {
            let mut length = 0;
            while seats != 0 {
                seats &= seats << 1;
                length += 1;
            }
            length
        });
        runs.max().unwrap_or(0)
    }
}

impl Block {
    /// Finds the start that is nearest to the focus.
    fn nearest(&self, starts: u128, group: u32, focus: Focus, index: u32) -> Option<Candidate> {
        let ideal = (i64::from(self.length) - i64::from(group) + focus.aside).div_euclid(2);
        let ideal = u32::try_from(ideal.max(0)).unwrap_or(0).min(u128::BITS - 1);
        let up_to = starts & run(ideal + 1);
        let left = up_to.checked_ilog2();
        let right = (starts & !run(ideal + 1)).trailing_zeros();
        let right = (right < u128::BITS).then_some(right);
        let candidates = left.into_iter().chain(right).map(|start| {
            let aside = self.middle_of(start, group).aside.abs_diff(focus.aside);
            Candidate {
                distance: self.row_distance(focus) + aside * aside,
                block: index,
                start,
            }
        });
        candidates.min()
    }

    /// Returns the square of how far its row is in front of the focus or behind it.
    fn rows_from(&self, focus: Focus) -> u64 {
        let rows = u64::from(self.depth.abs_diff(focus.depth)) * ROW_DISTANCE;
        rows * rows
    }

    /// Returns the square of the distance of its row, in whichever section.
    fn row_distance(&self, focus: Focus) -> u64 {
        let is_elsewhere = focus.section.is_some_and(|section| section != self.section);
        self.rows_from(focus) + u64::from(is_elsewhere) * SECTION_DISTANCE * SECTION_DISTANCE
    }

    /// Returns the middle of some of its seats.
    fn middle_of(&self, start: u32, count: u32) -> Focus {
        Focus {
            section: Some(self.section),
            depth: self.depth,
            aside: 2 * i64::from(start) + i64::from(count) - i64::from(self.length),
        }
    }
}

/// Returns so many ones, from the lowest bit on.
fn run(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |beyond| beyond - 1)
}

/// Finds where a group may begin: so many seats from there on are free.
fn starts(free: u128, group: u32) -> u128 {
    let (mut starts, mut known) = (free, 1);
    while known < group && starts != 0 {
        let step = known.min(group - known);
        starts &= starts >> step;
        known += step;
    }
    starts
}

/// Finds where a group may begin so that it leaves no free seat alone on either side of it.
fn leaving_none_alone(free: u128, group: u32) -> u128 {
    let left = !(free << 1) | free << 2;
    let beyond = |seats: u32| free.checked_shr(seats).unwrap_or(0);
    let right = !beyond(group) | beyond(group + 1);
    left & right
}

fn nearer(known: Option<Candidate>, found: Option<Candidate>) -> Option<Candidate> {
    known.into_iter().chain(found).min()
}

#[cfg(test)]
mod tests;
