//! The loop of a scanner at its gate: readings in, each new code judged once, the answer on the screen. Leaves out
//! how codes are read and how they are judged.

mod commands;
mod orders;
mod upkeep;

use std::io::{self, Write};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, sleep};
use tokio_util::sync::CancellationToken;
use usher_eyes::advice::Advice;
use usher_eyes::debounce::{Came, Debounce, Seen};
use usher_protocol::ScanSecret;
use usher_protocol::admission::{Direction, RefusalKind};
use usher_protocol::clock::ClockHealth;
use usher_protocol::ticket::lasting;
use usher_words::scanner as words;

use crate::answer::{ScanCounts, ScanOutcome, Signal};
use crate::frame_statistics::{self, FrameStatistics};
use crate::gate_position::GatePosition;
use crate::keys::Keys;
use crate::order::{Order, ShownCode, Wish};
use crate::presentation;
use crate::readings::{Reading, RunClock, Sight};
use crate::screen::{Board, Screen};
use crate::source::wedge::{ChangedTerminal, OpenQuestion};
use crate::status::ScannerStatus;
use orders::Orders;

/// How long a result stays on show after its code left the view, in milliseconds: long enough to be read, gone
/// before the next person could pass under somebody else's green.
const SHOWN_MS: u64 = 4_000;

/// How often the panel is brought up to date when nothing happens.
const REFRESH: Duration = Duration::from_secs(1);

/// How often the figures go to the log: as often as they are all new.
const FIGURES_EVERY: Duration = Duration::from_millis(frame_statistics::WINDOW_MS);

/// After how long without an answer the screen says that it is waited for: what is quicker needs no word.
const WAITING_AFTER: Duration = Duration::from_millis(300);

/// A code that is not seen for so long, in milliseconds, is not being shown any more: twice what scanners leave between two
/// repetitions of a code, and less than it takes to hand a phone back to a friend behind the barrier.
const SHOWING_MS: u64 = 3_000;

/// How a kind of source behaves in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// A code not seen for this long, in milliseconds, has left the view.
    pub in_view_ms: u64,
    /// Silence of the source for this long, in milliseconds, is a fault; `None` where silence is normal.
    pub stalled_ms: Option<u64>,
}

impl Pace {
    /// Thirty frames a second, most of them blurred while a hand shakes.
    pub const CAMERA: Self = Self {
        in_view_ms: SHOWING_MS,
        stalled_ms: Some(5_000),
    };
    /// A wedge on a stand types a code again and again while it lies there.
    pub const WEDGE: Self = Self {
        in_view_ms: SHOWING_MS,
        stalled_ms: None,
    };
    /// Each picture is a showing of its own.
    pub const PICTURES: Self = Self {
        in_view_ms: 0,
        stalled_ms: None,
    };
}

/// Holds a scanner's screen and what it remembers between readings.
pub struct Station<W, F> {
    screen: Screen<W>,
    status: F,
    board: Board,
    debounce: Debounce<ScanSecret>,
    pace: Pace,
    clock: RunClock,
    last_reading_ms: u64,
    /// What staff were last told of the scanner's own clock.
    told_of_clock: ClockHealth,
    /// When the source last told a fault: what it showed before does not mean that it is over.
    fault_ms: Option<u64>,
    last_answer: Option<Shown>,
    advice: Advice,
    figures: Option<ToldFigures>,
    keys: Keys,
    /// While it does not do as usual: a PIN is typed, or at a wedge something else.
    terminal: Option<ChangedTerminal>,
    /// Where a wedge and staff share the keys, whether a question waits for its answer.
    asking: Option<OpenQuestion>,
    orders: Orders,
}

/// The figures of the camera, and when they were last told where there is no panel.
#[derive(Debug, Default)]
struct ToldFigures {
    statistics: FrameStatistics,
    last_ms: u64,
}

/// The result on show: which code it belongs to and until when.
struct Shown {
    code: Vec<u8>,
    until_ms: u64,
}

impl<W: Write, F: Fn() -> ScannerStatus> Station<W, F> {
    /// Prepares a station. `place` names its gate and direction; `status` says at any moment how fresh its
    /// knowledge is.
    pub fn new(screen: Screen<W>, place: String, status: F, pace: Pace, clock: RunClock) -> Self {
        let orders = Orders::new((Direction::In, 1), [place.clone(), place.clone()]);
        let board = Board {
            place,
            ..Board::default()
        };
        let debounce = Debounce::new(pace.in_view_ms, lasting);
        let last_reading_ms = clock.now_ms();
        Self {
            screen,
            status,
            board,
            debounce,
            pace,
            clock,
            last_reading_ms,
            told_of_clock: ClockHealth::default(),
            fault_ms: None,
            last_answer: None,
            advice: Advice::default(),
            figures: None,
            keys: Keys::default(),
            terminal: None,
            asking: None,
            orders,
        }
    }

    /// Begins with people passing so, and says of either direction what to call this place.
    #[must_use]
    pub fn with_position(mut self, position: &GatePosition, places: [String; 2]) -> Self {
        self.orders = Orders::new((position.direction, position.persons), places);
        self.board.place = self.orders.place();
        self
    }

    /// Asks for a supervisor's PIN with all that takes a supervisor.
    #[must_use]
    pub fn asking_pins(mut self) -> Self {
        self.keys = Keys::asking_pins();
        self
    }

    /// Takes what a supervisor types beside a wedge. Since nobody can tell the two apart, a guest's code could say the same, so that
    /// nothing is done there without a PIN.
    #[must_use]
    pub fn beside_a_wedge(mut self, asking: OpenQuestion) -> Self {
        self.keys = Keys::beside_a_wedge();
        self.asking = Some(asking);
        self
    }

    /// Tells also how fast frames come and are read: on the panel, or now and then in the log.
    #[must_use]
    pub fn with_figures(mut self) -> Self {
        self.figures = Some(ToldFigures::default());
        self
    }

    /// Judges what the readings bring until they end or `stop` is cancelled; returns the totals.
    ///
    /// # Errors
    /// The screen cannot be written. A reader that went away (a broken pipe) is no error.
    pub async fn run(
        mut self,
        mut readings: mpsc::Receiver<Reading>,
        judge: impl AsyncFn(ShownCode, Order) -> ScanOutcome,
        stop: CancellationToken,
    ) -> io::Result<ScanCounts> {
        let mut refresh = tokio::time::interval(REFRESH);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                reading = readings.recv() => match reading {
                    Some(reading) => self.take(reading, &judge).await,
                    None => break,
                },
                _ = refresh.tick() => self.refresh(),
            };
            match outcome {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error),
            }
        }
        self.show_figures(Duration::ZERO);
        Ok(self.board.counts)
    }

    async fn take(
        &mut self,
        reading: Reading,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        let at_ms = reading.at_ms;
        // What is typed says nothing of a camera.
        if !matches!(reading.sight, Sight::Entered(_)) {
            self.last_reading_ms = self.clock.now_ms();
        }
        match reading.sight {
            Sight::Entered(line) => self.entered(&line, at_ms, judge).await,
            Sight::Keyed(line) => self.keyed(line, at_ms, judge).await,
            Sight::Fault(fault) => {
                self.fault_ms = Some(at_ms);
                self.board.preview = None;
                self.notice(Some(fault.to_string()))
            }
            Sight::Code(code) => {
                self.drop_question()?;
                self.notice(None)?;
                self.see(code, at_ms, judge).await
            }
            Sight::View(mut view) => {
                if self.fault_ms.is_some_and(|fault_ms| at_ms < fault_ms) {
                    view.preview = None;
                } else {
                    self.notice(None)?;
                }
                self.show(&view, at_ms)?;
                for code in view.codes {
                    self.see(code, at_ms, judge).await?;
                }
                Ok(())
            }
        }
    }

    async fn see(
        &mut self,
        code: Vec<u8>,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        let secret = match self.debounce.seen(&code, at_ms) {
            Seen::New => draw_scan()?,
            Seen::Again(secret) => secret,
            Seen::Held => {
                self.keep_showing(&code, at_ms);
                return Ok(());
            }
            Seen::Repeated => {
                self.keep_showing(&code, at_ms);
                return self.repeated(&code);
            }
        };
        let order = self.orders.next(Wish::Judge);
        self.carry_out(ShownCode { secret, code }, order, at_ms, judge)
            .await
    }

    async fn carry_out(
        &mut self,
        scan: ShownCode,
        order: Order,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        let (ShownCode { secret, code }, ordered) = (scan.clone(), order.clone());
        let passed_ago_ms = self.debounce.passed_ago_ms(&code, at_ms);
        let mut judging = std::pin::pin!(judge(scan, order));
        let answer = tokio::select! {
            biased;
            answer = &mut judging => answer,
            () = sleep(WAITING_AFTER) => {
                self.wait()?;
                judging.await
            },
        };
        let answer = answer.after_passing(passed_ago_ms);
        let now_ms = self.clock.now_ms().max(at_ms);
        self.debounce.judged(&code, secret, came(&answer), now_ms);
        let shown = ShownCode {
            secret,
            code: code.clone(),
        };
        self.orders.answered(shown, ordered, (answer.signal, now_ms));
        self.board.place = self.orders.place();
        self.last_answer = Some(Shown {
            code,
            until_ms: now_ms + SHOWN_MS,
        });
        self.board.answered(answer);
        self.update_status()?;
        self.screen.answered(&self.board)
    }

    /// Asks whoever stands there to wait: nobody passes under the result of whoever came before.
    fn wait(&mut self) -> io::Result<()> {
        self.last_answer = None;
        self.board.answer = Some(presentation::waiting());
        self.screen.refreshed(&self.board)
    }

    /// A result stays while its code is held up, so that nobody shows it a second time to see it again.
    fn keep_showing(&mut self, code: &[u8], at_ms: u64) {
        if let Some(shown) = &mut self.last_answer
            && self.debounce.is_same(&shown.code, code)
        {
            shown.until_ms = shown.until_ms.max(at_ms + SHOWN_MS);
        }
    }

    /// Says that a code that was shown again counts once: with its result while that is on show, and as a notice where
    /// lines are written.
    fn repeated(&mut self, code: &[u8]) -> io::Result<()> {
        if self
            .last_answer
            .as_ref()
            .is_some_and(|shown| self.debounce.is_same(&shown.code, code))
            && let Some(answer) = &mut self.board.answer
        {
            answer.details.push(words::COUNTS_ONCE.to_owned());
        }
        self.screen.notice(words::COUNTS_ONCE, &self.board)
    }
}

fn came(answer: &ScanOutcome) -> Came {
    match answer.signal {
        Signal::Admit => Came::Passed,
        Signal::Deny if answer.outcome == RefusalKind::NotLive.name() => Came::Stale,
        Signal::Refer | Signal::Unanswered | Signal::Barred if !answer.is_withdrawn => Came::Open,
        Signal::Deny | Signal::Refer | Signal::Unanswered | Signal::Barred => Came::Refused,
    }
}

/// Draws what the id of a new scan is made of.
///
/// # Errors
/// The system's random source failed.
pub fn draw_scan() -> io::Result<ScanSecret> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(ScanSecret(bytes))
}

#[cfg(test)]
mod tests;
