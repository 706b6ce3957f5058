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

/// The terminal at the standard input while it does not do as it is used to. Dropping it puts it back.
#[derive(Debug)]
pub struct ChangedTerminal {
    terminal: Stdin,
    before: Termios,
    /// Whether what was typed meanwhile is still read.
    put_back: OptionalActions,
}

impl ChangedTerminal {
    /// Has it hand on every key at once and show none; `None` where the standard input is no terminal.
    ///
    /// By itself a terminal holds keys back until Enter, so a scanner that types none would never be heard; and it writes
    /// what is typed across the panel. Ctrl-C still stops the program.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn every_key() -> io::Result<Option<Self>> {
        Self::changed(OptionalActions::Flush, |modes| {
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        })
    }

    /// Has it show what is typed, where it shows none by [`ChangedTerminal::every_key`]; `None` where the standard input is no terminal.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn shown() -> io::Result<Option<Self>> {
        Self::changed(OptionalActions::Now, |modes| {
            modes.local_modes.insert(LocalModes::ECHO);
        })
    }

    /// Has it show nothing of what is typed, so that nobody reads a PIN over a shoulder; `None` where the standard input is no terminal.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn hidden() -> io::Result<Option<Self>> {
        Self::changed(OptionalActions::Now, |modes| {
            modes.local_modes.remove(LocalModes::ECHO);
            modes.local_modes.insert(LocalModes::ECHONL);
        })
    }

    fn changed(put_back: OptionalActions, change: impl FnOnce(&mut Termios)) -> io::Result<Option<Self>> {
        let terminal = stdin();
        if !termios::isatty(&terminal) {
            return Ok(None);
        }
        let before = termios::tcgetattr(&terminal)?;
        let mut modes = before.clone();
        change(&mut modes);
        termios::tcsetattr(&terminal, OptionalActions::Now, &modes)?;
        Ok(Some(Self {
            terminal,
            before,
            put_back,
        }))
    }
}

impl Drop for ChangedTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = termios::tcsetattr(&self.terminal, self.put_back, &self.before);
    }
}
