//! Takes a yes back in this scanner's log: nobody passed by it; whether that may be is the ledger's to say.

use usher_device::replica::{Annulment, Replica};
use usher_protocol::Unit;
use usher_protocol::admission::Direction;
use usher_protocol::record::{Passage, RightToAnnul};
use usher_protocol::request::{Scan, TicketFacts};
use usher_words::scanner::Bar;

use crate::answer::ScanOutcome;
use crate::overruling::Overruling;
use crate::presentation;

/// Takes a scan back, and tells what came of it; of which ticket, if it is one.
pub async fn done(replica: &Replica, annulment: Annulment, ticket: Option<TicketFacts>) -> ScanOutcome {
    let phrasebook = presentation::phrasebook(replica);
    match replica.annul(annulment).await {
        Ok(annulled) => presentation::annulled(
            &phrasebook,
            annulled,
            ticket.map(|facts| phrasebook.ticket(&facts)),
        ),
        Err(_) => presentation::barred(Bar::Disk),
    }
}

/// Returns what the code of a ticket says, once its signature is verified.
#[must_use]
pub fn ticket_of(replica: &Replica, code: &[u8]) -> Option<TicketFacts> {
    let ticket = replica.verify(code).ok()?;
    Some(TicketFacts::from(ticket.ticket()))
}

/// Makes a supervisor's word on the last scan by which people passed with the ticket of a code that way; `None` while none is known here.
pub async fn of_supervisor(
    replica: &Replica,
    (code, unit): (&[u8], Unit),
    direction: Direction,
    said: &Overruling,
) -> Option<Annulment> {
    let passage = last_passage(replica, unit, direction).await?;
    Some(Annulment {
        scan: Scan {
            id: passage.scan,
            code: code.to_vec(),
            gate: passage.gate,
            direction,
            persons: passage.persons,
        },
        right: RightToAnnul::Supervisor,
        by: said.by.clone(),
        why: said.why.clone(),
    })
}

async fn last_passage(replica: &Replica, unit: Unit, direction: Direction) -> Option<Passage> {
    let look = replica.inspect(move |ledger| {
        let last = ledger.last_passage(unit, direction == Direction::In);
        last.cloned()
    });
    look.await.ok().flatten()
}
