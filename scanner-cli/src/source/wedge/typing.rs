//! Cuts what was typed into codes, at its ends and where it pauses.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::{Capture, SourceError};
use super::OpenQuestion;
use usher_protocol::ticket::typed;

/// Most bytes typed at once: more than the largest QR code holds (2,953 bytes), so nothing real is cut.
pub const MAX_LINE_BYTES: usize = 4_096;

/// Silence after which a whole ticket is taken without waiting for Enter: longer than the slowest setting between two keys
/// of a scanner (about 100 ms), shorter than it takes to aim at the next code.
const PAUSE_AFTER_A_TICKET: Duration = Duration::from_millis(150);

/// Silence after which anything is taken as it is: a computer that is busy hands on half a code and the rest later, and
/// nobody waits for what is no ticket.
const PAUSE_AFTER_ANYTHING: Duration = Duration::from_secs(1);

/// Holds what was typed since the last end.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    typing: Vec<u8>,
    /// When the last of it was typed.
    last: Option<Instant>,
    /// What was cut off, in order.
    pub(super) ready: VecDeque<Capture>,
    /// When a line was last ended by a key.
    ended: Option<Instant>,
    /// Where a person types too, whether they were asked something.
    asking: Option<OpenQuestion>,
}

impl Cutter {
    /// Takes also what a person types, up to Enter.
    pub(super) fn beside_staff(asking: OpenQuestion) -> Self {
        Self {
            asking: Some(asking),
            ..Self::default()
        }
    }

    /// Takes keystrokes, which may have waited here while a scan before them was judged: the pause counts that was made.
    pub(super) fn typed_at(&mut self, at: Instant, bytes: &[u8]) {
        let silence = self.last.map(|last| at.duration_since(last));
        if silence >= self.pause() && self.pause().is_some() {
            self.end();
        }
        self.last = Some(at);
        self.typed(bytes);
    }

    /// Returns what was cut off first.
    pub(super) fn next(&mut self) -> Option<Capture> {
        self.ready.pop_front()
    }

    /// Takes keystrokes. Enter in all its forms and Tab end a code.
    pub(super) fn typed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if matches!(byte, b'\n' | b'\r' | b'\t') {
                self.end_by_key();
            } else if self.is_correction(byte) {
                self.erase();
            } else if self.typing.len() <= MAX_LINE_BYTES {
                self.typing.push(byte);
            }
        }
    }

    /// Returns how long a silence ends what was typed so far.
    pub(super) fn pause(&self) -> Option<Duration> {
        if self.typing.is_empty() {
            return None;
        }
        let is_asked = self.asking.as_ref().is_some_and(OpenQuestion::is_set);
        let is_whole = str::from_utf8(&self.typing).is_ok_and(|typing| {
            typed::codes(typing).is_ok_and(|codes| codes.iter().all(|code| typed::is_ticket(code)))
        });
        match (is_whole, is_asked) {
            (true, _) => Some(PAUSE_AFTER_A_TICKET),
            (false, false) => Some(PAUSE_AFTER_ANYTHING),
            // A person thinks while typing.
            (false, true) => None,
        }
    }

    /// Ends a line where a key says so. Beside staff Enter alone is an answer, unless it is the second key by which a wedge ends a code.
    fn end_by_key(&mut self) {
        let before = std::mem::replace(&mut self.ended, self.last);
        if self.asking.is_none() || !self.typing.is_empty() {
            return self.end_line(self.asking.is_some());
        }
        let is_apart = |before: Instant| {
            self.last
                .is_some_and(|now| now.duration_since(before) >= PAUSE_AFTER_A_TICKET)
        };
        if before.is_none_or(is_apart) {
            self.ready.push_back(Capture::Keyed(String::new()));
        }
    }

    /// Backspace and delete, where a person types.
    fn is_correction(&self, byte: u8) -> bool {
        self.asking.is_some() && matches!(byte, 0x08 | 0x7f)
    }

    /// Takes the last character back.
    fn erase(&mut self) {
        while let Some(byte) = self.typing.pop() {
            // What is no first byte of a character belongs to the one before.
            if byte & 0b1100_0000 != 0b1000_0000 {
                return;
            }
        }
    }

    /// Makes codes of what was typed since the last end.
    pub(super) fn end(&mut self) {
        self.end_line(false);
    }

    /// Makes codes of what was typed, or a line of it that a person may have typed.
    fn end_line(&mut self, is_keyed: bool) {
        let typing = std::mem::take(&mut self.typing);
        if typing.len() > MAX_LINE_BYTES {
            self.ready.push_back(Capture::Fault(SourceError::LineTooLong));
            return;
        }
        let Ok(typing) = String::from_utf8(typing) else {
            self.ready.push_back(Capture::Fault(SourceError::LineNotText));
            return;
        };
        match typed::codes(&typing) {
            Ok(codes) if is_keyed && !codes.iter().all(|code| typed::is_ticket(code)) => {
                self.ready.extend(codes.into_iter().map(Capture::Keyed));
            }
            Ok(codes) => self.ready.extend(codes.into_iter().map(Capture::Typed)),
            Err(garbled) => self.ready.push_back(Capture::Fault(garbled.into())),
        }
    }
}
