//! The certificates that a hub shows pages: made by itself and ahead of time, kept so that a page that was away finds the hub again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use usher_keys::Timestamp;
use usher_keys::file::{PRIVATE_MODE, read_file, replace_file};
use usher_link::PageCertificate;
use usher_protocol::web::{CertificateHash, NamedCertificate};
use usher_words::hub;

/// How long each is shown.
const SHOWN_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How long each is good before and after it is shown: browsers take fourteen days in all, and phones' clocks are wrong.
const MARGIN_MS: u64 = SHOWN_MS / 2;
/// How many are made ahead: a page that was away for a fortnight knows the one that it meets.
const AHEAD: u64 = 2;
/// The name in a certificate; browsers that pin one do not read it.
const NAME: &str = "usher.invalid";
/// Largest such file, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024;

/// Returns where they lie in a hub's folder.
pub fn path_in(folder: &Path) -> PathBuf {
    folder.join("pages.json")
}

/// A certificate and its key, by the number of its week since 1970.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// DER, in base64.
    certificate: String,
    /// PKCS#8, in base64.
    key: String,
}

/// The certificates of this week and the next.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageCertificates {
    by_week: BTreeMap<u64, Kept>,
}

impl PageCertificates {
    /// Reads those that are kept.
    ///
    /// # Errors
    ///
    /// The file is not there, or damaged.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read_file::<MAX_FILE_BYTES>(path)?;
        serde_json::from_slice(&bytes).with_context(|| hub::page_certificates_damaged(path))
    }

    /// Reads those that are kept, makes what is missing of this week and the next, and forgets what is over.
    ///
    /// # Errors
    ///
    /// The file is damaged or cannot be written.
    pub fn keep(path: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let mut certificates = if path.exists() {
            Self::read(path)?
        } else {
            Self::default()
        };
        let (this_week, before) = (week(now), certificates.by_week.len());
        certificates.by_week.retain(|week, _| *week >= this_week);
        let mut is_changed = certificates.by_week.len() != before;
        for week in this_week..=this_week + AHEAD {
            if let Entry::Vacant(missing) = certificates.by_week.entry(week) {
                missing.insert(Kept::make(week)?);
                is_changed = true;
            }
        }
        if is_changed {
            let text = serde_json::to_vec_pretty(&certificates).context("certificates have a JSON form")?;
            replace_file(path, &text, PRIVATE_MODE)?;
        }
        Ok(certificates)
    }

    /// Tells whether [`PageCertificates::keep`] has something to do.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let this_week = week(now);
        // A clock that was set back has weeks before the ones that were made.
        let mut needed = this_week..=this_week + AHEAD;
        self.by_week.keys().any(|week| *week < this_week)
            || needed.any(|week| !self.by_week.contains_key(&week))
    }

    /// Returns the one to show now, with what pages are told of it and the others.
    ///
    /// # Errors
    ///
    /// It is not kept, or damaged.
    pub fn shown(&self, now: Timestamp) -> anyhow::Result<PageCertificate> {
        let kept = self.by_week.get(&week(now));
        let kept = kept.context("there is no certificate of this week")?;
        let (certificate, key) = kept.decoded().context("a certificate of pages.json is damaged")?;
        Ok(PageCertificate {
            hash: hash(&certificate),
            certificate,
            key: key.into(),
            named: self.named(now),
        })
    }

    /// Returns by what pages know the hub, from now on.
    pub fn named(&self, now: Timestamp) -> Vec<NamedCertificate> {
        let from_now_on = self.by_week.range(week(now)..).take(1 + AHEAD as usize);
        let named = from_now_on.filter_map(|(week, kept)| {
            let (certificate, _) = kept.decoded()?;
            Some(NamedCertificate {
                hash: hash(&certificate),
                until: Timestamp(
                    week.saturating_add(1)
                        .saturating_mul(SHOWN_MS)
                        .saturating_add(MARGIN_MS),
                ),
            })
        });
        named.collect()
    }
}

impl Kept {
    fn make(week: u64) -> anyhow::Result<Self> {
        let key = KeyPair::generate().context("the system gives no key")?;
        let mut wanted = CertificateParams::new([NAME.to_owned()]).context("the name is plain")?;
        let begin = week * SHOWN_MS;
        let epoch = date_time_ymd(1970, 1, 1);
        wanted.not_before = epoch + Duration::from_millis(begin.saturating_sub(MARGIN_MS));
        wanted.not_after = epoch + Duration::from_millis(begin + SHOWN_MS + MARGIN_MS);
        let made = wanted.self_signed(&key).context("a certificate cannot be made")?;
        Ok(Self {
            certificate: data_encoding::BASE64.encode(made.der()),
            key: data_encoding::BASE64.encode(&key.serialize_der()),
        })
    }

    fn decoded(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let bytes = |text: &str| data_encoding::BASE64.decode(text.as_bytes()).ok();
        Some((bytes(&self.certificate)?, bytes(&self.key)?))
    }
}

fn week(now: Timestamp) -> u64 {
    now.0 / SHOWN_MS
}

fn hash(certificate: &[u8]) -> CertificateHash {
    let hash = digest(&SHA256, certificate);
    CertificateHash(*hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(2_900 * SHOWN_MS + 5);

    fn later(weeks: u64) -> Timestamp {
        NOW.plus_ms(weeks * SHOWN_MS)
    }

    #[test]
    fn a_page_that_was_away_for_a_fortnight_knows_the_certificate_that_it_meets() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        let first = PageCertificates::keep(&path, NOW).unwrap();
        let known = first.named(NOW);
        assert_eq!(known.len(), 3);
        assert_eq!(known[0].hash, first.shown(NOW).unwrap().hash);
        assert!(!first.is_due(NOW));
        for weeks in 0..3 {
            let now = later(weeks);
            let kept = PageCertificates::keep(&path, now).unwrap();
            assert_eq!(
                kept.shown(now).unwrap().hash,
                known[usize::try_from(weeks).unwrap()].hash
            );
            assert_eq!(kept.named(now).len(), 3);
        }
        assert!(first.is_due(later(1)));
    }

    #[test]
    fn a_clock_that_goes_back_makes_a_certificate_and_a_damaged_file_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        PageCertificates::keep(&path, later(9)).unwrap();
        let ahead = PageCertificates::read(&path).unwrap();
        for weeks in [8, 7, 0] {
            assert!(ahead.is_due(later(weeks)), "{weeks}");
        }
        let back = PageCertificates::keep(&path, NOW).unwrap();
        assert!(back.shown(NOW).is_ok());
        assert!(!back.is_due(NOW));
        assert_eq!(back.named(NOW).len(), 3);
        std::fs::write(&path, b"{\"1\": 2}").unwrap();
        let refused = PageCertificates::keep(&path, NOW).err().unwrap();
        assert!(refused.to_string().contains("pages.json"), "{refused:#}");
    }
}
