//! Takes a supervisor's count of the people in a zone, once everything is here that it corrects; what follows from it is the ledger's.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use usher_device::replica::Replica;
use usher_keys::PublicKey;
use usher_protocol::GateId;
use usher_protocol::correction::{Correction, NotCounted, PinnedCorrection};
use usher_protocol::policy::Zone;
use usher_words::gate::UNNAMED;
use usher_words::scanner::{self as words, Bar};

use crate::answer::ScanOutcome;
use crate::corrections;
use crate::links::Hubs;
use crate::order::CountedBy;
use crate::presentation;

/// How long to wait for the hubs: what they know of the zone is what is corrected.
pub const WAIT_FOR_HUBS: Duration = Duration::from_secs(5);
/// How often to look whether they are there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Takes a count of the zone behind a gate, by a PIN or in this scanner's log, and tells what came of it.
pub async fn counted(
    (replica, hubs): (&Replica, &Hubs),
    gate: GateId,
    CountedBy { inside, by, pin }: CountedBy,
) -> ScanOutcome {
    let policy = replica.snapshot().policy.clone();
    let zone = policy
        .as_deref()
        .and_then(|policy| policy.zone(policy.gate(gate)?.zone));
    let Some(Zone { id, name, .. }) = zone else {
        return presentation::counted("", inside, Some(words::not_counted(NotCounted::NoSuchZone)));
    };
    let refused = match pin {
        Some(pin) => {
            let correction = Correction::Count { zone: *id, inside };
            let pinned = PinnedCorrection { correction, by, pin };
            match corrections::corrected(hubs, &pinned).await {
                Ok(corrected) => presentation::not_counted(corrected),
                Err(why) => return presentation::not_corrected(&presentation::phrasebook(replica), why),
            }
        }
        None if hear_all(replica, hubs).await.is_err() => Some(words::hubs_missing()),
        None => match replica.count((*id, inside), by).await {
            Ok(counted) => counted.err().map(words::not_counted),
            Err(_) => return presentation::barred(Bar::Disk),
        },
    };
    presentation::counted(name, inside, refused)
}

/// Waits for all hubs and for all they have written: who went in or out by a record that comes later would be counted once more.
///
/// # Errors
/// The names of those that are missing.
pub async fn hear_all(replica: &Replica, hubs: &Hubs) -> Result<(), Vec<String>> {
    let until = Instant::now() + WAIT_FOR_HUBS;
    loop {
        let missing = missing(replica, hubs);
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(missing);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Names the hubs of the event that are not linked, or whose log is not here as far as they say it goes.
fn missing(replica: &Replica, hubs: &Hubs) -> Vec<String> {
    let (snapshot, linked) = (replica.snapshot(), hubs.linked());
    let is_heard = |hub: &PublicKey| {
        let mut linked = linked.iter().map(|hub| &hub.connection);
        linked.any(|line| line.peer() == *hub && line.has_peers_log())
    };
    let missing = snapshot.roster.iter().filter(|hub| !is_heard(hub));
    let name = |hub: &PublicKey| snapshot.names.get(hub).cloned();
    missing
        .map(|hub| name(hub).unwrap_or_else(|| UNNAMED.to_owned()))
        .collect()
}
