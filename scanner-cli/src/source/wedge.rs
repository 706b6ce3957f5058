//! What a USB scanner types, cut into codes: at Enter or Tab, or where it pauses; leaves out judging them.

mod keystrokes;
mod terminal;
mod typing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Capture, Source, SourceError};
use keystrokes::Strokes;
use typing::Cutter;

pub use keystrokes::Keystrokes;
pub use terminal::{ChangedTerminal, is_typed_to};
pub use typing::MAX_LINE_BYTES;

/// Whether a question at the screen waits for its answer: a person who types it makes pauses that a wedge does not. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct OpenQuestion(Arc<AtomicBool>);

impl OpenQuestion {
    /// Says so.
    pub fn set(&self, is_asking: bool) {
        self.0.store(is_asking, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cuts what a wedge types into codes.
#[derive(Debug)]
pub struct Wedge {
    keystrokes: Keystrokes,
    cutter: Cutter,
    is_over: bool,
}

impl Wedge {
    /// Cuts these keystrokes.
    #[must_use]
    pub fn new(keystrokes: Keystrokes) -> Self {
        Self {
            keystrokes,
            cutter: Cutter::default(),
            is_over: false,
        }
    }

    /// Takes also what a person types, up to Enter.
    #[must_use]
    pub fn beside_staff(mut self, asking: OpenQuestion) -> Self {
        self.cutter = Cutter::beside_staff(asking);
        self
    }
}

impl Source for Wedge {
    fn next(&mut self) -> Capture {
        loop {
            if let Some(capture) = self.cutter.next() {
                return capture;
            }
            if self.is_over {
                return Capture::End;
            }
            match self.keystrokes.next(self.cutter.pause()) {
                Strokes::Typed(portion) => self.cutter.typed_at(portion.at, &portion.typed),
                Strokes::Paused => self.cutter.end(),
                Strokes::Broken(error) => {
                    self.is_over = true;
                    return Capture::Fault(SourceError::Input(error));
                }
                Strokes::Ended => {
                    self.is_over = true;
                    self.cutter.end();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
