//! Runs the program `usher-scan` as a user would, with a real hub in the same process where it needs one, and its links
//! with hubs that misbehave.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "program/asking.rs"]
mod asking;
#[path = "program/barred.rs"]
mod barred;
#[path = "program/decode.rs"]
mod decode;
#[path = "program/enrolling.rs"]
mod enrolling;
#[path = "program/exiting.rs"]
mod exiting;
#[cfg(feature = "camera")]
#[path = "program/keys.rs"]
mod keys;
#[path = "program/overriding.rs"]
mod overriding;
#[path = "program/pictures.rs"]
mod pictures;
#[path = "program/scanner.rs"]
mod scanner;
#[path = "program/scanning.rs"]
mod scanning;
#[path = "program/typing.rs"]
mod typing;
#[path = "program/venue.rs"]
mod venue;
#[path = "program/verifying.rs"]
mod verifying;
