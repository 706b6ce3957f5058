//! How a scanner stands: whom it is linked to, how fresh its knowledge is, whether it may judge, its certificate ends and its clock is right;
//! showing it is the screen's.

use std::sync::{Arc, Mutex};

use usher_device::expiry::CertificateWatch;
use usher_device::replica::Replica;
use usher_protocol::clock::ClockHealth;
use usher_words::certificates::{self, CertificateNote, Holder};
use usher_words::scanner as words;

use crate::links::Hubs;
use crate::presentation;
use crate::scan_judge;

/// Between the parts of the line.
const SEPARATOR: &str = " | ";

/// How a scanner stands at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScannerStatus {
    /// Whom it is linked to and how fresh its knowledge is.
    pub line: String,
    /// What is to be said of its certificate.
    pub certificate: Option<CertificateNote>,
    /// Why it judges nothing, in words.
    pub bar: Option<String>,
    /// That its clock is wrong, in words.
    pub clock: Option<String>,
    /// The same as it is measured: words change with each minute, and that is no news.
    pub clock_health: ClockHealth,
}

/// Looks again and again how a scanner stands.
pub struct StatusWatch {
    replica: Arc<Replica>,
    hubs: Hubs,
    /// Guards what was seen of the certificate.
    watch: Mutex<CertificateWatch>,
}

impl StatusWatch {
    /// Looks at that replica and these links.
    #[must_use]
    pub fn new(replica: Arc<Replica>, hubs: Hubs) -> Self {
        Self {
            replica,
            hubs,
            watch: Mutex::default(),
        }
    }

    /// Says how the scanner stands at the moment.
    ///
    /// # Panics
    /// Never: nothing panics while it looks at the certificate.
    #[must_use]
    pub fn now(&self) -> ScannerStatus {
        ScannerStatus {
            line: line(&self.replica, &self.hubs),
            certificate: self.certificate(),
            bar: scan_judge::bar_shown(&self.replica, &self.hubs).map(|bar| words::barred(bar).line()),
            clock: self.replica.clock_trouble(),
            clock_health: self.replica.clock_health(),
        }
    }

    fn certificate(&self) -> Option<CertificateNote> {
        let (certificate, phrasebook) = (
            self.replica.certificate(),
            presentation::phrasebook(&self.replica),
        );
        let (device, until) = (certificate.device, certificate.window.until);
        let holder = Holder::Own(certificate.role);
        let mut watch = self.watch.lock().expect("nothing panics while it holds this");
        let news = watch.news(device, until, phrasebook.now());
        let renewed = watch.was_renewed(&device, phrasebook.now());
        let note = certificates::warning(holder, until, &phrasebook)
            .or_else(|| renewed.then(|| certificates::renewed(holder, until, &phrasebook)));
        if let (Some(_), Some(note)) = (news, &note) {
            tracing::warn!("{}", note.words);
        }
        note
    }
}

/// Says how the scanner is linked and how fresh its knowledge is, in one line.
#[must_use]
pub fn line(replica: &Replica, hubs: &Hubs) -> String {
    let phrasebook = presentation::phrasebook(replica);
    let fresh = phrasebook.freshness(replica.fresh_as_of(), replica.cloud_heard());
    let alone =
        (replica.clock().compared() == 0).then(|| words::by_own_clock(&phrasebook.date(phrasebook.now())));
    let parts = [Some(link(hubs)), Some(fresh), alone].into_iter().flatten();
    parts.collect::<Vec<_>>().join(SEPARATOR)
}

/// The hubs that are linked, or why none is.
fn link(hubs: &Hubs) -> String {
    let names: Vec<String> = hubs.linked().into_iter().map(|hub| hub.name).collect();
    if !names.is_empty() {
        return words::linked_to(&names);
    }
    if hubs.is_empty() {
        return words::NO_ADDRESS.to_owned();
    }
    match hubs.away().first() {
        Some((addr, why)) => format!("{} ({addr}: {why})", words::NO_HUB),
        None => words::NO_HUB.to_owned(),
    }
}
