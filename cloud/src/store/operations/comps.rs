//! The rows of comps: for each person of a list a reservation that costs nothing and its booking, all of them or none.

use usher_keys::Timestamp;

use crate::catalogue::EventStatus;
use crate::ids::{BlockId, BookingId};
use crate::money::Money;
use crate::selling::blocks::{Block, OfBlock, take_out};
use crate::selling::comps::{
    BeginComps, BeginCompsOutcome, CompRefusal, CompUnits, CompsRefusal, NewComp, may_give,
};
use crate::selling::course::pay_by;
use crate::selling::holding::{SaleTerms, known_units};
use crate::selling::{PriceLine, RequestHash, Reservation, ReservationState};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{Local, ms};
use super::holds::Hold;
use super::{begin, blocks, reservation_rows, sale_terms};

/// Opens a booking for each person of a list, once for each idempotency key.
pub fn begin_comps(
    connection: &Sql<'_>,
    request: &BeginComps,
) -> Result<Effect<BeginCompsOutcome>, StoreError> {
    let refused = |refusal| Ok(Effect::Undo(BeginCompsOutcome::Refused(refusal)));
    let earlier = earlier(connection, request)?;
    if let Some((_, hash)) = earlier.first() {
        if *hash != request.request_hash {
            return refused(CompsRefusal::KeyReused);
        }
        let bookings = earlier.iter().map(|(booking, _)| *booking).collect();
        return Ok(Effect::Undo(BeginCompsOutcome::Existing(bookings)));
    }
    let Some((EventStatus::Published, terms)) = sale_terms::sale_terms(connection, request.event)? else {
        return refused(CompsRefusal::NoSuchEvent);
    };
    if let Err(refusal) = may_give(terms.sale, request) {
        return refused(refusal);
    }
    let mut open = Vec::with_capacity(request.comps.len());
    for (position, comp) in request.comps.iter().enumerate() {
        let giving = Giving {
            connection,
            terms: &terms,
            until: terms.held_until(request.now),
            now: request.now,
            comp,
        };
        let lines = match giving.claim()? {
            Ok(lines) => lines,
            Err(refusal) => return refused(CompsRefusal::Comp(position, refusal)),
        };
        let reservation = giving.reserve(lines)?;
        let booking = request.booking(position, comp);
        let opened = begin::open(
            connection,
            &booking,
            (&reservation, pay_by(request.now, reservation.expires_at)),
        )?;
        open.push(opened.ok_or(StoreError::Overtaken)?);
        insert(connection, request, (position, comp))?;
    }
    Ok(Effect::Keep(BeginCompsOutcome::Begun(open)))
}

/// Finds what the key was used for before.
fn earlier(connection: &Sql<'_>, request: &BeginComps) -> Result<Vec<(BookingId, RequestHash)>, StoreError> {
    let event = request.event;
    let mut query = connection.prepare_cached(
        "SELECT booking_id, request_hash FROM comps JOIN bookings USING (event_id, booking_id)
         WHERE event_id = ?1 AND batch = ?2 ORDER BY position",
    )?;
    let found = query.query_map(params![event.0, request.batch()], |row| {
        let (local, hash): (Local, [u8; 32]) = row.try_into()?;
        Ok((BookingId { event, local }, RequestHash(hash)))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Giving one person what they get.
struct Giving<'a> {
    connection: &'a Sql<'a>,
    terms: &'a SaleTerms,
    until: Timestamp,
    now: Timestamp,
    comp: &'a NewComp,
}

impl Giving<'_> {
    fn claim(&self) -> Result<Result<Vec<PriceLine>, CompRefusal>, StoreError> {
        match &self.comp.units {
            CompUnits::Free(claim) => {
                if let Err(refusal) = known_units(self.terms, claim) {
                    return Ok(Err(CompRefusal::Units(refusal)));
                }
                let hold = Hold {
                    connection: self.connection,
                    reservation: self.comp.reservation,
                    sale: self.terms,
                    now: self.now,
                    until: self.until,
                };
                Ok(hold.claim(claim)?.map_err(CompRefusal::Units))
            }
            CompUnits::OfBlock(block, of) => self.take_from(*block, of),
        }
    }

    /// Takes units out of a block. They are never free in between.
    fn take_from(
        &self,
        block: BlockId,
        of: &OfBlock,
    ) -> Result<Result<Vec<PriceLine>, CompRefusal>, StoreError> {
        let found = blocks::block(self.connection, block)?;
        let Some(block) = found.filter(|block| block.id.event == self.comp.reservation.event) else {
            return Ok(Err(CompRefusal::NoSuchBlock));
        };
        let (taken, left) = match take_out(&block.lines, of) {
            Ok(parted) => parted,
            Err(lacks) => return Ok(Err(CompRefusal::Lacks(lacks))),
        };
        let mut take = self.connection.prepare_cached(
            "UPDATE units SET reservation_id = ?3, held_until = ?4
             WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?5 AND state = 'held'",
        )?;
        for line in &taken {
            let unit = params![
                block.id.event.0,
                line.unit.0,
                self.comp.reservation.local,
                ms(self.until),
                block.reservation.local
            ];
            if !take.changes(1, unit)? {
                return Err(StoreError::Overtaken);
            }
        }
        let left = Block { lines: left, ..block };
        blocks::write_left(self.connection, (&left, ms(self.now)))?;
        Ok(Ok(taken))
    }

    fn reserve(&self, lines: Vec<PriceLine>) -> Result<Reservation, StoreError> {
        let reservation = Reservation {
            id: self.comp.reservation,
            state: ReservationState::Held,
            lines: blocks::free_of_charge(lines),
            amount: Money {
                minor: 0,
                currency: self.terms.currency,
            },
            expires_at: self.until,
        };
        reservation_rows::record(self.connection, &reservation, (None, self.now))?;
        Ok(reservation)
    }
}

fn insert(
    connection: &Sql<'_>,
    request: &BeginComps,
    (position, comp): (usize, &NewComp),
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO comps (event_id, batch, position, booking_id, name) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .run(params![
            request.event.0,
            request.batch(),
            u32::try_from(position).unwrap_or(u32::MAX),
            comp.booking.local,
            comp.name
        ])?;
    Ok(())
}
