//! What every device at the venue is made of, hubs and scanners alike: the durable replica of an event on SQLite, the folder it lies in,
//! its enrolment, clock and words. What only a hub does, and every server, is left out.

pub mod clock;
pub mod directory;
pub mod enrol;
pub mod expiry;
pub mod folder;
pub mod replica;
pub mod token;
pub mod words;

#[cfg(any(test, feature = "rehearsal"))]
pub mod rehearsal;
