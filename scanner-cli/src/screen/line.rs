//! A result as one line of text or JSON; leaves out colours and layout.

use serde::Serialize;
use usher_words::certificates::CertificateNote;
use usher_words::scanner::{self as words, Help};

use crate::answer::{ScanCounts, ScanOutcome};
use crate::printable::printable;

/// Between the parts of a plain line.
const SEPARATOR: &str = " | ";

/// Writes a result as `KEYWORD words | reason | details… | judged alone`, without control characters.
#[must_use]
pub fn one_line(answer: &ScanOutcome) -> String {
    let parts: Vec<&str> = std::iter::once(answer.words.as_str())
        .chain(answer.reason.as_deref())
        .chain(answer.details.iter().map(String::as_str))
        .chain(answer.alone.then_some(words::ALONE))
        .collect();
    format!(
        "{} {}",
        answer.signal.keyword(),
        printable(&parts.join(SEPARATOR))
    )
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum JsonLine<'a> {
    Scan {
        #[serde(flatten)]
        answer: &'a ScanOutcome,
        counts: ScanCounts,
    },
    Hint {
        hint: &'a str,
        text: &'a str,
    },
    Notice {
        text: &'a str,
    },
    Warning(&'a CertificateNote),
    Ready {
        place: &'a str,
        event: &'a str,
        standing: &'a str,
        linked: bool,
    },
    End {
        counts: ScanCounts,
        kept: u64,
    },
}

/// Says as `READY place | for event | standing` that scanning begins.
pub(super) fn ready(place: &str, event: &str, standing: &str) -> String {
    let parts = [place, &words::for_event(event), standing];
    format!("READY {}", printable(&parts.join(SEPARATOR)))
}

/// Says as `END admitted n, denied n, referred n` that scanning has ended.
pub(super) fn end(counts: ScanCounts) -> String {
    format!("END {}", counts.words().join(", "))
}

/// Says as `HINT what is wrong: what to do` that a code is seen but not read.
pub(super) fn hint(help: Help) -> String {
    format!("HINT {}: {}", help.short, help.what_to_do)
}

/// Writes a hint as one JSON object.
pub(super) fn json_hint(help: Help) -> String {
    json(&JsonLine::Hint {
        hint: help.name,
        text: help.what_to_do,
    })
}

/// Writes the beginning as one JSON object.
pub(super) fn json_ready((place, event): (&str, &str), standing: &str, linked: bool) -> String {
    json(&JsonLine::Ready {
        place,
        event,
        standing,
        linked,
    })
}

/// Writes the end as one JSON object.
pub(super) fn json_end(counts: ScanCounts, kept: u64) -> String {
    json(&JsonLine::End { counts, kept })
}

/// Writes a result and the totals as one JSON object.
pub(super) fn json_scan(answer: &ScanOutcome, counts: ScanCounts) -> String {
    json(&JsonLine::Scan { answer, counts })
}

/// Writes what is said of the certificate as one JSON object.
pub(super) fn json_warning(note: &CertificateNote) -> String {
    json(&JsonLine::Warning(note))
}

/// Writes a notice as one JSON object.
pub(super) fn json_notice(text: &str) -> String {
    json(&JsonLine::Notice { text })
}

fn json(line: &JsonLine<'_>) -> String {
    serde_json::to_string(line).expect("a line has only strings and numbers")
}
