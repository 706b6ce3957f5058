//! Finds the scan that a supervisor takes back; whether it may be taken back is the ledger's to say.

use usher_protocol::Unit;
use usher_protocol::admission::Direction;
use usher_protocol::record::RightToAnnul;

use super::{Annulment, Replica};

impl Replica {
    /// Makes the annulment of the last scan by which people passed with a code's ticket in this direction, by a supervisor's
    /// name and reason; `None` while no such scan is known here.
    pub async fn undo_of_supervisor(
        &self,
        (code, unit): (&[u8], Unit),
        direction: Direction,
        (by, why): (&str, &str),
    ) -> Option<Annulment> {
        let shown = code.to_vec();
        let look = self.inspect(move |ledger| ledger.last_scan_of((&shown, unit), direction));
        Some(Annulment {
            scan: look.await.ok().flatten()?,
            right: RightToAnnul::Supervisor,
            by: by.to_owned(),
            why: why.to_owned(),
        })
    }
}
