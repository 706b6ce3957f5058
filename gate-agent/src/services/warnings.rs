//! What whoever watches over a hub must not miss although people can be let in: settings, its retirement, that others refuse it;
//! what its clock and its certificate say is told apart.

use std::sync::atomic::Ordering;

use usher_words::hub;

use super::Services;

/// Returns what is to be said now.
pub fn now(services: &Services) -> Vec<String> {
    let is_retired = services.replica.snapshot().is_retired;
    let retired = is_retired.then(|| hub::RETIRED.to_owned());
    let refused = services.links.is_refused().then(|| hub::REFUSED.to_owned());
    let forced = services.forced.load(Ordering::Relaxed);
    let forced = (forced > 0).then(|| hub::phones::forced(forced));
    let set_up = services.warnings.iter().map(|words| (*words).to_owned());
    retired
        .into_iter()
        .chain(refused)
        .chain(forced)
        .chain(set_up)
        .collect()
}
