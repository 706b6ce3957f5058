//! The operations of the store, each written once for both engines: they read rows, ask `selling` what may happen, and write what does.

pub mod access_tokens;
pub mod acts;
#[cfg(test)]
mod agreement;
pub mod api_keys;
pub mod authority;
pub mod availability;
pub mod begin;
pub mod blocks;
pub mod booking_codes;
pub mod booking_lists;
pub mod bounds;
pub mod buyer_bounds;
pub mod buyers;
pub mod canceling;
pub mod catalogue;
pub mod cells;
pub mod close;
pub mod codes;
pub mod column;
pub mod comps;
pub mod counter;
pub mod daily_report;
mod dispute_states;
pub mod disputes;
pub mod drafts;
pub mod gateway_payments;
pub mod holders;
pub mod holds;
pub mod inventory;
pub mod invoices;
pub mod jobs;
pub mod journal;
pub mod kept_answers;
pub mod letters;
pub mod link_letters;
pub mod listings;
pub mod mailings;
pub mod moves;
pub mod news;
pub mod note;
mod organizer_lock;
pub mod organizers;
pub mod proofs;
pub mod receipts;
pub mod refund_rows;
pub mod refunds;
pub mod renew;
mod reservation_rows;
pub mod retention;
pub mod rows;
mod sale_terms;
pub mod sales_lists;
pub mod seals;
pub mod search;
pub mod secret_keys;
pub mod sought;
pub mod staff;
pub mod staff_sessions;
pub mod tills;
pub mod vouchers;
pub mod waiting_list;
pub mod waiting_room;
pub mod webhooks;

/// What a command leaves behind, beside its answer.
#[derive(Debug)]
pub enum Effect<T> {
    /// Its changes.
    Keep(T),
    /// Nothing: it was refused half-way and its changes are undone.
    Undo(T),
}
