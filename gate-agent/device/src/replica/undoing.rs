//! Finds the scan that a supervisor takes back; whether it may be taken back is the ledger's to say.

use usher_protocol::Unit;
use usher_protocol::admission::Direction;
use usher_protocol::record::RightToAnnul;
use usher_protocol::request::Scan;

use super::{Annulment, Replica};

impl Replica {
    /// Makes a supervisor's word, with name and reason, on the last scan by which people passed with the ticket of a code that way;
    /// `None` while none is known here.
    pub async fn undo_of_supervisor(
        &self,
        (code, unit): (&[u8], Unit),
        direction: Direction,
        (by, why): (&str, &str),
    ) -> Option<Annulment> {
        let look = self.inspect(move |ledger| {
            let last = ledger.last_passage(unit, direction == Direction::In);
            last.map(|passage| (passage.scan, passage.gate, passage.persons))
        });
        let (id, gate, persons) = look.await.ok().flatten()?;
        Some(Annulment {
            scan: Scan {
                id,
                code: code.to_vec(),
                gate,
                direction,
                persons,
            },
            right: RightToAnnul::Supervisor,
            by: by.to_owned(),
            why: why.to_owned(),
        })
    }
}
