//! `rehearse` and `used`: what the gates say of the codes in a seller's list, before doors and afterwards. Both read what the hub holds, also
//! while it runs and with the cable cut, and change nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{self, Snapshot};
use usher_keys::Timestamp;
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::ledger::{JudgingAs, Ledger, ScanQuestion};
use usher_protocol::request::{Answer, JudgedBy, MAX_CODE_BYTES, TicketFacts};
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_protocol::{GateId, ScanId};
use usher_words::hub::command_line as words;

use super::RehearseArgs;
use crate::csv;

/// Longest list that is read, in bytes: a million of the longest codes that sellers print.
const MAX_LIST_BYTES: u64 = 256 * 1024 * 1024;
/// How far a byte order mark reaches, which spreadsheets put before the first line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A code, and the number of its line from 1.
struct ListedLine {
    line: usize,
    code: Vec<u8>,
}

/// Says of the codes in a list, or of so many drawn by chance, what their gate would say; exit code 1 if one would not be let in.
pub fn rehearse(directory: &DataDirectory, wanted: &RehearseArgs) -> anyhow::Result<ExitCode> {
    let mut codes = read_list(&wanted.file)?;
    if let Some(many) = wanted.draw {
        draw(&mut codes, many)?;
    }
    let hub = Hub::load(directory)?;
    let gate = GateId(wanted.gate);
    let known = hub.gates();
    ensure!(
        known.contains(&wanted.gate),
        words::lacks_gates(&[wanted.gate], &known)
    );
    let mut out = io::stdout().lock();
    let mut let_in = 0;
    for ListedLine { line, code } in &codes {
        let answer = hub.judge(code, gate);
        let_in += usize::from(matches!(answer.verdict, Verdict::Admit { .. }));
        let said = hub.snapshot.phrasebook(hub.now).answer(&answer, Direction::In);
        writeln!(out, "{}", words::of_line(*line, &said.line()))?;
    }
    writeln!(out, "{}", words::rehearsed(let_in, codes.len()))?;
    Ok(ExitCode::from(u8::from(let_in < codes.len())))
}

/// Prints which codes of a list people came in by, as CSV for whoever goes on with other scanners.
pub fn used(directory: &DataDirectory, list: &Path) -> anyhow::Result<ExitCode> {
    let codes = read_list(list)?;
    let hub = Hub::load(directory)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    out.write_all(b"code,let_in,first_at,gate\r\n")?;
    for ListedLine { code, .. } in &codes {
        if let Some(line) = hub.used(code) {
            out.write_all(line.as_bytes())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// What a hub holds at a moment.
struct Hub {
    ledger: Ledger,
    snapshot: Snapshot,
    now: Timestamp,
}

impl Hub {
    fn load(directory: &DataDirectory) -> anyhow::Result<Self> {
        let now = Clock::system().now();
        let ledger = replica::ledger(&directory.replica_path(), now)?;
        let snapshot = Snapshot::of(&ledger);
        Ok(Self {
            ledger,
            snapshot,
            now,
        })
    }

    fn gates(&self) -> Vec<u16> {
        let policy = self.snapshot.policy.iter();
        policy
            .flat_map(|policy| policy.gates.iter().map(|gate| gate.id.0))
            .collect()
    }

    fn read(&self, code: &[u8]) -> Result<VerifiedTicket, Rejection> {
        self.snapshot.read(code, self.now)
    }

    /// Judges a code as its home hub would, of one person more.
    fn judge(&self, code: &[u8], gate: GateId) -> Answer {
        let scan = ScanId([0; 16]);
        let (verdict, ticket) = match self.read(code) {
            Err(rejection) => (Verdict::rejected(rejection), None),
            Ok(ticket) => {
                let facts = TicketFacts::from(ticket.ticket());
                let asked = ScanQuestion {
                    scan,
                    ticket,
                    gate,
                    direction: Direction::In,
                    persons: 1,
                };
                let judged = self.ledger.judge(&asked, JudgingAs::Home, self.now);
                (judged.verdict, Some(facts))
            }
        };
        Answer {
            scan,
            verdict,
            by: JudgedBy::Home(self.ledger.me()),
            ticket,
            silent: None,
        }
    }

    /// Returns a line with a code, how many were let in by it, and when and where the first was; nothing if nobody was. The code is for
    /// programs, and stands there as it was read.
    fn used(&self, code: &[u8]) -> Option<String> {
        let unit = self.read(code).ok()?.ticket().unit;
        let entries = self
            .ledger
            .state()
            .passages(unit)
            .filter(|(_, is_entry, _)| *is_entry);
        let entries: Vec<_> = entries.map(|(_, _, passage)| passage).collect();
        let first = entries.iter().min_by_key(|passage| passage.at)?;
        let persons: u32 = entries.iter().map(|passage| u32::from(passage.persons)).sum();
        let at = i64::try_from(first.at.0).ok();
        let at = at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let code = String::from_utf8_lossy(code).replace('"', "\"\"");
        let rest = csv::line(&[
            persons.to_string(),
            at.map_or_else(|| first.at.0.to_string(), |at| at.to_string()),
            self.snapshot.phrasebook(self.now).gate(first.gate),
        ]);
        Some(format!("\"{code}\",{rest}"))
    }
}

/// Reads a list with a code in each line.
fn read_list(path: &Path) -> anyhow::Result<Vec<ListedLine>> {
    let file = File::open(path).with_context(|| words::no_list(path))?;
    let mut reader = BufReader::new(file.take(MAX_LIST_BYTES));
    let (mut codes, mut line, mut bytes) = (Vec::new(), 0, Vec::new());
    while reader
        .read_until(b'\n', &mut bytes)
        .with_context(|| words::no_list(path))?
        > 0
    {
        line += 1;
        let code = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes).trim_ascii();
        ensure!(code.len() <= MAX_CODE_BYTES, words::too_long_a_line(line));
        if !code.is_empty() {
            let code = code.to_owned();
            codes.push(ListedLine { line, code });
        }
        bytes.clear();
    }
    ensure!(!codes.is_empty(), words::no_codes(path));
    Ok(codes)
}

/// Keeps so many codes, drawn by chance, in the order of their lines.
fn draw(codes: &mut Vec<ListedLine>, many: usize) -> anyhow::Result<()> {
    for at in 0..many.min(codes.len()) {
        let mut random = [0; 8];
        getrandom::fill(&mut random).context("the system's random source failed")?;
        let left = codes.len() - at;
        let drawn = usize::try_from(u64::from_le_bytes(random) % left as u64).expect("fewer than all");
        codes.swap(at, at + drawn);
    }
    codes.truncate(many);
    codes.sort_by_key(|one| one.line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.txt");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_list_has_a_code_in_each_line_and_says_what_is_wrong_with_it() {
        let (_folder, path) = written("\u{feff}0001\r\n\r\n  0002 \n0003");
        let codes = read_list(&path).unwrap();
        let read: Vec<_> = codes.iter().map(|one| (one.line, &one.code[..])).collect();
        assert_eq!(read, [(1, &b"0001"[..]), (3, b"0002"), (4, b"0003")]);
        let (_folder, path) = written(" \n\n");
        assert!(read_list(&path).err().unwrap().to_string().contains("no code"));
        let (_folder, path) = written(&"x".repeat(MAX_CODE_BYTES + 1));
        assert!(read_list(&path).err().unwrap().to_string().starts_with("line 1"));
    }

    #[test]
    fn as_many_lines_are_drawn_as_wanted_each_once_and_in_order() {
        let all = || {
            (1..=50)
                .map(|line| ListedLine {
                    line,
                    code: Vec::new(),
                })
                .collect()
        };
        for many in [0, 1, 20, 50, 90] {
            let mut codes: Vec<ListedLine> = all();
            draw(&mut codes, many).unwrap();
            assert_eq!(codes.len(), many.min(50));
            assert!(codes.is_sorted_by(|one, next| one.line < next.line));
        }
    }
}
