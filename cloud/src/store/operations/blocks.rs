//! The rows of blocks: units that an organizer sets aside, each block with a reservation that never expires.

use usher_keys::EventId;

use crate::ids::{BlockId, ReservationId};
use crate::money::Money;
use crate::selling::blocks::{
    BLOCKED_UNTIL, Block, NewBlock, NewBlockOutcome, ReleaseBlock, ReleaseBlockOutcome, may_block, take_out,
};
use crate::selling::{HoldOutcome, PriceLine, Reservation, ReservationState, UnitState};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{lines, lines_text, moment, ms};
use super::holds::Hold;
use super::reservation_rows;
use super::sale_terms;
use super::seals::SealedSet;

/// Sets units aside, all of them or none.
pub fn add_block(connection: &Sql<'_>, request: &NewBlock) -> Result<Effect<NewBlockOutcome>, StoreError> {
    let event = request.id.event;
    let refused = |refusal| Ok(Effect::Undo(NewBlockOutcome::Refused(refusal)));
    let Some((_, terms)) = sale_terms::sale_terms(connection, event)? else {
        return refused(HoldOutcome::NoSuchEvent);
    };
    let blocks = connection
        .prepare_cached("SELECT count(*) FROM blocks WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))?;
    if let Err(refusal) = may_block(&terms, blocks, request) {
        return Ok(Effect::Undo(refusal));
    }
    let hold = Hold {
        connection,
        reservation: request.reservation,
        sale: &terms,
        now: request.now,
        until: BLOCKED_UNTIL,
    };
    let lines = match hold.claim(&request.claim)? {
        Ok(lines) => lines,
        Err(refusal) => return refused(refusal),
    };
    let reservation = Reservation {
        id: request.reservation,
        state: ReservationState::Held,
        lines: free_of_charge(lines),
        amount: Money {
            minor: 0,
            currency: terms.currency,
        },
        expires_at: BLOCKED_UNTIL,
    };
    reservation_rows::record(connection, &reservation, (None, request.now))?;
    insert(connection, request)?;
    Ok(Effect::Keep(NewBlockOutcome::Blocked(Box::new(Block {
        id: request.id,
        reservation: request.reservation,
        name: request.name.clone(),
        lines: reservation.lines,
        created_at: request.now,
    }))))
}

/// Returns lines without their prices.
pub(super) fn free_of_charge(lines: Vec<PriceLine>) -> Vec<PriceLine> {
    let free = |line| PriceLine { price: 0, ..line };
    lines.into_iter().map(free).collect()
}

fn insert(connection: &Sql<'_>, request: &NewBlock) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO blocks (event_id, block_id, reservation_id, name, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .run(params![
            request.id.event.0,
            request.id.local,
            request.reservation.local,
            request.name,
            ms(request.now)
        ])?;
    SealedSet::Blocks.turn(connection, request.id.event, request.id.local)
}

/// Puts units of a block on sale again.
pub fn release_block(
    connection: &Sql<'_>,
    request: &ReleaseBlock,
) -> Result<Effect<ReleaseBlockOutcome>, StoreError> {
    let Some(block) = block(connection, request.block)? else {
        return Ok(Effect::Undo(ReleaseBlockOutcome::NotFound));
    };
    let (taken, left) = match take_out(&block.lines, &request.of) {
        Ok(parted) => parted,
        Err(lacks) => return Ok(Effect::Undo(ReleaseBlockOutcome::Lacks(lacks))),
    };
    let units = taken.iter().map(|line| line.unit);
    reservation_rows::free_each(connection, &block.reservation, units, UnitState::Held)?;
    let left = Block { lines: left, ..block };
    write_left(connection, (&left, ms(request.now)))?;
    Ok(Effect::Keep(ReleaseBlockOutcome::Released(left)))
}

/// Writes down what is left of a block; without units it is none any more.
pub(super) fn write_left(connection: &Sql<'_>, (block, now): (&Block, i64)) -> Result<(), StoreError> {
    let (event, reservation) = (block.reservation.event.0, block.reservation.local);
    SealedSet::Blocks.turn(connection, block.id.event, block.id.local)?;
    let is_empty = block.lines.is_empty();
    if is_empty {
        connection
            .prepare_cached("DELETE FROM blocks WHERE event_id = ?1 AND block_id = ?2")?
            .run(params![event, block.id.local])?;
    }
    let (state, until) = match is_empty {
        true => (ReservationState::Released, now),
        false => (ReservationState::Held, ms(BLOCKED_UNTIL)),
    };
    connection
        .prepare_cached(
            "UPDATE reservations SET lines = ?3, state = ?4, expires_at = ?5 WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .run(params![
            event,
            reservation,
            lines_text(&block.lines),
            state.word(),
            until
        ])?;
    SealedSet::Blocks.turn(connection, block.id.event, block.id.local)
}

/// The columns [`read`] reads, and where they come from.
const BLOCK: &str = "SELECT block_id, reservation_id, name, lines, blocks.created_at
    FROM blocks JOIN reservations USING (event_id, reservation_id)";

/// Finds a block.
pub(super) fn block(connection: &Sql<'_>, id: BlockId) -> Result<Option<Block>, StoreError> {
    let sql = format!("{BLOCK} WHERE event_id = ?1 AND block_id = ?2");
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| read(row, id.event))?;
    found.next().transpose()
}

/// Lists the blocks of an event, the first one first.
pub fn blocks(connection: &Sql<'_>, event: &EventId) -> Result<Vec<Block>, StoreError> {
    let sql = format!("{BLOCK} WHERE event_id = ?1 ORDER BY block_id");
    let mut query = connection.prepare_cached(&sql)?;
    let found = query.query_and_then([event.0], |row| read(row, *event))?;
    found.collect()
}

fn read(row: &Row<'_>, event: EventId) -> Result<Block, StoreError> {
    Ok(Block {
        id: BlockId {
            event,
            local: row.get(0)?,
        },
        reservation: ReservationId {
            event,
            local: row.get(1)?,
        },
        name: row.get(2)?,
        lines: lines(row.column(3)?.as_str()?)?,
        created_at: moment(row.get(4)?),
    })
}
