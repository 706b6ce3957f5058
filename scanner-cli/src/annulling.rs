//! Takes a yes back in this scanner's log: nobody passed by it; whether that may be is the ledger's to say.

use usher_device::replica::{Annulment, Replica};
use usher_protocol::admission::Direction;
use usher_protocol::correction::{AnnulledScan, Correction, NotAnnulled, PinnedCorrection};
use usher_protocol::pin::Pin;
use usher_protocol::request::TicketFacts;
use usher_words::scanner::Bar;

use crate::answer::ScanOutcome;
use crate::corrections;
use crate::links::Hubs;
use crate::overruling::Overruling;
use crate::presentation;

/// Takes a scan back, and tells what came of it; of which ticket, if it is one.
pub async fn done(replica: &Replica, annulment: Annulment, ticket: Option<TicketFacts>) -> ScanOutcome {
    let phrasebook = presentation::phrasebook(replica);
    match replica.annul(annulment).await {
        Ok(annulled) => presentation::annulled(
            &phrasebook,
            annulled.map(|passage| passage.as_ref().map(AnnulledScan::from)),
            ticket.map(|facts| phrasebook.ticket(&facts)),
        ),
        Err(_) => presentation::barred(Bar::Disk),
    }
}

/// Returns what the code of a ticket says, once its signature is verified.
#[must_use]
pub fn ticket_of(replica: &Replica, code: &[u8]) -> Option<TicketFacts> {
    let ticket = replica.verify_earlier(code).ok()?;
    Some(TicketFacts::from(ticket.ticket()))
}

/// Has a hub take back the last scan of a ticket that way, by a supervisor's PIN, and tells what came of it.
pub async fn by_pin(
    (replica, hubs): (&Replica, &Hubs),
    (code, direction): (Vec<u8>, Direction),
    (said, pin): (Overruling, Pin),
) -> ScanOutcome {
    let ticket = ticket_of(replica, &code);
    let (by, why) = (said.by, said.why);
    let pinned = PinnedCorrection {
        correction: Correction::Undo { code, direction, why },
        by,
        pin,
    };
    let corrected = corrections::corrected(hubs, &pinned).await;
    let phrasebook = presentation::phrasebook(replica);
    let ticket = ticket.map(|facts| phrasebook.ticket(&facts));
    match corrected {
        Ok(corrected) => presentation::corrected_undo(&phrasebook, corrected, ticket),
        Err(why) => presentation::not_corrected(&phrasebook, why),
    }
}

/// Takes back the last scan of a ticket that way in this scanner's log, by the word of a supervisor whose scanner it is.
pub async fn by_supervisor(
    replica: &Replica,
    (code, direction): (&[u8], Direction),
    said: &Overruling,
) -> ScanOutcome {
    let ticket = ticket_of(replica, code);
    let annulment = match ticket {
        Some(ticket) => {
            let said = (&*said.by, &*said.why);
            replica
                .undo_of_supervisor((code, ticket.unit), direction, said)
                .await
        }
        None => None,
    };
    match annulment {
        Some(annulment) => done(replica, annulment, ticket).await,
        None => presentation::not_annulled(NotAnnulled::NobodyPassed),
    }
}
