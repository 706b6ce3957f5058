//! The REST API as a client meets it: a real server on a free port, one file for each part of the URL space.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod api {
    pub mod acts;
    pub mod api_keys;
    pub mod availability;
    pub mod blocks;
    pub mod booking_lists;
    pub mod bookings;
    pub mod canceling;
    pub mod charges;
    pub mod client;
    pub mod comps;
    pub mod conformance;
    pub mod documents;
    pub mod endpoints;
    pub mod enrolments;
    pub mod events;
    pub mod examples;
    pub mod exports;
    pub mod gates;
    pub mod headers;
    pub mod hold_bounds;
    pub mod hostile;
    pub mod hub;
    pub mod inventory;
    pub mod keys;
    pub mod listening;
    pub mod moving;
    pub mod nul;
    pub mod oauth;
    pub mod organizer;
    pub mod ownership;
    pub mod pages;
    pub mod problems;
    pub mod process;
    pub mod races;
    pub mod receipts;
    pub mod refunds;
    pub mod repeating;
    pub mod reservations;
    pub mod retention;
    pub mod roles;
    pub mod staff;
    pub mod tickets;
    pub mod vouchers;
}
