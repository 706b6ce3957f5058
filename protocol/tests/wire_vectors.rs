//! Pins every byte of logs, trust, sync messages and the home hub hash by committed hexadecimal; what the bytes mean is in docs/PROTOCOL.md.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "wire_vectors/archive.rs"]
mod archive;
#[path = "wire_vectors/cast.rs"]
mod cast;
#[path = "wire_vectors/foreign.rs"]
mod foreign;
#[path = "wire_vectors/home.rs"]
mod home;
#[path = "wire_vectors/limits.rs"]
mod limits;
#[path = "wire_vectors/log.rs"]
mod log;
#[path = "wire_vectors/page.rs"]
mod page;
#[path = "wire_vectors/proofs.rs"]
mod proofs;
#[path = "wire_vectors/sheet.rs"]
mod sheet;
#[path = "wire_vectors/sync.rs"]
mod sync;
#[path = "wire_vectors/trust.rs"]
mod trust;
