//! The pure heart of Usher: ticket payload, signed logs, admission rules and sync session; no IO, no clock, no randomness.
//!
//! Begin with [`record`] for what logs say. [`state`] is what they come to, [`ledger`] judges and writes by it with the rules of
//! [`admission`], and [`sync`] brings logs to others.

pub mod admission;
pub mod archive;
pub mod assurance;
mod chain;
pub mod checkpoint;
pub mod clock;
pub mod correction;
pub mod dating;
pub mod evidence;
pub mod fork;
pub mod freshness;
pub mod home;
pub mod ident;
pub mod labels;
pub mod last_scans;
pub mod ledger;
pub mod log;
pub mod pin;
pub mod plain;
pub mod policy;
pub mod record;
#[cfg(test)]
mod rehearsal;
pub mod request;
pub mod routing;
pub mod scans;
pub mod state;
pub mod sync;
pub mod ticket;
pub mod trust;
pub mod web;

pub use ident::{
    FIRST_FOREIGN_UNIT, GateId, Generation, Hlc, Origin, ScanId, ScanSecret, Seq, Stamp, TierId, Unit, ZoneId,
};
