//! The way of one scan at one machine: whom to ask, when to give up, from where to judge, and when to say what; asking, writing and waiting are the shell's.

use usher_keys::PublicKey;

use crate::admission::{Referral, Verdict};
use crate::ident::ScanId;
use crate::ledger::{JudgingAs, Route};
use crate::request::{Answer, RequestError, Response};

/// After how long without an answer the next line is tried too, in milliseconds. All of them lead to the same home hub with
/// the same scan id, so asking twice counts once.
const NEXT_LINE_AFTER_MS: u64 = 120;
/// How often it is looked whether there is another line after that, in milliseconds: thousands of scans may wait for one home.
const LOOK_AGAIN_AFTER_MS: u64 = 40;
/// What a peer needs itself, in milliseconds: a commit on a slow disk.
const ROOM_FOR_WORK_MS: u64 = 120;
/// The longest that anybody is kept at a gate by a line that is slow, in milliseconds.
const LONGEST_PATIENCE_MS: u64 = 2_000;
/// The longest that anybody is kept at a gate by peers that show that they are at work, in milliseconds.
pub const LONGEST_WAIT_MS: u64 = 4_000;
/// How often whoever waits for an answer hears that somebody is still at it, in milliseconds: a few times within a patience.
pub const SIGN_OF_LIFE_MS: u64 = 80;
/// How long places from other hubs are waited for, in milliseconds, each time before judging again: a log travels in less on
/// a good line.
const HELP_IS_WAITED_FOR_MS: [u64; 3] = [60, 150, 300];

/// Returns how long to wait for a sign of life, in milliseconds: as long as a packet takes there and back, with room for one that
/// is lost and for work, but at least `least_ms`.
#[must_use]
pub fn patience_ms(least_ms: u64, round_trip_ms: u64) -> u64 {
    let measured = round_trip_ms.saturating_mul(3).saturating_add(ROOM_FOR_WORK_MS);
    measured.clamp(least_ms, least_ms.max(LONGEST_PATIENCE_MS))
}

/// Names a connection to a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub u64);

/// A connection over which a scan can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The connection.
    pub id: LineId,
    /// Who is at its other end.
    pub hub: PublicKey,
    /// How long a packet takes there and back, in milliseconds.
    pub round_trip_ms: u64,
}

/// What is heard over a line that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody is still at it.
    Working,
    /// The response.
    Response(Response),
    /// Nothing comes any more.
    Lost,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask over that line.
    Ask(LineId),
    /// Wait until something is heard, or until that time.
    Wait {
        /// In milliseconds, on the clock that was given.
        until_ms: u64,
    },
    /// Judge from there and say what came of it with [`Routing::judged`], once it is durable.
    Judge(JudgingAs),
    /// Give the scan up, and say that it is durable with [`Routing::withdrawn`].
    Withdraw,
    /// Say what came of it.
    Say(Conclusion),
}

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub word: Word,
    /// A hub that was asked and has not answered: it may have said yes.
    pub silent: Option<PublicKey>,
    /// Whether the scan was given up: the same code again is another scan.
    pub is_withdrawn: bool,
}

/// Whose word it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A hub's.
    Theirs(Answer),
    /// A hub decided that it will not judge, and asking another is no use.
    Refused(RequestError),
    /// Our own, as it was given to [`Routing::judged`].
    Ours,
}

/// Whom a machine asks before it judges itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Nobody: it is the home, or there is none, or it knows that the ticket is void.
    Nobody,
    /// Whichever hub answers, because it judges as nobody's home.
    AnyHub,
    /// The ticket's home hub.
    Home,
}

#[derive(Debug, Clone)]
struct AskedLine {
    line: Line,
    state: LineState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineState {
    /// It is waited for: until a sign of life is due, and until the end.
    Waiting { quiet_at: u64, ends_at: u64 },
    /// It was given up without an answer.
    Silent,
    /// It has answered, be it that it decides nothing.
    Answered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Asking,
    Judging(JudgingAs),
    /// Other hubs may have places left, and send some.
    Helpless {
        judging_as: JudgingAs,
        until_ms: u64,
    },
    Withdrawing(Conclusion),
    Concluded(Conclusion),
}

/// The way of one scan at one machine.
///
/// Call [`Routing::next`] until it says what came of the scan, and do what it says; times are of any clock that only goes forward.
#[derive(Debug, Clone)]
pub struct Routing {
    scan: ScanId,
    asks: Asks,
    /// Whether the code was read here: then it is ours to give up.
    is_reader: bool,
    least_patience_ms: u64,
    asked: Vec<AskedLine>,
    next_line_at: u64,
    /// What a hub has answered that leaves it to the next one; said if there is none.
    passed_on: Option<RequestError>,
    helped: usize,
    stage: Stage,
}

impl Routing {
    /// Makes the way of a scan at the device that has read the code. `is_void` where it knows itself that the ticket lets nobody in:
    /// then it asks nobody.
    #[must_use]
    pub fn of_reader(scan: ScanId, is_void: bool, least_patience_ms: u64) -> Self {
        let asks = if is_void { Asks::Nobody } else { Asks::AnyHub };
        Self::new(scan, (asks, true), least_patience_ms)
    }

    /// Makes the way of a scan at a hub, which asks the home over those lines that lead there. `is_reader` where the hub stands
    /// for a device that cannot give up scans itself.
    #[must_use]
    pub fn of_hub(scan: ScanId, route: Route, is_reader: bool, least_patience_ms: u64) -> Self {
        let asks = match route {
            Route::Here => Asks::Nobody,
            Route::Ask(_) => Asks::Home,
        };
        Self::new(scan, (asks, is_reader), least_patience_ms)
    }

    fn new(scan: ScanId, (asks, is_reader): (Asks, bool), least_patience_ms: u64) -> Self {
        Self {
            scan,
            asks,
            is_reader,
            least_patience_ms,
            asked: Vec::new(),
            next_line_at: 0,
            passed_on: None,
            helped: 0,
            stage: Stage::Asking,
        }
    }

    /// Returns what to do next. `lines` are those that stand now and lead to whom this machine asks, the best first.
    pub fn next(&mut self, lines: impl FnOnce() -> Vec<Line>, now_ms: u64) -> Next {
        match &self.stage {
            Stage::Asking if self.asks == Asks::Nobody => self.judge(JudgingAs::Home),
            Stage::Asking => self.ask(&lines(), now_ms),
            Stage::Helpless { judging_as, until_ms } if *until_ms <= now_ms => self.judge(*judging_as),
            Stage::Helpless { until_ms, .. } => Next::Wait { until_ms: *until_ms },
            Stage::Judging(judging_as) => Next::Judge(*judging_as),
            Stage::Withdrawing(_) => Next::Withdraw,
            Stage::Concluded(conclusion) => Next::Say(conclusion.clone()),
        }
    }

    /// Tells whether somebody else is waited for.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match self.stage {
            Stage::Asking => self.asked.iter().any(|asked| asked.ends().is_some()),
            Stage::Helpless { .. } => true,
            Stage::Judging(_) | Stage::Withdrawing(_) | Stage::Concluded(_) => false,
        }
    }

    fn judge(&mut self, judging_as: JudgingAs) -> Next {
        self.stage = Stage::Judging(judging_as);
        Next::Judge(judging_as)
    }

    fn ask(&mut self, lines: &[Line], now_ms: u64) -> Next {
        for asked in &mut self.asked {
            if let LineState::Waiting { quiet_at, ends_at } = asked.state
                && quiet_at.min(ends_at) <= now_ms
            {
                asked.state = LineState::Silent;
            }
        }
        let is_waiting = self.asked.iter().any(|asked| asked.ends().is_some());
        let mut others = lines
            .iter()
            .filter(|line| self.asked.iter().all(|asked| asked.line.id != line.id));
        match others.next() {
            Some(line) if !is_waiting || self.next_line_at <= now_ms => {
                let patience = patience_ms(self.least_patience_ms, line.round_trip_ms);
                self.asked.push(AskedLine {
                    line: *line,
                    state: LineState::Waiting {
                        quiet_at: now_ms + patience,
                        ends_at: now_ms + LONGEST_WAIT_MS,
                    },
                });
                self.next_line_at = now_ms + NEXT_LINE_AFTER_MS;
                Next::Ask(line.id)
            }
            None if !is_waiting => match self.passed_on {
                Some(error) => {
                    self.conclude(Word::Refused(error));
                    self.next(Vec::new, now_ms)
                }
                None => self.judge(JudgingAs::CutOff),
            },
            Some(_) | None => {
                // Lines that are made meanwhile are looked for now and then.
                let next_look_at = if self.next_line_at > now_ms {
                    self.next_line_at.min(now_ms + NEXT_LINE_AFTER_MS)
                } else {
                    now_ms + LOOK_AGAIN_AFTER_MS
                };
                let ends = self.asked.iter().filter_map(AskedLine::ends).min();
                Next::Wait {
                    until_ms: ends.map_or(next_look_at, |ends| ends.min(next_look_at)),
                }
            }
        }
    }

    /// Takes what was heard over a line. What comes late changes nothing.
    pub fn hear(&mut self, line: LineId, heard: Heard, now_ms: u64) {
        let least_ms = self.least_patience_ms;
        let Some(asked) = self.asked.iter_mut().find(|asked| asked.line.id == line) else {
            return;
        };
        let (LineState::Waiting { ends_at, .. }, Stage::Asking) = (asked.state, &self.stage) else {
            return;
        };
        match heard {
            Heard::Working => {
                let quiet_at = now_ms + patience_ms(least_ms, asked.line.round_trip_ms);
                asked.state = LineState::Waiting { quiet_at, ends_at };
            }
            Heard::Response(Ok(answer)) if answer.scan == self.scan => {
                asked.state = LineState::Answered;
                self.conclude(Word::Theirs(answer));
            }
            // An answer to another scan is none.
            Heard::Lost | Heard::Response(Ok(_)) => asked.state = LineState::Silent,
            Heard::Response(Err(error)) => self.decided_nothing(line, error),
        }
    }

    fn decided_nothing(&mut self, line: LineId, error: RequestError) {
        let state = match (error, self.asks) {
            (RequestError::Unavailable | RequestError::Busy, Asks::AnyHub) => {
                // It may have asked the home before its own disk failed.
                LineState::Silent
            }
            (
                RequestError::NotHome
                | RequestError::Malformed
                | RequestError::WrongPin { .. }
                | RequestError::PinsRest { .. },
                Asks::AnyHub,
            ) => {
                self.settle(line, LineState::Answered);
                return self.conclude(Word::Refused(error));
            }
            (RequestError::NoPin | RequestError::NotAllowed, Asks::AnyHub) => {
                // Another hub may know the supervisor, or have a certificate that lets it judge.
                self.passed_on = Some(error);
                LineState::Answered
            }
            (_, Asks::Home | Asks::Nobody) => LineState::Answered,
        };
        self.settle(line, state);
        // The next one is asked at once.
        self.next_line_at = 0;
    }

    fn settle(&mut self, line: LineId, state: LineState) {
        for asked in self.asked.iter_mut().filter(|asked| asked.line.id == line) {
            asked.state = state;
        }
    }

    /// Takes our own verdict, once it is durable, or that there is none. `has_neighbours` where linked hubs may have places left.
    pub fn judged(&mut self, verdict: Option<Verdict>, has_neighbours: bool, now_ms: u64) {
        let Stage::Judging(judging_as) = self.stage else {
            return;
        };
        let is_short = verdict == Some(Verdict::Refer(Referral::NoPlaces)) && has_neighbours;
        match HELP_IS_WAITED_FOR_MS.get(self.helped) {
            Some(wait) if is_short => {
                self.helped += 1;
                let until_ms = now_ms + wait;
                self.stage = Stage::Helpless { judging_as, until_ms };
            }
            Some(_) | None => self.conclude_with(Word::Ours, verdict),
        }
    }

    /// Takes that the scan is given up, durably.
    pub fn withdrawn(&mut self) {
        if let Stage::Withdrawing(conclusion) = &self.stage {
            self.stage = Stage::Concluded(Conclusion {
                is_withdrawn: true,
                ..conclusion.clone()
            });
        }
    }

    /// Returns which lines were asked, and whether an answer came over each.
    pub fn asked(&self) -> impl Iterator<Item = (LineId, bool)> {
        let asked = self.asked.iter();
        asked.map(|asked| (asked.line.id, asked.state == LineState::Answered))
    }

    fn conclude(&mut self, word: Word) {
        let verdict = match &word {
            Word::Theirs(answer) => Some(answer.verdict),
            Word::Refused(_) | Word::Ours => None,
        };
        self.conclude_with(word, verdict);
    }

    /// Before anything but a yes is said, the scan is given up if somebody who was asked has not answered: whoever it is may
    /// have said yes, and nobody goes in by that any more.
    fn conclude_with(&mut self, mut word: Word, verdict: Option<Verdict>) {
        let mut silent = self.silent();
        if let Word::Theirs(answer) = &mut word {
            silent = silent.or(answer.silent);
            // Whoever asked us is to know of those that we have asked, too.
            answer.silent = silent;
        }
        let conclusion = Conclusion {
            word,
            silent,
            is_withdrawn: false,
        };
        let is_yes = matches!(verdict, Some(Verdict::Admit { .. }));
        self.stage = if self.is_reader && !is_yes && silent.is_some() {
            Stage::Withdrawing(conclusion)
        } else {
            Stage::Concluded(conclusion)
        };
    }

    /// Returns a hub that was asked and has answered over none of its lines.
    fn silent(&self) -> Option<PublicKey> {
        let has_answered = |hub: PublicKey| {
            let mut lines = self.asked.iter().filter(|asked| asked.line.hub == hub);
            lines.any(|asked| asked.state == LineState::Answered)
        };
        let hubs = self.asked.iter().map(|asked| asked.line.hub);
        hubs.into_iter().find(|hub| !has_answered(*hub))
    }
}

impl AskedLine {
    /// Until when it is waited for, if it is.
    fn ends(&self) -> Option<u64> {
        match self.state {
            LineState::Waiting { quiet_at, ends_at } => Some(quiet_at.min(ends_at)),
            LineState::Silent | LineState::Answered => None,
        }
    }
}

#[cfg(test)]
mod tests;
