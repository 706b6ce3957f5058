//! A scanner's loop at a gate where everybody is welcome, with a camera before a stage.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_scan::answer::{ScanCounts, ScanOutcome, Signal};
use usher_scan::feed::Feed;
use usher_scan::order::{Order, ShownCode};
use usher_scan::readings::RunClock;
use usher_scan::screen::{Screen, Size, Style};
use usher_scan::station::{Pace, Station};

use crate::stage::Stage;

/// How long anything may take before it counts as never: far more than a busy machine needs.
const NEVER: Duration = Duration::from_secs(90);

/// A camera that is silent for as long is told, sooner than at a real gate; a code counts once however busy the
/// machine is.
const PACE: Pace = Pace {
    in_view_ms: 600_000,
    stalled_ms: Some(1_500),
};

/// Room for everything.
const SIZE: Size = Size {
    columns: 100,
    rows: 30,
};

/// A running loop and what it wrote.
pub struct Gate {
    out: Out,
    station: JoinSet<io::Result<ScanCounts>>,
    stop: CancellationToken,
    _feed: Feed,
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets everybody in and repeats what the code said.
async fn welcome(scan: ShownCode, _: Order) -> ScanOutcome {
    ScanOutcome {
        signal: Signal::Admit,
        outcome: "admitted",
        words: String::from_utf8(scan.code).unwrap(),
        reason: None,
        details: Vec::new(),
        alone: false,
        is_withdrawn: false,
        took_ms: 0,
    }
}

impl Gate {
    /// Opens one that writes lines.
    pub fn open(stage: &Stage) -> Self {
        Self::showing(stage, Style::Plain)
    }

    /// Opens one with a screen of this style, a preview and figures.
    pub fn showing(stage: &Stage, style: Style) -> Self {
        let (clock, out) = (RunClock::start(), Out::default());
        let screen = Screen::new(out.clone(), style).of_size(SIZE);
        let station = Station::new(
            screen,
            "gate 1, in".to_owned(),
            usher_scan::status::ScannerStatus::default,
            PACE,
            clock,
        );
        let driver = stage.driver();
        let (feed, readings) = Feed::start(clock, true, move || driver.camera()).unwrap();
        let stop = CancellationToken::new();
        let running = station.with_figures().run(readings, welcome, stop.clone());
        let mut station = JoinSet::new();
        station.spawn(running);
        Self {
            out,
            station,
            stop,
            _feed: feed,
        }
    }

    /// Waits until this is written.
    pub async fn wait_for(&self, text: &str) {
        self.wait(text, || self.written().contains(text)).await;
    }

    /// Waits until the camera has given so many frames more.
    pub async fn wait_for_frames(&self, stage: &Stage, more: usize) {
        let enough = stage.frames_given() + more;
        self.wait("frames", || stage.frames_given() >= enough).await;
    }

    async fn wait(&self, what: &str, is_over: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_over() {
            assert!(started.elapsed() < NEVER, "no {what:?} in {:?}", self.written());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What was written so far.
    pub fn written(&self) -> String {
        String::from_utf8(self.out.0.lock().unwrap().clone()).unwrap()
    }

    /// Ends the loop; returns what was written.
    pub async fn close(mut self) -> String {
        self.stop.cancel();
        self.station.join_next().await.unwrap().unwrap().unwrap();
        String::from_utf8(self.out.0.lock().unwrap().clone()).unwrap()
    }
}
