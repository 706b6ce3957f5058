//! What a claim needs to know of its event, as one row for each of its tiers.

use usher_keys::EventId;
use usher_protocol::TierId;

use crate::catalogue::EventStatus;
use crate::selling::holding::SaleTerms;
use crate::selling::sale::SaleFacts;
use crate::store::StoreError;
use crate::store::sql::Sql;

use super::bounds;
use super::catalogue::{event_sale, tier_sale};
use super::column::{currency, event_status, moment, narrow};

/// Sends the question ahead; it is answered by the time that it is asked.
pub fn ask_ahead(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    Ok(connection.ask_ahead(SALE_TERMS, [event.0])?)
}

/// What a claim needs to know of its event.
const SALE_TERMS: &str =
    "SELECT ends_at, reservation_ms, seat_count, currency, tier, price,
                EXISTS (SELECT 1 FROM halts WHERE halts.event_id = events.event_id),
                EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id),
                events.sells_from, events.sells_until, sale_stopped, invoice_days, events.order_max,
                tiers.sells_from, tiers.sells_until, hidden, order_min, tiers.order_max, fee, fee_added, tax, tax_added, price_steps,
                unit_count, per_session, per_address, per_network, minutes_in_vain, proof_secret IS NOT NULL, status,
                EXISTS (SELECT 1 FROM waiting_list WHERE waiting_list.event_id = events.event_id AND waiting_list.tier = tiers.tier
                        AND reservation_id IS NULL AND left_at IS NULL)
         FROM events LEFT JOIN tiers USING (event_id) LEFT JOIN hold_bounds USING (event_id)
         WHERE event_id = ?1 ORDER BY tier";

/// Reads what a claim needs to know of its event, a draft too.
pub fn sale_terms(
    connection: &Sql<'_>,
    event: EventId,
) -> Result<Option<(EventStatus, SaleTerms)>, StoreError> {
    let mut query = connection.prepare_cached(SALE_TERMS)?;
    let mut rows = query.query([event.0])?;
    let mut terms: Option<(EventStatus, SaleTerms)> = None;
    while let Some(row) = rows.next()? {
        let (_, sale) = match &mut terms {
            Some(terms) => terms,
            None => terms.insert((
                event_status(row.column(29)?.as_str()?)?,
                SaleTerms {
                    sale: SaleFacts {
                        ends_at: moment(row.get(0)?),
                        is_halted: row.get(6)?,
                        is_canceled: row.get(7)?,
                        sale: event_sale(&row, 8)?,
                    },
                    reservation_ms: narrow(row.get(1)?, "duration of reservations")?,
                    seat_count: row.get(2)?,
                    unit_count: row.get(23)?,
                    own_bounds: bounds::read_own_bounds(&row, 24)?,
                    currency: currency(row.column(3)?.as_str()?)?,
                    awaited: Vec::new(),
                    tiers: Vec::new(),
                },
            )),
        };
        if let Some(tier) = row.get(4)? {
            if row.get(30)? {
                sale.awaited.push(TierId(tier));
            }
            sale.tiers.push((TierId(tier), row.get(5)?, tier_sale(&row, 13)?));
        }
    }
    Ok(terms)
}
