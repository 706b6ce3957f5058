//! What an operator must know before a halted event goes on: how much of the authority's log is still with devices, and which hubs have
//! not shown since then what they hold.

use std::sync::Arc;

use usher_keys::{EventId, PublicKey, Role, Timestamp};
use usher_protocol::Seq;
use usher_protocol::ledger::Ledger;
use usher_protocol::state::State;
use usher_protocol::trust::Trust;

use super::ledgers;
use crate::store::authority::Halt;
use crate::store::{Store, StoreError};

/// How a halted event stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HaltSurvey {
    /// How many records of the authority's log devices were seen to hold that are not stored.
    pub lacking: u64,
    /// The names of the hubs that were not linked since the halt.
    pub unheard: Vec<String>,
    /// How many hubs were.
    pub heard: usize,
}

impl HaltSurvey {
    /// Tells whether nobody is known who may hold more of the authority's log than is stored.
    pub fn is_complete(&self) -> bool {
        self.lacking == 0 && self.unheard.is_empty() && self.heard > 0
    }
}

/// Looks at a halted event; `None` if no key was ever made for it, and so no authority that could contradict itself.
///
/// # Errors
///
/// [`StoreError`].
pub async fn survey(
    store: &Store,
    (event, halt): (EventId, &Halt),
    now: Timestamp,
) -> Result<Option<HaltSurvey>, StoreError> {
    let Some(pinned) = store.trust_bundle(event).await? else {
        // With keys and no bundle, the bundle may have come after the copy was made, and the authority have spoken.
        let has_keys = !store.event_keys(event).await?.is_empty();
        return Ok(has_keys.then(HaltSurvey::default));
    };
    let unreadable = |_| StoreError::Unreadable { what: "trust bundle" };
    let trust = Arc::new(Trust::pin(&pinned.roots, pinned.signed).map_err(unreadable)?);
    let ledger = folded(store, event, (trust, now)).await?;
    let mut survey = HaltSurvey::default();
    if let Some(past) = &halt.past {
        let Seq(stored) = ledger.tail(&past.origin).seq;
        survey.lacking = past.tail.seq.0.saturating_sub(stored);
    }
    let contacts = store.contacts(event).await?;
    let since = contacts.iter().filter(|contact| contact.seen_at >= halt.since);
    let heard: Vec<_> = since.map(|contact| contact.device).collect();
    for (device, name) in hubs(ledger.state(), now) {
        if heard.contains(&device) {
            survey.heard += 1;
        } else {
            survey.unheard.push(name);
        }
    }
    Ok(Some(survey))
}

/// Lists the hubs whose certificates still last and that nobody has revoked or retired, with their names.
fn hubs(state: &State, now: Timestamp) -> Vec<(PublicKey, String)> {
    let (register, rosters) = (state.register(), state.rosters());
    let certificates = register.enrolled.values().map(|identity| identity.unverified());
    let working = certificates.filter(|certificate| {
        certificate.role == Role::Hub
            && certificate.window.until > now
            && !register.revoked.contains_key(&certificate.device)
            && !rosters.retired().contains(&certificate.device)
    });
    working
        .map(|certificate| (certificate.device, certificate.name.clone()))
        .collect()
}

/// Folds all that is stored of an event; nothing is written with this ledger.
async fn folded(
    store: &Store,
    event: EventId,
    (trust, now): (Arc<Trust>, Timestamp),
) -> Result<Ledger, StoreError> {
    let nobody = trust.bundle().authority_keys.first().map(|trusted| trusted.key);
    let me = nobody.ok_or(StoreError::Unreadable { what: "trust bundle" })?;
    let mut ledger = Ledger::new(me, None, trust);
    loop {
        let changes = ledgers::changes(store, event, &ledger).await?;
        ledgers::take(&mut ledger, changes.grown, now).1?;
        if changes.is_complete || changes.has_newer_bundle || changes.has_dropped {
            return Ok(ledger);
        }
    }
}
