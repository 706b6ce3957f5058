//! What a scanner that runs knows of its links and its clock, noted down for whoever asks from outside; nothing depends on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval};
use usher_device::replica::Replica;
use usher_keys::Timestamp;
use usher_keys::file::{PRIVATE_MODE, read_file, replace_file};

use crate::links::Hubs;
use crate::scan_judge::is_refused;

/// How often a scanner looks whether there is news to note.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How old a note may be although nothing but times has changed: spares the disk, and is what people call just now.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Largest note that is read, in bytes: names of all the hubs that can be linked, and words on a clock.
const MAX_NOTE_BYTES: u64 = 64 * 1024;

/// A hub that was linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubHeard {
    /// How people call it.
    pub name: String,
    /// When it was last linked and answering, in milliseconds since the Unix epoch, by the scanner's rule time.
    pub heard_ms: u64,
}

/// What was last known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastKnown {
    /// When its clock was last compared with another's, in milliseconds since the Unix epoch, by the scanner's rule time.
    pub compared_ms: u64,
    /// The hubs that were linked, the last ones first.
    pub hubs: Vec<HubHeard>,
    /// What was wrong with the scanner's clock, in words.
    pub clock: Option<String>,
    /// Whether a hub of the event refused the scanner, and none has taken it in since.
    #[serde(default)]
    pub refused: bool,
}

impl LastKnown {
    /// Reads the note of a folder; one that is not there or damaged is none.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let text = read_file::<MAX_NOTE_BYTES>(path).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Takes in who is linked, and what is wrong with the clock; where it is compared with nobody, what was known of it stays.
    fn take_in(&mut self, linked: Vec<String>, clock: (Option<String>, usize), now: Timestamp) {
        self.hubs.retain(|hub| !linked.contains(&hub.name));
        let heard = linked.into_iter().map(|name| HubHeard {
            name,
            heard_ms: now.0,
        });
        self.hubs.splice(..0, heard);
        let (trouble, compared) = clock;
        if compared > 0 || trouble.is_some() {
            (self.compared_ms, self.clock) = (now.0, trouble);
        }
    }

    /// Returns what makes a new note worth writing at once: who was linked last, what is said of the clock, and whether it is refused.
    fn matter(&self) -> (Vec<&str>, &Option<String>, bool) {
        let names = self.hubs.iter().map(|hub| hub.name.as_str());
        (names.collect(), &self.clock, self.refused)
    }
}

/// Notes down again and again what a scanner knows.
pub struct Noting {
    /// The scanner's replica.
    pub replica: Arc<Replica>,
    /// Its links.
    pub hubs: Hubs,
    /// Where the note is.
    pub path: PathBuf,
}

impl Noting {
    /// Goes on until it is dropped.
    pub async fn run(self) {
        let mut known = LastKnown::read(&self.path).unwrap_or_default();
        let mut written: Option<(Instant, LastKnown)> = None;
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let answering = self.hubs.linked().into_iter().filter(|hub| hub.is_answering());
            let names = answering.map(|hub| hub.name).collect();
            let clock = self.replica.clock();
            known.take_in(
                names,
                (self.replica.clock_trouble(), clock.compared()),
                clock.now(),
            );
            if is_refused(&self.replica, &self.hubs) {
                known.refused = true;
            } else if !self.hubs.linked().is_empty() {
                known.refused = false;
            }
            let is_due = written
                .as_ref()
                .is_none_or(|(at, note)| at.elapsed() >= NOTE_EVERY || note.matter() != known.matter());
            if is_due {
                self.write(&known);
                written = Some((Instant::now(), known.clone()));
            }
        }
    }

    fn write(&self, known: &LastKnown) {
        let text = serde_json::to_vec_pretty(known).unwrap_or_default();
        if let Err(error) = replace_file(&self.path, &text, PRIVATE_MODE) {
            let error: &dyn std::error::Error = &error;
            tracing::info!(
                error,
                "what `usher-scan status` tells of links and clock is not noted down"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_is_not_linked_any_more_keeps_the_time_when_it_was() {
        let mut known = LastKnown::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        known.take_in(names(&["North", "South"]), (None, 2), Timestamp(1_000));
        let wrong = Some("wrong".to_owned());
        known.take_in(names(&["South"]), (wrong, 1), Timestamp(2_000));
        let heard: Vec<_> = known
            .hubs
            .iter()
            .map(|hub| (hub.name.as_str(), hub.heard_ms))
            .collect();
        assert_eq!(heard, [("South", 2_000), ("North", 1_000)]);
        // Started anew, it is compared with nobody yet.
        known.take_in(Vec::new(), (None, 0), Timestamp(3_000));
        assert_eq!(
            (known.compared_ms, known.clock.as_deref()),
            (2_000, Some("wrong"))
        );
    }

    #[test]
    fn a_note_is_read_back_and_rubbish_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last-known.json");
        assert_eq!(LastKnown::read(&path), None);
        let known = LastKnown {
            compared_ms: 7,
            ..LastKnown::default()
        };
        std::fs::write(&path, serde_json::to_vec(&known).unwrap()).unwrap();
        assert_eq!(LastKnown::read(&path), Some(known));
        std::fs::write(&path, "{").unwrap();
        assert_eq!(LastKnown::read(&path), None);
    }
}
