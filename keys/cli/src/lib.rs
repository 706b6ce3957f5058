//! What the program `usher-keys` does; the command line's words are in [`commands`], the formats in the library `usher-keys`.

pub mod commands;
