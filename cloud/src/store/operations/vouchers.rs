//! The rows of vouchers, and of wrong guesses at their codes.

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::catalogue::EventStatus;
use crate::ids::{ReservationId, VoucherId};
use crate::money::{Currency, Money};
use crate::selling::claimant::Claimant;
use crate::selling::sale::SaleWindow;
use crate::selling::vouchers::{
    CodeCheck, CodeCheckOutcome, Discount, MAX_VOUCHERS, NewVouchers, NewVouchersOutcome, Voucher,
    VoucherCode, VoucherRefusal, VoucherTerms, VouchersQuery,
};
use crate::selling::{Reservation, ReservationState};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{Local, moment, ms, narrow};
use super::seals::SealedSet;
use super::{bounds, reservation_rows, sale_terms};

/// Adds vouchers of the same terms, all of them or none.
pub fn add_vouchers(
    connection: &Sql<'_>,
    request: &NewVouchers,
) -> Result<Effect<NewVouchersOutcome>, StoreError> {
    let event = request.event.0;
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM vouchers WHERE event_id = ?1")?
        .query_row([event], |row| row.get(0))?;
    let more = u32::try_from(request.codes.len()).unwrap_or(u32::MAX);
    if count.saturating_add(more) > MAX_VOUCHERS {
        return Ok(Effect::Undo(NewVouchersOutcome::TooMany));
    }
    let (mut added, mut taken) = (Vec::new(), Vec::new());
    for (id, code) in &request.codes {
        if by_code(connection, (request.event, code), request.now)?.is_some() {
            taken.push(code.clone());
            continue;
        }
        let voucher = Voucher {
            id: *id,
            code: code.clone(),
            terms: request.terms.clone(),
            is_stopped: false,
            created_at: request.now,
            uses: 0,
        };
        insert(connection, &voucher)?;
        added.push(voucher);
    }
    Ok(if taken.is_empty() {
        Effect::Keep(NewVouchersOutcome::Added(added))
    } else {
        Effect::Undo(NewVouchersOutcome::Taken(taken))
    })
}

fn insert(connection: &Sql<'_>, voucher: &Voucher) -> Result<(), StoreError> {
    let terms = &voucher.terms;
    let (discount, value) = match terms.discount {
        None => (None, 0),
        Some(Discount::Percent(percent)) => (Some("percent"), i64::from(percent)),
        Some(Discount::Amount(amount)) => (Some("amount"), amount),
        Some(Discount::Price(price)) => (Some("price"), price),
    };
    let tiers = terms.tiers.as_ref().map(|tiers| {
        let tiers: Vec<_> = tiers.iter().map(|tier| tier.0).collect();
        serde_json::to_string(&tiers).expect("tiers are plain numbers")
    });
    connection
        .prepare_cached(
            "INSERT INTO vouchers (event_id, voucher_id, code, name, discount, value, unlocks, tiers, max_uses, max_per_order,
                                   valid_from, valid_until, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .run(params![
            voucher.id.event.0,
            voucher.id.local,
            voucher.code.text(),
            terms.name,
            discount,
            value,
            terms.unlocks,
            tiers,
            terms.max_uses,
            terms.max_per_order,
            terms.valid.from.map(ms),
            terms.valid.until.map(ms),
            ms(voucher.created_at)
        ])?;
    SealedSet::Vouchers.turn(connection, voucher.id.event, voucher.id.local)
}

/// Stops a voucher for good; tells whether there is one. What is held with it stays held.
pub fn stop_voucher(connection: &Sql<'_>, id: &VoucherId) -> Result<Effect<bool>, StoreError> {
    SealedSet::Vouchers.turn(connection, id.event, id.local)?;
    let is_there = connection
        .prepare_cached("UPDATE vouchers SET stopped = 1 WHERE event_id = ?1 AND voucher_id = ?2")?
        .execute(params![id.event.0, id.local])?
        == 1;
    SealedSet::Vouchers.turn(connection, id.event, id.local)?;
    Ok(Effect::Keep(is_there))
}

/// The columns [`read`] reads; `?2` is the time.
const VOUCHER: &str = "SELECT voucher_id, code, name, discount, value, unlocks, tiers, max_uses, max_per_order, valid_from, valid_until,
        stopped, created_at,
        (SELECT count(*) FROM reservations
         WHERE reservations.event_id = vouchers.event_id AND reservations.voucher_id = vouchers.voucher_id
           AND (state IN ('paying', 'booked') OR state = 'held' AND expires_at > ?2))
    FROM vouchers";

/// Finds the voucher of a code, stopped or not, with how often it is in use at a moment.
pub fn by_code(
    connection: &Sql<'_>,
    (event, code): (EventId, &VoucherCode),
    now: Timestamp,
) -> Result<Option<Voucher>, StoreError> {
    let sql = format!("{VOUCHER} WHERE event_id = ?1 AND code = ?3");
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query_and_then(params![event.0, ms(now), code.text()], |row| read(row, event))?;
    found.next().transpose()
}

/// Lists vouchers of an event, the first one first.
pub fn vouchers(connection: &Sql<'_>, query: &VouchersQuery) -> Result<Vec<Voucher>, StoreError> {
    let event = query.event;
    let after: Local = query.after.map_or([0; 24], |after| after.local);
    let sql = format!("{VOUCHER} WHERE event_id = ?1 AND voucher_id > ?3 ORDER BY voucher_id LIMIT ?4");
    let mut select = connection.prepare_cached(&sql)?;
    let values = params![event.0, ms(query.now), after, query.limit];
    let found = select.query_and_then(values, |row| read(row, event))?;
    found.collect()
}

fn read(row: &Row<'_>, event: EventId) -> Result<Voucher, StoreError> {
    let unreadable = || StoreError::Unreadable { what: "voucher" };
    let value: i64 = row.get(4)?;
    let discount = match row.column(3)?.as_str_or_null()? {
        None => None,
        Some("percent") => Some(Discount::Percent(narrow(value, "percentage of a voucher")?)),
        Some("amount") => Some(Discount::Amount(value)),
        Some("price") => Some(Discount::Price(value)),
        Some(_) => return Err(unreadable()),
    };
    let tiers = row
        .column(6)?
        .as_str_or_null()?
        .map(serde_json::from_str::<Vec<u16>>);
    let tiers = tiers.transpose().map_err(|_| unreadable())?;
    let code = row.column(1)?.as_str()?.parse();
    Ok(Voucher {
        id: VoucherId {
            event,
            local: row.get(0)?,
        },
        code: code.map_err(|_| unreadable())?,
        terms: VoucherTerms {
            name: row.get(2)?,
            discount,
            unlocks: row.get(5)?,
            tiers: tiers.map(|tiers| tiers.into_iter().map(TierId).collect()),
            max_uses: row.get(7)?,
            max_per_order: row.get(8)?,
            valid: SaleWindow {
                from: row.get::<Option<i64>>(9)?.map(moment),
                until: row.get::<Option<i64>>(10)?.map(moment),
            },
        },
        is_stopped: row.get(11)?,
        created_at: moment(row.get(12)?),
        uses: row.get(13)?,
    })
}

/// Returns what a code is good for. One that is good for nothing is kept as a guess.
pub fn check_code(connection: &Sql<'_>, request: &CodeCheck) -> Result<Effect<CodeCheckOutcome>, StoreError> {
    let (event, now) = (request.guess.event, request.now);
    let Some((EventStatus::Published, terms)) = sale_terms::sale_terms(connection, event)? else {
        return Ok(Effect::Undo(CodeCheckOutcome::NoSuchEvent));
    };
    let held = bounds::held_of(connection, request.claimant, (request.guess, now))?;
    let bounds = request.bounds.of_event(terms.unit_count, terms.own_bounds);
    if let Some(in_vain) = held.held_in_vain(bounds, now) {
        return Ok(Effect::Undo(CodeCheckOutcome::InVain(in_vain)));
    }
    let found = by_code(connection, (event, &request.code), now)?;
    let Some(voucher) = found.filter(|voucher| !voucher.is_stopped) else {
        let guess = (request.guess, terms.currency);
        note_guess(connection, guess, (request.claimant, now))?;
        return Ok(Effect::Keep(CodeCheckOutcome::Refused(VoucherRefusal::Unknown)));
    };
    Ok(Effect::Undo(match voucher.may_be_used(now) {
        Ok(()) => CodeCheckOutcome::Good(voucher),
        Err(refusal) => CodeCheckOutcome::Refused(refusal),
    }))
}

/// Writes down that a reservation was made with a voucher, which counts as a use of it from then on.
pub fn use_for(
    connection: &Sql<'_>,
    voucher: &Voucher,
    reservation: ReservationId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE reservations SET voucher_id = ?3 WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .run(params![reservation.event.0, reservation.local, voucher.id.local])?;
    Ok(())
}

/// Keeps a wrong guess as a reservation of nothing that was given back at once. It counts against its claimant, and is
/// forgotten, like one unit held in vain.
pub fn note_guess(
    connection: &Sql<'_>,
    (id, currency): (ReservationId, Currency),
    (claimant, now): (Claimant, Timestamp),
) -> Result<(), StoreError> {
    let guess = Reservation {
        id,
        state: ReservationState::Released,
        lines: Vec::new(),
        amount: Money { minor: 0, currency },
        expires_at: now,
    };
    reservation_rows::record(connection, &guess, (Some(claimant), now))
}
