//! The terminal at the standard input: whether staff can type into it, and how it hands on every key of a wedge at once; leaves out reading the keys.

use std::io::{self, Stdin, stdin};

use rustix::process;
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

/// Tells whether staff can type to this program: its standard input is a terminal, and it runs in its foreground. In the
/// background, reading from it would stop the program.
#[must_use]
pub fn is_typed_to() -> bool {
    let terminal = stdin();
    termios::tcgetpgrp(&terminal).is_ok_and(|foreground| foreground == process::getpgrp())
}

/// The terminal at the standard input while it hands on every key at once and shows none. Dropping it puts it back.
///
/// By itself a terminal holds keys back until Enter, so a scanner that types none would never be heard; and it writes
/// what is typed across the panel. Ctrl-C still stops the program.
#[derive(Debug)]
pub struct EveryKey {
    terminal: Stdin,
    before: Termios,
}

impl EveryKey {
    /// Asks the terminal; `None` where the standard input is none.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn wanted() -> io::Result<Option<Self>> {
        let terminal = stdin();
        if !termios::isatty(&terminal) {
            return Ok(None);
        }
        let before = termios::tcgetattr(&terminal)?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(&terminal, OptionalActions::Now, &now)?;
        Ok(Some(Self { terminal, before }))
    }
}

impl Drop for EveryKey {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// The terminal at the standard input while it shows nothing of what is typed, so that nobody reads a PIN over a shoulder. Dropping it
/// shows it again.
#[derive(Debug)]
pub struct Hidden {
    terminal: Stdin,
    before: Termios,
}

impl Hidden {
    /// Asks the terminal; `None` where the standard input is none.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn wanted() -> io::Result<Option<Self>> {
        let terminal = stdin();
        if !termios::isatty(&terminal) {
            return Ok(None);
        }
        let before = termios::tcgetattr(&terminal)?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ECHO);
        now.local_modes.insert(LocalModes::ECHONL);
        termios::tcsetattr(&terminal, OptionalActions::Now, &now)?;
        Ok(Some(Self { terminal, before }))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}
