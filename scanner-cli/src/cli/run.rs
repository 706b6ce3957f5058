//! `usher-scan run`: stands at a gate until its source ends or it is stopped; reading, judging and showing are done elsewhere.

use std::io::{self, BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, value_parser};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_device::folder;
use usher_protocol::admission::Direction;
use usher_words::scanner as words;

use super::trouble::Trouble;
use super::{DirectionArg, hub_address, runtime};
use crate::answer::ScanCounts;
use crate::clerk::{Clerk, Workplace};
use crate::feed::Feed;
use crate::folder::Chosen;
use crate::gate_position::{self, GateChoice, GatePosition};
use crate::others::Others;
use crate::overruling;
use crate::presentation;
use crate::readings::{Reading, RunClock};
use crate::scanner::Scanner;
use crate::screen::{OutputWish, Screen, Style, shows_greys};
use crate::source::camera::{self, CameraFrames};
use crate::source::pictures::Pictures;
use crate::source::wedge::{ChangedTerminal, Keystrokes, OpenQuestion, Wedge, is_typed_to};
use crate::station::{Pace, Station};
use crate::status::{self, StatusWatch};

/// What the lines look like, for whoever reads them with a program.
const FORMATS: &str = "\
Keys, where this program runs in a terminal and reads from a camera or pictures (each with Enter):
  3            so many people pass with the next scan
  in, out      the way people pass from now on
  a ticket code, the eight letters and digits printed on a ticket: scans the ticket
  the digits of a QR code, or pasted: scans it
  override     asks for the supervisor's name, the reason and, unless this is a supervisor's scanner, the PIN that the hub
               knows, and lets in the ticket shown last
  undo WHY     takes back the last yes of this scanner, by which nobody passed
  undo         asks for the supervisor's name, the reason and the PIN in the same way, and takes back the last passage with
               the ticket shown last
  count        asks how many people are inside, and for the supervisor's name and PIN in the same way
With --wedge the keyboard is the wedge's. It takes ticket codes too and, in a terminal, override, undo and count, each with a
PIN, since what a wedge types may be a guest's; an undo there is a supervisor's. For the rest end this program and start it
anew with --persons or --direction.

Output lines (--plain, and whenever the output is no terminal), each at once:
  READY <gate>, <direction> | for <event> | <links> | <freshness>
  ADMIT|DENY|REFER|UNANSWERED|BARRED <what> | <why> | <ticket> | judged alone   (parts that say nothing are left out)
  HINT <what keeps a code that the camera sees from being read>: <what to do>
  NOTICE <what is wrong with a picture, line, camera or clock; why this scanner may judge nothing>
  WARNING <when this scanner's certificate ends or that it has ended, and what to do; that it was renewed>
  END admitted <n>, denied <n>, referred <n>
With --json, one object a line:
  {\"kind\":\"ready\",\"place\":…,\"event\":…,\"standing\":…,\"linked\":true|false}
  {\"kind\":\"scan\",\"signal\":\"admit|deny|refer|unanswered|barred\",\"outcome\":…,\"words\":…,\"reason\":…|null,
   \"details\":[…],\"alone\":true|false,\"took_ms\":n,\"counts\":{\"admitted\":n,\"denied\":n,\"referred\":n}}
  {\"kind\":\"hint\",\"hint\":\"hold_still|too_far|glare\",\"text\":…}
  {\"kind\":\"notice\",\"text\":…}
  {\"kind\":\"warning\",\"level\":\"day|six_hours|hour|ended\"|null,\"words\":…}
  {\"kind\":\"end\",\"counts\":{…},\"kept\":n}
The first words, kinds, signals and outcomes never change or get translated. Outcomes: admitted, exited;
not_a_ticket, unknown_version, unknown_key, false_signature, struck_key, key_out_of_window, other_event, superseded,
revoked, too_early, too_late, wrong_zone, unknown_gate, unknown_tier, already_used, group_too_large, day_used_up,
zone_full, time_slot_full; home_unreachable, home_unsettled, not_ready, own_log_forked, own_log_behind, retired, update_needed,
scan_over, clock_in_doubt, no_places, asker_silent, not_listed; not_live, not_allowed, not_understood, no_pin, wrong_pin,
cannot_decide, scanner_expired, scanner_revoked, scanner_refused; of ticket codes mistyped, no_such_ticket,
cannot_look_up, too_many_tries; of what staff say annulled, not_annulled, counted, not_counted, not_needed; of the
command undo also annulled_unheard, of verify also hub_decides. `kept` counts this scanner's own records that no hub
has yet.";

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true)), after_long_help = FORMATS)]
pub(super) struct RunArgs {
    /// The gate, by its number or its name.
    #[arg(long, value_name = "GATE")]
    gate: GateChoice,
    /// Read from a camera of this machine, the first one unless a number is given.
    #[arg(long, group = "source", value_name = "N", num_args = 0..=1, default_missing_value = "0")]
    camera: Option<u32>,
    /// Read from a USB scanner that types what it reads, until the input ends.
    ///
    /// Codes may end with Enter, Tab, both or nothing, and have a symbology identifier (]Q1) or blanks around them. The
    /// scanner and this computer need the same keyboard layout, best US: digits typed for the other one are read all the
    /// same where they can be.
    #[arg(long, group = "source")]
    wedge: bool,
    /// Read pictures (JPEG, PNG, WebP, GIF) or folders of them, each once, and end.
    #[arg(long, group = "source", value_name = "FILE", num_args = 1..)]
    image: Vec<PathBuf>,
    /// Which way people pass.
    #[arg(long, value_enum, default_value = "in")]
    direction: DirectionArg,
    /// How many people pass with one scan.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u8).range(1..))]
    persons: u8,
    /// A hub to link to, in place of those of the enrolment and the others that these know; can be given several times.
    #[arg(long = "hub", value_name = "HOST:PORT", value_parser = hub_address)]
    hubs: Vec<String>,
    /// Write lines even on a terminal.
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// Write one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Show a small picture of what the camera sees, where the terminal has 256 colours and room for it.
    #[arg(long)]
    preview: bool,
    /// Tell frames per second and the time from a frame to its code: on the panel, otherwise in the log (stderr).
    #[arg(long)]
    verbose: bool,
    /// How long to wait at the start for a first hub, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "3")]
    wait_for_hub: u64,
    /// How long hubs have to answer a scan before this scanner judges alone, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "300", value_parser = value_parser!(u64).range(1..=10_000))]
    answer_within: u64,
}

impl RunArgs {
    /// Tells whether figures are asked for.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Tells whether the whole terminal is used.
    pub fn wants_panel(&self) -> bool {
        matches!(self.style(), Style::Panel { .. })
    }

    pub(super) fn run(self, event: Chosen) -> Result<ExitCode, Trouble> {
        if self.camera.is_some() {
            camera::ensure_built()?;
        }
        runtime()?.block_on(self.switched_on(event))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn switched_on(self, event: Chosen) -> Result<(), Trouble> {
        let scanner = Scanner::start(&event.directory, &self.hubs)?;
        folder::inherit(&scanner.replica(), &event.former).await;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(stop_on_signal(stop.clone()));
        let outcome = self.attended(&scanner, event.others, stop).await;
        let kept = scanner.end().await;
        tasks.shutdown().await;
        let (counts, alone) = outcome?;
        let mut screen = Screen::new(io::stdout(), self.style());
        Ok(screen.ended(counts, kept.max(alone))?)
    }

    /// Waits for a hub, takes the gate position and scans; returns the totals, and how many were judged alone since a hub last
    /// answered.
    async fn attended(
        &self,
        scanner: &Scanner,
        others: Others,
        stop: CancellationToken,
    ) -> Result<(ScanCounts, u64), Trouble> {
        let _every_key = self.wedge.then(ChangedTerminal::every_key).transpose()?.flatten();
        tokio::select! {
            _ = scanner.first_hub(Duration::from_secs(self.wait_for_hub)) => {}
            () = stop.cancelled() => {}
        }
        let (replica, hubs) = (scanner.replica(), scanner.hubs());
        let policy = replica.snapshot().policy.clone();
        let position = GatePosition {
            gate: self.gate.find(policy.as_deref(), &replica.certificate())?,
            direction: self.direction.into(),
            persons: self.persons,
        };
        let gate = gate_position::named(position.gate, policy.as_deref());
        let place = place(&position, &gate);
        let event = presentation::event_name(&replica);
        let mut screen = Screen::new(io::stdout(), self.style());
        screen.ready(
            (&place, &event),
            &status::line(&replica, &hubs),
            !hubs.linked().is_empty(),
        )?;
        let places = places(&position, &gate, &event);
        let status_watch = StatusWatch::new(Arc::clone(&replica), hubs.clone());
        let clock = RunClock::start();
        let clerk = Clerk::at(Workplace {
            replica: scanner.replica(),
            hubs: hubs.clone(),
            others,
            gate: position.gate,
            answer_within: Duration::from_millis(self.answer_within),
        });
        let mut station = Station::new(screen, place, move || status_watch.now(), self.pace(), clock)
            .with_position(&position, places);
        let asking = (self.wedge && is_typed_to()).then(OpenQuestion::default);
        if let Some(asking) = &asking {
            station = station.beside_a_wedge(asking.clone());
        } else if !overruling::may(&replica) {
            station = station.asking_pins();
        }
        if self.verbose {
            station = station.with_figures();
        }
        let (feed, readings) = self.start_source(clock, asking)?;
        if !self.wedge && is_typed_to() {
            feed.listen(BufReader::new(io::stdin()))?;
        }
        let judge = async |scan, order| clerk.carry_out(scan, order).await;
        let counts = station.run(readings, judge, stop).await?;
        Ok((counts, clerk.alone()))
    }

    fn start_source(
        &self,
        clock: RunClock,
        asking: Option<OpenQuestion>,
    ) -> io::Result<(Feed, mpsc::Receiver<Reading>)> {
        if let Some(number) = self.camera {
            return Feed::start(clock, self.shows_previews(), move || CameraFrames::new(number));
        }
        if self.wedge {
            let keystrokes = Keystrokes::of(io::stdin())?;
            return Feed::start(clock, false, move || {
                let wedge = Wedge::new(keystrokes.clone());
                match &asking {
                    Some(asking) => wedge.beside_staff(asking.clone()),
                    None => wedge,
                }
            });
        }
        let mut pictures = Some(Pictures::new(self.image.clone()));
        Feed::start(clock, false, move || {
            // Pictures that were under way when something panicked are not read again.
            pictures.take().unwrap_or_else(|| Pictures::new([]))
        })
    }

    fn pace(&self) -> Pace {
        match (self.camera, self.wedge) {
            (Some(_), _) => Pace::CAMERA,
            (None, true) => Pace::WEDGE,
            (None, false) => Pace::PICTURES,
        }
    }

    /// Tells whether a preview was asked for and can be shown.
    fn shows_previews(&self) -> bool {
        let value = |name| std::env::var(name).unwrap_or_default();
        self.preview
            && self.style() == (Style::Panel { colour: true })
            && shows_greys(&value("TERM"), &value("COLORTERM"))
    }

    fn style(&self) -> Style {
        Style::pick(OutputWish {
            plain: self.plain,
            json: self.json,
            terminal: io::stdout().is_terminal(),
            no_colour: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        })
    }
}

/// Returns what to call a gate on the way in, and on the way out.
fn places(position: &GatePosition, gate: &str, event: &str) -> [String; 2] {
    [Direction::In, Direction::Out].map(|direction| {
        let position = GatePosition {
            direction,
            ..*position
        };
        words::place_of_event(&place(&position, gate), event)
    })
}

fn place(position: &GatePosition, gate: &str) -> String {
    let way = match position.direction {
        Direction::In => words::IN,
        Direction::Out => words::OUT,
    };
    words::place(gate, way)
}

/// Stops the scanner when the user or the system wants it: Ctrl-C, SIGTERM, the terminal closed.
async fn stop_on_signal(stop: CancellationToken) {
    let heard = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = heard else {
        tracing::warn!("signals cannot be heard: this program ends without a goodbye to its hubs");
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    stop.cancel();
}
