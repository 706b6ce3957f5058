//! Who came in during the last hour, minute by minute and gate by gate, and why others did not: for pages that are looked at while people come.

use usher_keys::Timestamp;
use usher_protocol::GateId;
use usher_protocol::policy::Policy;
use usher_protocol::state::State;
use usher_words::gate::refusal;

use crate::api::error::ApiError;
use crate::rights::may;
use crate::state::AppState;

use super::owned::OwnEvent;

/// Minutes that are told, the one that runs among them.
pub const MINUTES: usize = 60;

const MINUTE_MS: u64 = 60_000;
/// Over how long the pace at the gates is told: a minute alone says as much about chance.
const PACE_MS: u64 = 5 * MINUTE_MS;

/// Who came in during the last hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentArrivals {
    /// The gates, as the policy has them.
    pub gates: Vec<GateId>,
    /// When each minute began, and how many came in at each gate; the oldest first.
    pub minutes: Vec<(Timestamp, Vec<u64>)>,
    /// How many came in at each gate within the last five minutes, to the second.
    pub pace: Vec<u64>,
    /// Scans that let nobody pass since doors, in words, the most frequent first.
    pub refused: Vec<(&'static str, u64)>,
}

/// Returns who came in during the last hour.
///
/// # Errors
///
/// [`ApiError`], also without a trust bundle.
pub async fn recent(app: &AppState, own: OwnEvent<may::SeeCounts>) -> Result<RecentArrivals, ApiError> {
    let OwnEvent(event, _) = own;
    let (policy, now) = (event.policy, app.clock.now());
    let authority = app.authorities.of(event.id)?;
    let counted = authority.ask(move |writer| {
        let policy = policy.clone();
        Box::pin(async move { Ok(of(writer.state().await?, &policy, now)) })
    });
    Ok(counted.await?)
}

fn of(state: &State, policy: &Policy, now: Timestamp) -> RecentArrivals {
    let gates: Vec<GateId> = policy.gates.iter().map(|gate| gate.id).collect();
    let this = now.0 / MINUTE_MS;
    let first = this.saturating_sub(MINUTES as u64 - 1);
    let begins = (first..=this).map(|minute| Timestamp(minute * MINUTE_MS));
    let mut minutes: Vec<_> = begins.map(|begin| (begin, vec![0; gates.len()])).collect();
    let mut pace = vec![0; gates.len()];
    for passing in state.passings().into_iter().filter(|passing| passing.is_entry) {
        let minute = (passing.at.0 / MINUTE_MS).checked_sub(first);
        let minute = minute.and_then(|minute| minutes.get_mut(usize::try_from(minute).ok()?));
        let gate = gates.iter().position(|gate| *gate == passing.gate);
        let Some(gate) = gate else { continue };
        if passing.at.0.saturating_add(PACE_MS) > now.0 {
            pace[gate] += u64::from(passing.persons);
        }
        if let Some((_, numbers)) = minute {
            numbers[gate] += u64::from(passing.persons);
        }
    }
    let refused = state.counts().refused.into_iter();
    let mut refused: Vec<_> = refused.map(|(kind, scans)| (refusal(kind), scans)).collect();
    refused.sort_by_key(|(_, scans)| std::cmp::Reverse(*scans));
    RecentArrivals {
        gates,
        minutes,
        pace,
        refused,
    }
}
