//! What the program `usher-keys` does; the formats are the library `usher-keys`'s.
//!
//! Begin with [`commands::run`], which does what a command line says.

pub mod commands;
