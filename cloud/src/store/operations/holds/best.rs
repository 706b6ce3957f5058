//! Claiming the best seats for a group: picked from what this process knows of the free ones, and had only if the store agrees.

use usher_protocol::Unit;

use crate::catalogue::{OccupancyQuery, Status};
use crate::selling::best_available::FreeSeats;
use crate::selling::known_seats::{KnownSeats, SeatsRead};
use crate::selling::{HoldOutcome, Shortage, TierQuantity, UnitState};
use crate::store::StoreError;
use crate::store::operations::catalogue;
use crate::store::operations::reservation_rows::free_each;

use super::{Claimed, Hold};

/// How long free seats are known, in milliseconds: what was given back or has expired is offered again after that. Reading 50,000 seats
/// keeps all buyers waiting for some hundredths of a second.
const KNOWN_MS: u64 = 10_000;
/// How long it is known that there are too few, in milliseconds.
const TOO_FEW_MS: u64 = 1_000;
/// Picks in a row that the store refuses before the seats are read anew.
const MISSES: u32 = 8;

impl Hold<'_> {
    /// Claims the best free seats of a tier.
    pub(super) fn claim_best(&self, wanted: TierQuantity, known: &KnownSeats) -> Result<Claimed, StoreError> {
        let (mut lent, now) = (known.lend(), self.now);
        let still_known = lent.take().filter(|read| read.age_ms(now) < KNOWN_MS);
        let mut known = match still_known {
            Some(read) => read,
            None => self.read_seats()?,
        };
        let claimed = self.claim_known(wanted, &mut known);
        *lent = Some(known);
        claimed
    }

    fn claim_known(&self, wanted: TierQuantity, known: &mut SeatsRead) -> Result<Claimed, StoreError> {
        let mut misses = 0;
        loop {
            let best = known.free.take_best(wanted.tier, wanted.quantity);
            let is_enough = best.is_some();
            if let Some(seats) = best {
                match self.claim_seats(&seats)? {
                    Err(HoldOutcome::Taken(taken)) => self.miss(&seats, &taken, known)?,
                    claimed => return Ok(claimed),
                }
                misses += 1;
            }
            let may_be_more = known.age_ms(self.now) >= TOO_FEW_MS;
            if misses == MISSES || !is_enough && may_be_more {
                *known = self.read_seats()?;
            } else if !is_enough {
                return Ok(Err(HoldOutcome::Short(vec![Shortage {
                    tier: wanted.tier,
                    requested: wanted.quantity,
                    available: known.free.count(wanted.tier),
                }])));
            }
        }
    }

    /// Gives back what was claimed of a group of which others have some seats already.
    fn miss(&self, seats: &[Unit], taken: &[Unit], known: &mut SeatsRead) -> Result<(), StoreError> {
        let free = || seats.iter().copied().filter(|seat| !taken.contains(seat));
        free_each(self.connection, &self.reservation, free(), UnitState::Held)?;
        free().for_each(|seat| known.free.give_back(seat));
        Ok(())
    }

    /// Reads where the seats are and which are free; nobody else claims any meanwhile.
    fn read_seats(&self) -> Result<SeatsRead, StoreError> {
        let event = self.reservation.event;
        let at = self.now;
        let layout = catalogue::layout(self.connection, &event)?;
        let occupancy = catalogue::occupancy(self.connection, &OccupancyQuery { event, now: at })?;
        let seats = layout.seats.iter();
        let seats: Vec<_> = seats
            .map(|seat| (seat.unit, seat.tier, &*seat.section, &*seat.row))
            .collect();
        let statuses = occupancy.seats.iter();
        let is_free: Vec<_> = statuses.map(|status| *status == Status::Available).collect();
        let free = FreeSeats::of(&seats, &is_free);
        Ok(SeatsRead { free, at })
    }
}
