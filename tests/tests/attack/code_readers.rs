//! Where codes are shown: turnstiles that ask a hub over HTTP, and scanners, which are killed now and then while somebody waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use usher_tests::sim::random::Random;
use usher_tests::stage::scanner::{Scanner, Shown, Wedge};
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};

use super::crowd::{Crowd, Guest, Said, Showing};

/// For so long a code that a scanner sees again is still the same showing.
const SAME_SHOWING: Duration = Duration::from_millis(3_500);
/// Within how long the next one comes to a gate, in milliseconds.
const NEXT_GUEST_MS: u64 = 250;
/// In so many of a hundred cases a scanner is killed while it asks.
const KILLED_PERCENT: u64 = 2;
/// Within how long after the code was shown, in milliseconds.
const KILLED_WITHIN_MS: u64 = 400;

/// Which way people pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
}

/// A turnstile or a scanner.
pub enum CodeReader {
    Turnstile(Turnstile),
    Scanner(Box<ScannerPost>),
}

/// A scanner with somebody at it.
pub struct ScannerPost {
    scanner: Scanner,
    reader: Wedge,
    gate: u16,
    way: Way,
    shown: PathBuf,
    lives: usize,
    /// The codes that it saw last.
    seen: Vec<(u32, Instant)>,
}

impl CodeReader {
    /// Starts a scanner at a gate.
    pub fn scanner(scanner: Scanner, gate: u16, way: Way, shown: PathBuf) -> anyhow::Result<Self> {
        let reader = start(&scanner, gate, way, &shown.with_extension("0"))?;
        Ok(Self::Scanner(Box::new(ScannerPost {
            scanner,
            reader,
            gate,
            way,
            shown,
            lives: 1,
            seen: Vec::new(),
        })))
    }

    /// Shows a code; nothing when it would be the same showing as before.
    async fn show(&mut self, guest: &Guest, random: &mut Random) -> anyhow::Result<(Said, String)> {
        match self {
            Self::Turnstile(turnstile) => ask(turnstile, guest, random).await,
            Self::Scanner(reader) => reader.read(guest, random).await,
        }
    }

    fn may_show(&mut self, unit: u32) -> bool {
        match self {
            Self::Turnstile(_) => true,
            Self::Scanner(reader) => {
                reader.seen.retain(|(_, at)| at.elapsed() < SAME_SHOWING);
                !reader.seen.iter().any(|(seen, _)| *seen == unit)
            }
        }
    }
}

/// Asks under one id until there is an answer: that of a hub that is started again meanwhile is to the same scan.
async fn ask(turnstile: &Turnstile, guest: &Guest, random: &mut Random) -> anyhow::Result<(Said, String)> {
    let scan = data_encoding::HEXLOWER.encode(&random.bytes16());
    loop {
        if let Ok(reply) = turnstile.scan_as(&scan, &guest.ticket.payload).await
            && reply.status == 200
        {
            let verdict: HubVerdict = reply.json()?;
            let said = match verdict.reason.clone() {
                None => Said::ComeIn,
                Some(reason) => Said::Refused(reason),
            };
            return Ok((said, format!("{verdict:?}")));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn start(scanner: &Scanner, gate: u16, way: Way, shown: &std::path::Path) -> anyhow::Result<Wedge> {
    let way: &[&str] = match way {
        Way::In => &[],
        Way::Out => &["--direction", "out"],
    };
    scanner.wedge_with(gate, shown, way)
}

impl ScannerPost {
    async fn read(&mut self, guest: &Guest, random: &mut Random) -> anyhow::Result<(Said, String)> {
        if random.percent(KILLED_PERCENT) {
            return self.read_and_die(guest, random).await;
        }
        let shown = self.reader.read(&guest.ticket.payload).await?;
        self.seen.push((guest.ticket.unit, Instant::now()));
        Ok(said(&shown))
    }

    /// What it has shown before it died was shown.
    async fn read_and_die(&mut self, guest: &Guest, random: &mut Random) -> anyhow::Result<(Said, String)> {
        let before = self.reader.results()?.len();
        self.reader.type_line(&guest.ticket.payload)?;
        sleep(Duration::from_millis(random.below(KILLED_WITHIN_MS))).await;
        self.reader.kill9()?;
        let shown = self.reader.results()?.into_iter().nth(before);
        let file = self.shown.with_extension(self.lives.to_string());
        self.reader = start(&self.scanner, self.gate, self.way, &file)?;
        (self.lives, self.seen) = (self.lives + 1, Vec::new());
        Ok(shown.as_ref().map_or((Said::Nothing, "killed".to_owned()), said))
    }
}

fn said(shown: &Shown) -> (Said, String) {
    let said = match shown.signal.as_str() {
        "admit" => Said::ComeIn,
        _ => Said::Refused(shown.outcome.clone()),
    };
    (said, format!("{shown:?}"))
}

/// Has people come to a gate until they are sent home. It stays switched on: what a scanner wrote down last is still to be heard.
pub async fn serve(
    crowd: Arc<Crowd>,
    mut reader: CodeReader,
    (gate, way): (u16, Way),
    mut random: Random,
) -> anyhow::Result<CodeReader> {
    while !crowd.is_over() {
        sleep(Duration::from_millis(20 + random.below(NEXT_GUEST_MS))).await;
        let Some(guest) = crowd.comes(way, &mut random) else {
            continue;
        };
        if !reader.may_show(guest.ticket.unit) {
            crowd.turns_back(&guest, way);
            continue;
        }
        let begun = Instant::now();
        let (said, words) = reader.show(&guest, &mut random).await?;
        let showing = Showing {
            unit: guest.ticket.unit,
            gate,
            way,
            begun,
            ended: Instant::now(),
            said,
            is_by_turnstile: matches!(reader, CodeReader::Turnstile(_)),
            words,
        };
        crowd.was_shown(&guest, showing)?;
    }
    Ok(reader)
}
