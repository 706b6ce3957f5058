//! The operations about tills, invoices and waiting lists: what is paid or waited for without a gateway.

use usher_keys::EventId;

use crate::selling::invoices::{InvoiceOutcome, SettleInvoice};
use crate::selling::tills::{CloseTill, CloseTillOutcome, NewTill, NewTillOutcome, Till};
use crate::selling::waiting_list::{JoinList, JoinOutcome, OfferPlaces, Waiter, WaiterQuery, WaitersQuery};

use super::postgres::Concerns;
use super::{Store, StoreError, operations};

operations! {
    writes {
        /// Writes down that the bank transfer has come that a booking awaits.
        settle_invoice(SettleInvoice) -> InvoiceOutcome = operations::invoices::settle_invoice;
        /// Lets somebody wait for places of a tier.
        join_list(JoinList) -> JoinOutcome = operations::waiting_list::join_list;
        /// Lets somebody wait no more; tells whether they did.
        leave_list(WaiterQuery) -> bool = operations::waiting_list::leave_list;
        /// Offers the places of an event that have come back to whoever waits for them; tells how many offers were made.
        offer_places(OfferPlaces) -> usize = operations::waiting_list::offer_places;
        /// Opens a till.
        open_till(NewTill) -> NewTillOutcome = operations::tills::open_till;
        /// Closes a till with what was counted.
        close_till(CloseTill) -> CloseTillOutcome = operations::tills::close_till;
    }
    reads {
        /// Lists who is on the waiting list of a tier with their addresses, in their order.
        waiters(WaitersQuery) -> Vec<(Waiter, String)> = operations::waiting_list::waiters;
        /// Finds somebody on a waiting list.
        waiter(WaiterQuery) -> Option<Waiter> = operations::waiting_list::waiter;
        /// Lists the tills of an event with what was sold and given back at each, the first one first.
        tills(EventId) -> Vec<Till> = operations::tills::tills;
    }
    gathers {}
}
