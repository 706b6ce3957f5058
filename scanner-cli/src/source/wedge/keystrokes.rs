//! The keystrokes of an input, read on a thread of their own, with the time between them.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Portions waiting to be cut: a wedge types far less than one at a time.
const WAITING_PORTIONS: usize = 16;

/// Bytes read at once.
pub(super) const PORTION_BYTES: usize = 1_024;

/// Bytes that were typed, and when.
#[derive(Debug)]
pub(super) struct Portion {
    pub(super) typed: Vec<u8>,
    pub(super) at: Instant,
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
    pub(super) fn next(&self, limit: Option<Duration>) -> Strokes {
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
pub(super) enum Strokes {
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
