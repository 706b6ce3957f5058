//! Blocks: units that an organizer sets aside under a name, such as for a production or a promoter's list, until they are released.
//!
//! A block is a hold that never expires by itself, so that whatever tells what is free tells the truth about blocked units too.

use std::collections::BTreeSet;

use usher_keys::Timestamp;
use usher_protocol::Unit;

use crate::ids::{BlockId, ReservationId};

use super::holding::{SaleTerms, known_units};
use super::price_line::PriceLine;
use super::reservations::{Claim, HoldOutcome, Reservation, ReservationState, Shortage, TierQuantity};
use super::sale::SaleStatus;

/// Until when blocked units are held: the last moment that tables have.
pub const BLOCKED_UNTIL: Timestamp = Timestamp(i64::MAX.unsigned_abs());
/// Blocks of an event at most: more than a house has reasons, and one list of them is one answer.
pub const MAX_BLOCKS: u32 = 200;

/// Asks to set units aside.
#[derive(Debug, Clone)]
pub struct NewBlock {
    pub id: BlockId,
    /// What claims its units; shown to nobody.
    pub reservation: ReservationId,
    /// What the units are for, in the organizer's words.
    pub name: String,
    /// The units; never the best available.
    pub claim: Claim,
    pub now: Timestamp,
}

/// What became of setting units aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBlockOutcome {
    /// They are blocked.
    Blocked(Box<Block>),
    /// Nothing has changed: what a buyer who asked for these units would be told too.
    Refused(HoldOutcome),
    /// The event has as many blocks as it can.
    TooMany,
}

/// Units that are set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub id: BlockId,
    /// What claims its units.
    pub reservation: ReservationId,
    pub name: String,
    /// Its units, in their order; their prices are zero.
    pub lines: Vec<PriceLine>,
    pub created_at: Timestamp,
}

/// Which units of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfBlock {
    /// All of them.
    All,
    /// These, each named once.
    Seats(Vec<Unit>),
    /// So many of these tiers, the first ones, each tier named once.
    Tiers(Vec<TierQuantity>),
}

/// Asks to put units of a block on sale again.
#[derive(Debug, Clone)]
pub struct ReleaseBlock {
    pub block: BlockId,
    pub of: OfBlock,
    pub now: Timestamp,
}

/// What became of releasing units of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseBlockOutcome {
    /// They are free; this is what is left of it, and there is no such block any more once that is nothing.
    Released(Block),
    /// There is no such block.
    NotFound,
    /// Nothing has changed: it does not have them.
    Lacks(BlockLacks),
}

/// What a block does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockLacks {
    /// These seats.
    Seats(Vec<Unit>),
    /// These tiers have fewer units in it.
    Units(Vec<Shortage>),
}

impl Reservation {
    /// Tells whether it is what claims the units of a block: nobody pays for it or gives it back.
    pub fn is_block(&self) -> bool {
        self.state == ReservationState::Held && self.expires_at == BLOCKED_UNTIL
    }
}

/// Decides whether units may be set aside, also before the sale and while it is stopped; whether they are free is found out by claiming
/// them.
///
/// # Errors
///
/// Why not.
pub fn may_block(terms: &SaleTerms, blocks: u32, request: &NewBlock) -> Result<(), NewBlockOutcome> {
    let status = terms.sale.status(Some(Timestamp::FOREVER), request.now);
    match status {
        SaleStatus::Canceled | SaleStatus::Over | SaleStatus::Paused => {
            return Err(NewBlockOutcome::Refused(HoldOutcome::NotOnSale(status)));
        }
        SaleStatus::OnSale | SaleStatus::NotYet | SaleStatus::Stopped => {}
    }
    if blocks >= MAX_BLOCKS {
        return Err(NewBlockOutcome::TooMany);
    }
    known_units(terms, &request.claim).map_err(NewBlockOutcome::Refused)
}

/// Parts the lines of a block: those that are taken out of it, and those that are left.
///
/// # Errors
///
/// What the block does not have.
pub fn take_out(lines: &[PriceLine], of: &OfBlock) -> Result<(Vec<PriceLine>, Vec<PriceLine>), BlockLacks> {
    let taken: BTreeSet<Unit> = match of {
        OfBlock::All => lines.iter().map(|line| line.unit).collect(),
        OfBlock::Seats(seats) => {
            let has = |seat: &&Unit| lines.iter().any(|line| line.unit == **seat);
            let lacking: Vec<_> = seats.iter().filter(|seat| !has(seat)).copied().collect();
            if !lacking.is_empty() {
                return Err(BlockLacks::Seats(lacking));
            }
            seats.iter().copied().collect()
        }
        OfBlock::Tiers(tiers) => first_of(lines, tiers)?,
    };
    Ok(lines.iter().partition(|line| taken.contains(&line.unit)))
}

fn first_of(lines: &[PriceLine], tiers: &[TierQuantity]) -> Result<BTreeSet<Unit>, BlockLacks> {
    let (mut taken, mut short) = (BTreeSet::new(), Vec::new());
    for wanted in tiers {
        let has = lines.iter().filter(|line| line.tier == wanted.tier);
        let units: Vec<_> = has.map(|line| line.unit).take(wanted.quantity as usize).collect();
        if units.len() < wanted.quantity as usize {
            short.push(Shortage {
                tier: wanted.tier,
                requested: wanted.quantity,
                available: u32::try_from(units.len()).unwrap_or(u32::MAX),
            });
        }
        taken.extend(units);
    }
    if short.is_empty() {
        Ok(taken)
    } else {
        Err(BlockLacks::Units(short))
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::TierId;

    use super::*;

    fn line(unit: u32, tier: u16) -> PriceLine {
        PriceLine {
            unit: Unit(unit),
            tier: TierId(tier),
            price: 0,
            fee: 0,
            tax: 0,
        }
    }

    #[track_caller]
    fn check(of: &OfBlock, expected: Result<(&[u32], &[u32]), BlockLacks>) {
        let lines = [line(1, 1), line(2, 1), line(7, 2), line(8, 2)];
        let units = |lines: Vec<PriceLine>| lines.iter().map(|line| line.unit.0).collect::<Vec<_>>();
        let parted = take_out(&lines, of).map(|(taken, left)| (units(taken), units(left)));
        let expected = expected.map(|(taken, left)| (taken.to_vec(), left.to_vec()));
        assert_eq!(parted, expected, "{of:?}");
    }

    #[test]
    fn a_block_gives_what_it_has_and_nothing_else() {
        let tiers = |quantity| {
            OfBlock::Tiers(vec![TierQuantity {
                tier: TierId(2),
                quantity,
            }])
        };
        check(&OfBlock::All, Ok((&[1, 2, 7, 8], &[])));
        check(&OfBlock::Seats(vec![Unit(2)]), Ok((&[2], &[1, 7, 8])));
        check(&tiers(1), Ok((&[7], &[1, 2, 8])));
        check(
            &OfBlock::Seats(vec![Unit(2), Unit(3)]),
            Err(BlockLacks::Seats(vec![Unit(3)])),
        );
        let short = Shortage {
            tier: TierId(2),
            requested: 3,
            available: 2,
        };
        check(&tiers(3), Err(BlockLacks::Units(vec![short])));
    }
}
