//! The REST API as a client meets it: a real server on a free port, one file for each part of the URL space.

mod api {
    pub mod bookings;
    pub mod client;
    pub mod documents;
    pub mod events;
    pub mod hostile;
    pub mod organizer;
    pub mod pages;
    pub mod process;
    pub mod races;
    pub mod reservations;
    pub mod tickets;
}
