//! What a judged scan tells the staff, ready to be shown; leaves out how it was judged.

use serde::Serialize;
use usher_words::scanner as words;

/// How a scan came out, as a colour the staff can see from two metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Green: let them through.
    Admit,
    /// Red: stop.
    Deny,
    /// Amber: another gate or person decides.
    Refer,
    /// Amber: nobody could judge it; show the same code again.
    Unanswered,
}

impl Signal {
    /// The word that starts a plain output line; scripts match on it, so it is never translated.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Admit => "ADMIT",
            Self::Deny => "DENY",
            Self::Refer => "REFER",
            Self::Unanswered => "UNANSWERED",
        }
    }
}

/// A judged scan in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanOutcome {
    /// The colour.
    pub signal: Signal,
    /// A name for scripts, never translated: `admitted`, `exited`, the name of the reason, or why nobody judged.
    pub outcome: &'static str,
    /// What to do, in a word or two.
    pub words: String,
    /// Why, when it is not plain.
    pub reason: Option<String>,
    /// Seat, persons, where and when it was used: one line each.
    pub details: Vec<String>,
    /// No hub gave an answer: the scanner judged with its own replica.
    pub alone: bool,
    /// The scan was given up: the same code again is another scan.
    #[serde(skip)]
    pub is_withdrawn: bool,
    /// From the reading to the answer, in milliseconds.
    pub took_ms: u64,
}

impl ScanOutcome {
    /// Tells whether a hub judged it: what is no ticket, and what nobody could judge, is said without one.
    #[must_use]
    pub fn is_of_a_hub(&self) -> bool {
        let is_judged = match self.signal {
            Signal::Admit | Signal::Deny | Signal::Refer => true,
            Signal::Unanswered => false,
        };
        is_judged && !self.alone && self.outcome != "not_a_ticket"
    }

    /// Says of a refusal for the use of a ticket that this was here and just now, where somebody passed here with it so long
    /// ago: staff remember that better than a time and a gate's name.
    #[must_use]
    pub fn after_passing(self, passed_ago_ms: Option<u64>) -> Self {
        let reason = passed_ago_ms.and_then(|ago_ms| match self.outcome {
            "already_used" | "day_used_up" => Some(words::used_here(ago_ms)),
            _ => None,
        });
        Self {
            reason: reason.or(self.reason),
            ..self
        }
    }
}

/// How many scans came out how since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ScanCounts {
    /// Scans that let somebody through.
    pub admitted: u64,
    /// Scans that did not.
    pub denied: u64,
    /// Scans sent to another gate or person.
    pub referred: u64,
}

impl ScanCounts {
    /// Counts one more scan; one that nobody judged will be shown again and counts then.
    pub fn count(&mut self, signal: Signal) {
        match signal {
            Signal::Admit => self.admitted += 1,
            Signal::Deny => self.denied += 1,
            Signal::Refer => self.referred += 1,
            Signal::Unanswered => {}
        }
    }

    /// Returns each count with its word, `admitted 3`.
    pub(crate) fn words(self) -> [String; 3] {
        [
            (words::ADMITTED, self.admitted),
            (words::DENIED, self.denied),
            (words::REFERRED, self.referred),
        ]
        .map(|(word, count)| format!("{word} {count}"))
    }
}
