//! What whoever watches over a hub must not miss: settings, its retirement, that others refuse it, that its program is too old, that its
//! log has two histories or was cut short; what its clock and its certificate say is told apart.

use std::sync::atomic::Ordering;

use usher_words::hub::{self, NotReady, not_ready};

use super::Services;

/// Returns what is wrong with the hub's own log, so that it lets nobody in.
pub fn of_own_log(services: &Services) -> Option<NotReady> {
    let snapshot = services.replica.snapshot();
    // Which copy counts must be settled first: a person does that, and nothing comes back before.
    let forked = snapshot.is_frozen.then_some(NotReady::LogForked);
    forked.or_else(|| snapshot.is_behind_own_past.then_some(NotReady::LogBehind))
}

/// Returns all that is to be said now, first what lets nobody in.
pub fn all(services: &Services) -> Vec<String> {
    let of_own_log = of_own_log(services).map(|why| not_ready(why).to_owned());
    of_own_log.into_iter().chain(now(services)).collect()
}

/// Returns what is to be said now although people can be let in.
pub fn now(services: &Services) -> Vec<String> {
    let snapshot = services.replica.snapshot();
    let too_old = snapshot.is_beyond_us.then(|| hub::UPDATE_NEEDED.to_owned());
    let retired = snapshot.is_retired.then(|| hub::RETIRED.to_owned());
    let refused = services.links.is_refused().then(|| hub::REFUSED.to_owned());
    let forced = services.forced.load(Ordering::Relaxed);
    let forced = (forced > 0).then(|| hub::phones::forced(forced));
    let set_up = services.warnings.iter().map(|words| (*words).to_owned());
    too_old
        .into_iter()
        .chain(retired)
        .chain(refused)
        .chain(forced)
        .chain(set_up)
        .collect()
}
