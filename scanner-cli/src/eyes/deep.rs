//! The deep eye: all there is for the newest of the frames in which the quick one read nothing.

use std::time::{Duration, Instant};

use usher_eyes::{Allowance, DeepReader, STEPS_A_FRAME};

use super::Job;
use super::exchange::Exchange;

/// Time a deep pass has. With the quick one before it, no frame takes more than half a second.
const DEEP_WITHIN: Duration = Duration::from_millis(400);

/// Time between two deep passes where no code is seen at all: an empty gate must not heat the computer, and a code that
/// only a deep pass finds waits no longer than this.
const SEARCH_EVERY: Duration = Duration::from_millis(250);

/// The deep eye: looks at the newest frame that was not read, as long as that may take.
pub(super) fn read_deeply(exchange: &Exchange) {
    let mut reader = DeepReader::default();
    let mut next_search = Instant::now();
    while let Some(Job { shown, region }) = exchange.job() {
        if region.is_none() {
            if Instant::now() < next_search {
                continue;
            }
            next_search = Instant::now() + SEARCH_EVERY;
        }
        let deadline = Instant::now() + DEEP_WITHIN;
        let may_go_on = || Instant::now() < deadline && exchange.is_wanted();
        let allowance = Allowance::asking(STEPS_A_FRAME, &may_go_on);
        let findings = reader.read(&shown.shot.frame, region, &allowance);
        exchange.found(shown, findings);
    }
}
