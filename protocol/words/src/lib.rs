//! Everything that the programs of Usher say to people: staff, organizers, buyers, whoever runs a machine. Each text hangs on an enum
//! or a name in Rust, so that a new reason without words does not compile; showing them, and what errors say of themselves, is left to others.
//!
//! Begin with the file of whoever reads it: [`gate`] for staff, [`buyers`], [`console`] and [`organizer`], [`problems`] for programs.

pub mod buyers;
pub mod certificates;
pub mod clock;
pub mod console;
pub mod doctor;
pub mod enrolment;
pub mod export;
pub mod gate;
pub mod hub;
pub mod keys;
pub mod log_in;
pub mod organizer;
pub mod problems;
pub mod readiness;
pub mod scanner;
pub mod server;
mod staff_message;

pub use staff_message::StaffMessage;
