//! What a USB scanner types, cut into codes: at Enter or Tab, or where it pauses; leaves out judging them.

mod terminal;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Capture, Source, SourceError};
use crate::typed;

pub use terminal::{EveryKey, Hidden, is_typed_to};

/// Most bytes typed at once: more than the largest QR code holds (2,953 bytes), so nothing real is cut.
pub const MAX_LINE_BYTES: usize = 4_096;

/// Silence after which a whole ticket is taken without waiting for Enter: longer than the slowest setting between two keys
/// of a scanner (about 100 ms), shorter than it takes to aim at the next code.
const PAUSE_AFTER_A_TICKET: Duration = Duration::from_millis(150);

/// Silence after which anything is taken as it is: a computer that is busy hands on half a code and the rest later, and
/// nobody waits for what is no ticket.
const PAUSE_AFTER_ANYTHING: Duration = Duration::from_secs(1);

/// Portions waiting to be cut: a wedge types far less than one at a time.
const WAITING_PORTIONS: usize = 16;

/// Bytes read at once.
const PORTION_BYTES: usize = 1_024;

/// Bytes that were typed, and when.
#[derive(Debug)]
struct Portion {
    typed: Vec<u8>,
    at: Instant,
}

/// The keystrokes of an input, with the time between them. Clones share them.
#[derive(Debug, Clone)]
pub struct Keystrokes {
    /// Guards the end where portions come out; nothing panics while it is held.
    portions: Arc<Mutex<Receiver<io::Result<Portion>>>>,
}

impl Keystrokes {
    /// Reads them from `input` on a thread of its own, which ends with the input, or with the process where that is silent.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn of(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (inlet, portions) = sync_channel(WAITING_PORTIONS);
        thread::Builder::new()
            .name("keystrokes".to_owned())
            .spawn(move || hand_on(input, &inlet))?;
        Ok(Self {
            portions: Arc::new(Mutex::new(portions)),
        })
    }

    /// Waits for the next ones, for at most so long where there is a limit.
    fn next(&self, limit: Option<Duration>) -> Strokes {
        let portions = self.portions.lock().expect("nothing panics while it holds this");
        let portion = match limit {
            Some(limit) => portions.recv_timeout(limit),
            None => portions.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match portion {
            Ok(Ok(portion)) => Strokes::Typed(portion),
            Ok(Err(error)) => Strokes::Broken(error),
            Err(RecvTimeoutError::Timeout) => Strokes::Paused,
            Err(RecvTimeoutError::Disconnected) => Strokes::Ended,
        }
    }
}

/// What an input gave.
enum Strokes {
    Typed(Portion),
    Paused,
    Broken(io::Error),
    Ended,
}

/// Reads portions until the input ends or nobody wants them.
fn hand_on(mut input: impl Read, inlet: &SyncSender<io::Result<Portion>>) {
    let mut buffer = [0; PORTION_BYTES];
    loop {
        let portion = match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(len) => Ok(Portion {
                typed: buffer[..len].to_vec(),
                at: Instant::now(),
            }),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_broken = portion.is_err();
        if inlet.send(portion).is_err() || is_broken {
            return;
        }
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
}

impl Source for Wedge {
    fn next(&mut self) -> Capture {
        loop {
            if let Some(capture) = self.cutter.ready.pop_front() {
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

/// Holds what was typed since the last end.
#[derive(Debug, Default)]
struct Cutter {
    typing: Vec<u8>,
    /// When the last of it was typed.
    last: Option<Instant>,
    /// What was cut off, in order.
    ready: VecDeque<Capture>,
}

impl Cutter {
    /// Takes keystrokes, which may have waited here while a scan before them was judged: the pause counts that was made.
    fn typed_at(&mut self, at: Instant, bytes: &[u8]) {
        let silence = self.last.map(|last| at.duration_since(last));
        if silence >= self.pause() && self.pause().is_some() {
            self.end();
        }
        self.last = Some(at);
        self.typed(bytes);
    }

    /// Takes keystrokes. Enter in all its forms and Tab end a code.
    fn typed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if matches!(byte, b'\n' | b'\r' | b'\t') {
                self.end();
            } else if self.typing.len() <= MAX_LINE_BYTES {
                self.typing.push(byte);
            }
        }
    }

    /// Tells how long a silence ends what was typed so far.
    fn pause(&self) -> Option<Duration> {
        if self.typing.is_empty() {
            return None;
        }
        let is_whole = str::from_utf8(&self.typing).is_ok_and(|typing| {
            typed::codes(typing).is_ok_and(|codes| codes.iter().all(|code| typed::is_ticket(code)))
        });
        Some(if is_whole {
            PAUSE_AFTER_A_TICKET
        } else {
            PAUSE_AFTER_ANYTHING
        })
    }

    /// Makes codes of what was typed since the last end.
    fn end(&mut self) {
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
            Ok(codes) => self.ready.extend(codes.into_iter().map(Capture::Typed)),
            Err(garbled) => self.ready.push_back(Capture::Fault(garbled.into())),
        }
    }
}

#[cfg(test)]
mod tests;
