//! Corrects what was written by the word of a supervisor whose PIN was seen: takes scans back and takes counts; whether that may be is the ledger's to say.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use usher_device::replica::{Annulment, Replica};
use usher_keys::Certificate;
use usher_link::Connection;
use usher_protocol::ZoneId;
use usher_protocol::admission::Direction;
use usher_protocol::correction::{AnnulledScan, Correction, CorrectionOutcome, NotAnnulled};
use usher_protocol::request::RequestError;

use crate::links::Links;

/// How long is waited for what other hubs have written: their sessions tell of scans ten times a second.
const HEARD_WITHIN: Duration = Duration::from_secs(1);
/// How often is looked for it meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Corrects what stands in the logs, by records of this hub's own.
pub struct Corrections {
    replica: Arc<Replica>,
    links: Arc<Links>,
}

impl Corrections {
    /// Corrects by this replica, beside these links.
    pub fn new(replica: &Arc<Replica>, links: &Arc<Links>) -> Self {
        Self {
            replica: Arc::clone(replica),
            links: Arc::clone(links),
        }
    }

    /// Carries out what a supervisor says at a scanner, durably. A scanner takes back nothing at gates that are not its own.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotAllowed`] when this hub itself may not override, [`RequestError::Unavailable`].
    pub async fn carry_out(
        &self,
        scanner: &Certificate,
        correction: Correction,
        by: String,
    ) -> Result<CorrectionOutcome, RequestError> {
        // Its log would say so, and nobody would believe it.
        if !self.replica.certificate().capabilities.override_refusals {
            return Err(RequestError::NotAllowed);
        }
        match correction {
            Correction::Undo { code, direction, why } => {
                self.undo(scanner, (&code, direction), (&by, &why)).await
            }
            Correction::Count { zone, inside } => self.count((zone, inside), by).await,
        }
    }

    async fn undo(
        &self,
        scanner: &Certificate,
        (code, direction): (&[u8], Direction),
        said: (&str, &str),
    ) -> Result<CorrectionOutcome, RequestError> {
        let Some(annulment) = self.last_scan((code, direction), said).await else {
            return Ok(CorrectionOutcome::NotUndone(NotAnnulled::NobodyPassed));
        };
        if !scanner.serves(annulment.scan.gate.0) {
            return Ok(CorrectionOutcome::NotUndone(NotAnnulled::NotAllowed));
        }
        Ok(match self.replica.annul(annulment).await? {
            // A supervisor takes back only what is known here.
            Ok(passage) => passage.map_or(
                CorrectionOutcome::NotUndone(NotAnnulled::NobodyPassed),
                |passage| CorrectionOutcome::Undone(AnnulledScan::from(&passage)),
            ),
            Err(why) => CorrectionOutcome::NotUndone(why),
        })
    }

    /// Waits for the ticket's last scan: the home's record of it may come only now.
    async fn last_scan(
        &self,
        (code, direction): (&[u8], Direction),
        said: (&str, &str),
    ) -> Option<Annulment> {
        let unit = self.replica.verify_earlier(code).ok()?.ticket().unit;
        let until = Instant::now() + HEARD_WITHIN;
        loop {
            let found = self
                .replica
                .undo_of_supervisor((code, unit), direction, said)
                .await;
            if found.is_some() || Instant::now() >= until {
                return found;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Takes a count once all that the other hubs have written is here: who went in or out by a record that comes later would be counted
    /// once more.
    async fn count(&self, counted: (ZoneId, u32), by: String) -> Result<CorrectionOutcome, RequestError> {
        let until = Instant::now() + HEARD_WITHIN;
        while !self.hears_all() {
            if Instant::now() >= until {
                return Ok(CorrectionOutcome::HubsMissing);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(match self.replica.count(counted, by).await? {
            Ok(()) => CorrectionOutcome::Counted,
            Err(why) => CorrectionOutcome::NotCounted(why),
        })
    }

    fn hears_all(&self) -> bool {
        let (snapshot, me) = (self.replica.snapshot(), self.replica.me());
        let mut others = snapshot.roster.iter().filter(|hub| **hub != me);
        others.all(|hub| self.links.connections(hub).iter().any(Connection::has_peers_log))
    }
}
