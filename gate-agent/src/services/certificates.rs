//! The certificates a hub warns of: its own and those of its scanners, for its status and once each for its log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use usher_device::expiry::{CertificateNews, CertificateWatch};
use usher_device::replica::Replica;
use usher_keys::{PublicKey, Role, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_words::certificates::{self, CertificateNote, Holder};
use usher_words::gate::Phrasebook;

use super::Services;
use crate::links::LinkFacts;

/// How often certificates are looked at: a warning is due to the hour, not to the second.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long a scanner is listed whose certificate has ended: whoever still stands there with it wants to know, and a
/// scanner of last week is nobody's worry.
const ENDED_LISTED_MS: u64 = 24 * 60 * 60 * 1000;

/// A scanner as the logs know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerFacts {
    /// How people call it.
    pub name: String,
    /// When its certificate ends.
    pub until: Timestamp,
    /// Whether this hub enrolled it.
    pub is_ours: bool,
}

/// Lists the scanners of the event that nobody has shut out.
pub fn scanners(ledger: &Ledger, hub: PublicKey) -> BTreeMap<PublicKey, ScannerFacts> {
    let state = ledger.state();
    let scanner = |identity: &usher_keys::DeviceIdentity| {
        let certificate = identity.unverified();
        let facts = ScannerFacts {
            name: certificate.name.clone(),
            until: certificate.window.until,
            is_ours: identity.certificate.issuer == hub,
        };
        let is_meant = certificate.role == Role::Scanner && !state.is_revoked(&certificate.device);
        is_meant.then_some((certificate.device, facts))
    };
    state.devices().filter_map(scanner).collect()
}

/// What is said of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateLine {
    /// The device's key.
    pub device: String,
    /// How people call it.
    pub name: String,
    /// When its certificate ends, in milliseconds since the Unix epoch.
    pub until_ms: u64,
    /// What is said of it.
    #[serde(flatten)]
    pub note: CertificateNote,
}

/// Remembers what was said of the certificates.
#[derive(Default)]
pub struct CertificateBoard {
    /// Guards what was said; never held across an await.
    watch: Mutex<CertificateWatch>,
}

impl CertificateBoard {
    /// Says what there is to say: first of the hub's own certificate, then of those of its scanners, the earliest end first.
    pub fn lines(
        &self,
        replica: &Replica,
        known: &BTreeMap<PublicKey, ScannerFacts>,
        links: &[LinkFacts],
        phrasebook: &Phrasebook,
    ) -> Vec<CertificateLine> {
        let own = replica.certificate();
        let own_line = self.note(Holder::Own(own.role), own.device, own.window.until, phrasebook);
        let own_line = own_line.map(|note| line(own.device, (&own.name, own.window.until), note));
        let mut scanners: Vec<_> = near(known, links)
            .into_iter()
            .filter(|(_, facts)| phrasebook.now().since_ms(facts.until) < ENDED_LISTED_MS)
            .filter_map(|(device, facts)| {
                let note = self.note(Holder::Scanner(&facts.name), device, facts.until, phrasebook)?;
                Some(line(device, (&facts.name, facts.until), note))
            })
            .collect();
        scanners.sort_by_key(|line| line.until_ms);
        own_line.into_iter().chain(scanners).collect()
    }

    fn note(
        &self,
        holder: Holder<'_>,
        device: PublicKey,
        until: Timestamp,
        phrasebook: &Phrasebook,
    ) -> Option<CertificateNote> {
        let mut watch = self.locked();
        let news = watch.news(device, until, phrasebook.now());
        let warning = certificates::warning(holder, until, phrasebook);
        let renewed = || {
            watch
                .was_renewed(&device, phrasebook.now())
                .then(|| certificates::renewed(holder, until, phrasebook))
        };
        let note = warning.or_else(renewed);
        if let (Some(news), Some(note)) = (news, &note) {
            write_down(news, note);
        }
        note
    }

    fn locked(&self) -> MutexGuard<'_, CertificateWatch> {
        self.watch.lock().expect("nothing panics while it holds this")
    }
}

fn write_down(news: CertificateNews, note: &CertificateNote) {
    match news {
        CertificateNews::Warning(level) if level.is_red() => tracing::error!("{}", note.words),
        CertificateNews::Warning(_) => tracing::warn!("{}", note.words),
        CertificateNews::Renewed => tracing::info!("{}", note.words),
    }
}

fn line(device: PublicKey, (name, until): (&str, Timestamp), note: CertificateNote) -> CertificateLine {
    CertificateLine {
        device: device.to_string(),
        name: name.to_owned(),
        until_ms: until.0,
        note,
    }
}

/// Returns the scanners that this hub enrolled or is linked to, each with the longest certificate that is known of it.
fn near(known: &BTreeMap<PublicKey, ScannerFacts>, links: &[LinkFacts]) -> BTreeMap<PublicKey, ScannerFacts> {
    let mut near: BTreeMap<_, _> = known
        .iter()
        .filter(|(_, facts)| facts.is_ours)
        .map(|(device, facts)| (*device, facts.clone()))
        .collect();
    for link in links.iter().filter(|link| link.role == Role::Scanner) {
        let known = known.get(&link.peer);
        let until = known.map_or(link.until, |known| known.until.max(link.until));
        near.insert(
            link.peer,
            ScannerFacts {
                name: link.name.clone(),
                until,
                is_ours: known.is_some_and(|known| known.is_ours),
            },
        );
    }
    near
}

/// Writes each warning into the log when it is due, also while nobody looks at the status; until cancelled.
pub async fn keep_warning(services: Arc<Services>, cancel: CancellationToken) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while cancel.run_until_cancelled(look.tick()).await.is_some() {
        let replica = &services.replica;
        let hub = replica.me();
        // A replica that cannot be read has told so itself.
        let known = replica
            .inspect(move |ledger| scanners(ledger, hub))
            .await
            .unwrap_or_default();
        let phrasebook = replica.snapshot().phrasebook(replica.clock().now());
        services
            .certificates
            .lines(replica, &known, &services.links.facts(), &phrasebook);
    }
}

#[cfg(test)]
mod tests;
