//! The REST API: one file for each resource; which path leads where is in `routes`.

#![expect(
    clippy::missing_errors_doc,
    reason = "a route's errors are its responses in the OpenAPI document"
)]

pub mod availability;
pub mod binding;
pub mod bookings;
pub mod caller;
pub mod claimant;
pub mod claims;
pub mod comp_list;
pub mod csv;
pub mod enrolments;
pub mod error;
pub mod event_search;
pub mod events;
pub mod idempotency;
pub mod input;
pub mod keys;
pub mod listening;
pub mod logged_in;
pub mod my_tickets;
pub mod oauth;
pub mod organizer;
pub mod printing;
pub mod problem;
pub mod recording;
pub mod refusal;
pub mod repeating;
pub mod reservations;
pub mod seats;
pub mod status;
pub mod suggestions;
pub mod tickets;
pub mod vouchers;
pub mod waiting_list;
pub mod waiting_room;
pub mod webhooks;
