//! Selling at a counter: units are claimed, priced and marked as paying in one transaction, with the till that it is counted in.

use crate::catalogue::EventStatus;
use crate::money::Money;
use crate::selling::counter::{BeginCounterSale, CounterOutcome, CounterRefusal, may_sell};
use crate::selling::course::pay_by;
use crate::selling::holding::{SaleTerms, known_units};
use crate::selling::paying::repeated;
use crate::selling::tills::may_use;
use crate::selling::vouchers::{Voucher, VoucherRefusal};
use crate::selling::{BeginOutcome, HoldOutcome, OpenBooking, Reservation, ReservationState};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::holds::{Claimed, Hold};
use super::{Effect, begin, reservation_rows, sale_terms, tills, vouchers};

/// Opens the booking of a sale at a counter, once for each idempotency key.
pub fn begin_counter_sale(
    connection: &Sql<'_>,
    request: &BeginCounterSale,
) -> Result<Effect<CounterOutcome>, StoreError> {
    let refused = |refusal| Ok(Effect::Undo(CounterOutcome::Refused(refusal)));
    let booking = request.booking();
    if let Some(earlier) = begin::earlier_request(connection, &booking)? {
        return Ok(Effect::Undo(CounterOutcome::Begun(repeated(earlier, &booking))));
    }
    let Some((EventStatus::Published, terms)) = sale_terms::sale_terms(connection, request.event())? else {
        return refused(CounterRefusal::Units(HoldOutcome::NoSuchEvent));
    };
    let till = tills::till(connection, request.at.till)?;
    let may_sell = may_sell(terms.sale, request);
    let may_use = may_use(till.as_ref(), request.event(), &request.at.by).map_err(CounterRefusal::Till);
    if let Err(refusal) = may_use.and(may_sell) {
        return refused(refusal);
    }
    let (reservation, voucher) = match reserve(connection, request, &terms)? {
        Ok(reserved) => reserved,
        Err(refusal) => return refused(CounterRefusal::Units(refusal)),
    };
    reservation_rows::record(connection, &reservation, (None, request.now))?;
    if let Some(voucher) = voucher {
        vouchers::use_for(connection, &voucher, reservation.id)?;
    }
    let pay_by = pay_by(request.now, reservation.expires_at);
    let open = begin::open(connection, &booking, (&reservation, pay_by))?.ok_or(StoreError::Overtaken)?;
    count_in_till(connection, request, &open)?;
    Ok(Effect::Keep(CounterOutcome::Begun(BeginOutcome::Started(open))))
}

type Reserved = Result<(Reservation, Option<Voucher>), HoldOutcome>;

/// Claims the units and says what they cost: windows, hidden tiers and limits of an order are for buyers, not for staff.
fn reserve(
    connection: &Sql<'_>,
    request: &BeginCounterSale,
    terms: &SaleTerms,
) -> Result<Reserved, StoreError> {
    let voucher = match &request.voucher {
        Some(code) => vouchers::by_code(connection, (request.event(), code), request.now)?,
        None => None,
    };
    if request.voucher.is_some() && voucher.as_ref().is_none_or(|voucher| voucher.is_stopped) {
        return Ok(Err(HoldOutcome::Voucher(VoucherRefusal::Unknown)));
    }
    if let Err(refusal) = known_units(terms, &request.claim) {
        return Ok(Err(refusal));
    }
    let hold = Hold {
        connection,
        reservation: request.reservation,
        sale: terms,
        now: request.now,
        until: terms.held_until(request.now),
    };
    let claimed = match hold.claim(&request.claim)? {
        Ok(lines) => Ok(hold.stepped(lines)?),
        refused => refused,
    };
    let lines = match priced(claimed, voucher.as_ref(), (terms, request)) {
        Ok(lines) => lines,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let reservation = Reservation {
        id: request.reservation,
        state: ReservationState::Held,
        amount: Money {
            minor: lines.iter().map(|line| line.price).sum(),
            currency: terms.currency,
        },
        lines,
        expires_at: terms.held_until(request.now),
    };
    Ok(Ok((reservation, voucher)))
}

fn priced(
    claimed: Claimed,
    voucher: Option<&Voucher>,
    (terms, request): (&SaleTerms, &BeginCounterSale),
) -> Claimed {
    let lines = claimed?;
    terms.nobody_waits(&lines)?;
    let lines = match voucher {
        Some(voucher) => voucher.apply(&lines, request.now).map_err(HoldOutcome::Voucher)?,
        None => lines,
    };
    Ok(terms.charged(lines))
}

/// Writes down at which till it is sold.
fn count_in_till(
    connection: &Sql<'_>,
    request: &BeginCounterSale,
    open: &OpenBooking,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE bookings SET till_id = ?3 WHERE event_id = ?1 AND booking_id = ?2")?
        .run(params![open.id.event.0, open.id.local, request.at.till.local])?;
    Ok(())
}
