//! The REST API: one file for each resource; which path leads where is in `routes`.

pub mod bookings;
pub mod error;
pub mod events;
pub mod input;
pub mod moment;
pub mod organizer;
pub mod reservations;
pub mod seats;
pub mod status;
pub mod tickets;
