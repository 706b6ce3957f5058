//! Selling as plain values and pure decisions: what may become of a claim, a booking or a ticket, told from rows that were read.
//!
//! Nothing here reads or writes. An engine of the store reads what a decision asks for, calls it, and writes what it said; what
//! an engine decides itself are only races, by updates that change nothing when a row is not any more what it was.

pub mod best_available;
pub mod binding;
pub mod blocks;
pub mod booking_code;
pub mod booking_lists;
pub mod booking_status;
mod bookings;
pub mod buyer_bounds;
pub mod canceling;
pub mod charges;
pub mod claimant;
pub mod comps;
pub mod counter;
pub mod course;
pub mod daily_report;
pub mod disputes;
mod gateway_kind;
pub mod holding;
pub mod imports;
pub mod inventory;
pub mod invoices;
pub mod jobs;
pub mod journal;
pub mod known_seats;
pub mod money_steps;
pub mod paying;
mod price_line;
pub mod price_steps;
pub mod proof_of_work;
pub mod receipts;
pub mod reconciliation;
pub mod refunding;
pub mod refunds;
mod reservations;
pub mod sale;
pub mod sales_lists;
pub mod soundness;
pub mod tickets;
pub mod tills;
pub mod vouchers;
pub mod waiting_list;

pub use booking_status::{BookingState, Ending};
pub use bookings::{
    BeginBooking, BeginOutcome, BeginRefusal, Booking, CloseBooking, CloseOutcome, ConfirmBooking,
    ConfirmOutcome, NoteOutcome, NotePayment, OpenBooking, PaymentId, PaymentNote, RenewBooking,
    RenewOutcome, RequestHash,
};
pub use gateway_kind::GatewayKind;
pub use price_line::PriceLine;
pub use reservations::{
    Claim, ErasePersonalData, Forget, HoldOutcome, HoldRequest, ReleaseOutcome, ReleaseRequest, Reservation,
    ReservationState, Shortage, Tidy, TierQuantity, UnitState,
};
pub use tickets::{CodeQuery, NewTicket, ReissuedTo, SoldTicket, TicketState, UnitToIssue};
