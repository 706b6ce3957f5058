//! What every part of the screen draws with: how big the terminal is, and how a command for it is written.

use crossterm::Command;

/// The terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub columns: u16,
    /// Down.
    pub rows: u16,
}

/// Writes a command for the terminal.
pub(super) fn put(out: &mut String, command: impl Command) {
    command.write_ansi(out).expect("writing to a string cannot fail");
}
