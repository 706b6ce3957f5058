//! The other events that this device scans for: whose ticket a code is that is none of tonight's; judging it is done when that event is on.

use std::sync::Arc;

use usher_device::folder::Contents;
use usher_device::replica::Replica;
use usher_keys::{EventId, Timestamp};
use usher_protocol::trust::Trust;

/// The other events of a device, as they were known when it was switched on.
#[derive(Clone, Default)]
pub struct Others {
    events: Vec<(String, Arc<Trust>)>,
}

impl Others {
    /// Reads who signs the tickets of all events of a folder but one. What cannot be read is left out.
    #[must_use]
    pub fn of(contents: &Contents, event: EventId) -> Self {
        let others = contents.events.iter().filter(|enrolled| enrolled.event != event);
        let events = others.filter_map(|enrolled| {
            let enrolment = Replica::read_enrolment(&enrolled.directory.replica_path()).ok()?;
            let trust = Trust::pin(&enrolment.roots, enrolment.bundle).ok()?;
            Some((enrolled.event_name(), Arc::new(trust)))
        });
        Self {
            events: events.collect(),
        }
    }

    /// Returns the name of the event that a code is a genuine ticket of.
    #[must_use]
    pub fn event_of(&self, code: &[u8], now: Timestamp) -> Option<&str> {
        let found = self
            .events
            .iter()
            .find(|(_, trust)| trust.keyring().verify_text(code, now).is_ok());
        found.map(|(name, _)| name.as_str())
    }
}
