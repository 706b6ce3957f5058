//! What every device at the venue is made of, hubs and scanners alike: the durable replica of an event on SQLite, the folder it lies in,
//! its enrolment and clock. What only a hub does, every server, and what is said to people, is left out.
//!
//! Begin with [`replica`]: what a device knows, judges and writes down.

pub mod clock;
pub mod directory;
pub mod discovery;
pub mod enrol;
pub mod expiry;
pub mod folder;
pub mod phone_secret;
pub mod replica;
pub mod token;

#[cfg(any(test, feature = "rehearsal"))]
pub mod rehearsal;
