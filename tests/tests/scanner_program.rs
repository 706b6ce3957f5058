//! Runs the program `usher-scan` as a user would, with a real hub in the same process where it needs one, and its links
//! with hubs that misbehave.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "scanner_program/asking.rs"]
mod asking;
#[path = "scanner_program/barred.rs"]
mod barred;
#[path = "scanner_program/corrections.rs"]
mod corrections;
#[path = "scanner_program/decode.rs"]
mod decode;
#[path = "scanner_program/enrolling.rs"]
mod enrolling;
#[path = "scanner_program/exiting.rs"]
mod exiting;
#[path = "scanner_program/keys.rs"]
mod keys;
#[path = "scanner_program/overriding.rs"]
mod overriding;
#[path = "scanner_program/pictures.rs"]
mod pictures;
#[path = "scanner_program/scanner.rs"]
mod scanner;
#[path = "scanner_program/scanning.rs"]
mod scanning;
#[path = "scanner_program/typing.rs"]
mod typing;
#[path = "scanner_program/venue.rs"]
mod venue;
#[path = "scanner_program/verifying.rs"]
mod verifying;
