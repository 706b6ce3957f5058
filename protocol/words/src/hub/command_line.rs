//! What `usher-gate-agent` says at its command line of a hub that runs or does not, of codes and logs; what it says of enrolment
//! is `enrolment`'s.

use std::path::Path;

use super::gates;

/// Why nobody answers for an event.
#[derive(Debug)]
pub enum NotServed<'a> {
    /// Its hub does not run.
    NotRunning,
    /// Its certificate is over.
    Over {
        event: &'a str,
        /// When it ended, in words.
        ended: &'a str,
    },
}

/// Says why nobody answers for an event.
pub fn not_served(hub: &str, why: &NotServed<'_>) -> String {
    match why {
        NotServed::NotRunning => format!("the hub \"{hub}\" is not running: usher-gate-agent run"),
        NotServed::Over { event, ended } => format!(
            "the certificate of the hub \"{hub}\" for {event} {ended}, so it is served no more. Check this machine's clock; if it \
             is right, enrol it anew with a code from the organizer: usher-gate-agent enroll CODE"
        ),
    }
}

/// What the status says in a line.
#[derive(Debug)]
pub enum StatusLine<'a> {
    /// Whose status it is.
    Hub { name: &'a str, event: &'a str },
    /// It may not judge.
    LetsNobodyIn,
    /// It cannot write.
    CannotSave,
    /// A certificate that ends soon, or has.
    CertificateEnds { words: &'a str },
    /// The clock is wrong.
    ClockWrong { words: &'a str },
    /// The clock is right, as far as it is known.
    Clock { words: &'a str },
    /// What should not stay as it is.
    Warning { words: &'a str },
    /// A peer that is linked.
    Linked {
        name: &'a str,
        role: &'a str,
        since: &'a str,
    },
    /// A hub that was linked and is not.
    Missing { name: &'a str, words: &'a str },
    /// An address that is dialled in vain.
    NotLinked { address: &'a str, detail: &'a str },
    /// How many people a gate has let in.
    LetIn { gate: &'a str, persons: &'a str },
    /// How many people a zone holds.
    Inside { zone: &'a str, persons: &'a str },
    /// How many scans were refused for a reason.
    Refused { words: &'a str, count: &'a str },
    /// A contradiction.
    Incident { words: &'a str },
}

/// Says one line of the status.
pub fn status_line(line: &StatusLine<'_>) -> String {
    match line {
        StatusLine::Hub { name, event } => format!("{name} \u{2014} {event}"),
        StatusLine::LetsNobodyIn => "THIS HUB LETS NOBODY IN: its certificate has run out by this machine's clock, or it was revoked. Check the clock; if it is right, enrol it anew with a code from the organizer: usher-gate-agent enroll --anew CODE".to_owned(),
        StatusLine::CannotSave => {
            "THE HUB CANNOT SAVE TO ITS DISK: no scan can be decided; make room on it or replace it".to_owned()
        }
        StatusLine::CertificateEnds { words } => format!("CERTIFICATE: {words}"),
        StatusLine::ClockWrong { words } => format!("CLOCK: {words}"),
        StatusLine::Clock { words } => format!("clock: {words}"),
        StatusLine::Warning { words } => warning(words),
        StatusLine::Linked { name, role, since } => format!("linked: {name} ({role}), {since}"),
        StatusLine::Missing { name, words } => format!("MISSING: {name}, {words}"),
        StatusLine::NotLinked { address, detail } => format!("NOT linked: {address}: {detail}"),
        StatusLine::LetIn { gate, persons } => format!("{gate}: {persons} let in"),
        StatusLine::Inside { zone, persons } => format!("{zone}: {persons} inside"),
        StatusLine::Refused { words, count } => format!("{words}: {count}"),
        StatusLine::Incident { words } => format!("INCIDENT: {words}"),
    }
}

/// Says a warning so that it is seen among other lines.
pub fn warning(words: &str) -> String {
    format!("WARNING: {words}")
}

/// Says that a hub runs.
pub fn running(name: &str, event: &str, url: &str) -> String {
    format!("The hub \"{name}\" is running for event {event}.\n  status: {url}/")
}

/// Says where hubs of a folder are reached; `enrolments` is `None` where none enrols scanners.
pub fn reached_at(quic: &str, url: &str, enrolments: Option<&str>) -> String {
    let enrolments = enrolments.unwrap_or("none: its certificate does not allow it");
    format!("  links:        {quic} (QUIC)\n  HTTP:         {url}/\n  new scanners: {enrolments}")
}

/// Says where phones are served.
pub fn phones_at(url: &str) -> String {
    format!("  phones:       {url}")
}

/// Says where pages that are scanners are served, and from where they come.
pub fn pages_at(hub: &str, page: &str) -> String {
    format!("  pages:        {hub} (WebTransport), from {page}")
}

/// No pages are served.
pub const PAGES_SHUT: &str = "pages are not served: set listen and page in [web] in the hub's settings, for example to \"0.0.0.0:4815\" and \"https://tickets.example/gate\", and start the hub again";

/// Says how a hub that was just enrolled is started.
pub fn start_with(folder: &Path) -> String {
    format!(
        "Start it with: usher-gate-agent --dir {} run (one that is running serves the event too, in a few seconds)",
        folder.display()
    )
}

/// Says how long a new scanner may work, with times in words.
pub fn scanner_until(until: &str, hub_until: &str) -> String {
    format!("The scanner may work until {until} (this hub: until {hub_until}).")
}

/// Says what a gate would say of the code in a line of a list.
pub fn of_line(line: usize, said: &str) -> String {
    format!("line {line}: {said}")
}

/// Sums a rehearsal up.
pub fn rehearsed(let_in: usize, all: usize) -> String {
    format!("{let_in} of {all} would be let in. Nobody was: nothing is written down.")
}

/// A list cannot be read.
pub fn no_list(path: &Path) -> String {
    format!("reading the list {}", path.display())
}

/// A list has nothing in it.
pub fn no_codes(path: &Path) -> String {
    format!(
        "there is no code in {}: it takes a list with a code in each line",
        path.display()
    )
}

/// A line of a list is longer than any code.
pub fn too_long_a_line(line: usize) -> String {
    format!("line {line} is longer than any code: it takes a list with a code in each line, and nothing else")
}

/// Warns of gates that the event does not have, as far as this hub knows.
pub fn unknown_gates(unknown: &[u16], known: &[u16]) -> String {
    let lacks = lacks_gates(unknown, known);
    warning(&format!(
        "{lacks}. Nobody is let in there until the organizer adds it"
    ))
}

/// Says which gates the event does not have, as far as this hub knows.
pub fn lacks_gates(unknown: &[u16], known: &[u16]) -> String {
    format!(
        "the event does not have {}, as far as this hub knows; it has {}",
        gates(unknown),
        gates(known)
    )
}

/// Says that an audit found nothing wrong.
pub const ALL_SOUND: &str = "every page, chain and head is sound";

/// Says how far a log is sound.
pub fn sound_log(origin: &str, records: u64, signed_up_to: u64) -> String {
    format!("log {origin}: {records} sound records, signed up to record {signed_up_to}")
}

/// Says what an audit found.
pub fn unsound(finding: &str) -> String {
    format!("WRONG: {finding}")
}
/// Says that a file cannot be made anew.
pub fn no_new_file(path: &Path) -> String {
    format!(
        "{} cannot be made: name a file that is not there yet",
        path.display()
    )
}

/// Says that a file is no archive that a report can be made of.
pub fn no_archive(path: &Path) -> String {
    format!("no report can be made of {}", path.display())
}

/// Says that the files of a report cannot be written.
pub fn no_report(folder: &Path) -> String {
    format!(
        "cannot write the report into {}: name a folder that you may write to",
        folder.display()
    )
}

/// Says where a report is.
pub fn reported(folder: &Path) -> String {
    format!(
        "{}: open it in a browser; the figures are in the .csv files beside it",
        folder.join("report.html").display()
    )
}

/// Says what an archive holds that was written.
pub fn archived(path: &Path, logs: u64, records: u64) -> String {
    format!(
        "{}: {records} records of {logs} logs, sealed; anybody can verify it with: usher-keys verify-archive {}",
        path.display(),
        path.display()
    )
}

/// Said by `doctor` where no event is in the folder.
pub const NO_EVENT_YET: &str =
    "this machine is not a hub yet: get a code from the organizer and run usher-gate-agent enroll CODE";

/// Says until when a hub is one.
pub fn certificate_of(hub: &str, event: &str, end: &str) -> String {
    format!("{hub} of {event}: its certificate {end}")
}

/// Says that a folder belongs to something else.
pub fn not_a_hub(name: &str, event: &str) -> String {
    format!("{name} of {event} is no hub: name the hub's folder with --dir")
}
