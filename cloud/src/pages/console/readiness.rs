//! Whether an event is ready for its guests, as far as this server knows: what is done, what is missing, and what to do about it.

use usher_keys::Role;
use usher_words::console::EventState;
use usher_words::console::doors::{DoorsFinding, finding};
use usher_words::doctor::{Condition, Diagnosis};

use crate::api::organizer::devices::DeviceView;
use crate::api::organizer::events::OrganizerEventView;

use super::device_cards::troubles;

/// One thing that must be done before doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessLine {
    /// Whether it is done.
    pub is_done: bool,
    /// How it stands, and what to do.
    pub words: String,
}

impl From<Diagnosis> for ReadinessLine {
    fn from(found: Diagnosis) -> Self {
        Self {
            is_done: found.condition == Condition::Good,
            words: found.words,
        }
    }
}

/// Says what an event still lacks; without a trust bundle it has no devices.
pub fn findings(event: &OrganizerEventView, devices: Option<&[DeviceView]>) -> Vec<ReadinessLine> {
    let keys = match (&event.to_sign, devices) {
        (Some(to_sign), _) => DoorsFinding::KeysToSign(&to_sign.why),
        (None, Some(_)) => DoorsFinding::KeysSigned,
        (None, None) => DoorsFinding::NoKeys,
    };
    let published = if event.state == EventState::Draft {
        DoorsFinding::Draft
    } else {
        DoorsFinding::Published
    };
    let working = devices.unwrap_or_default().iter();
    let working: Vec<_> = working
        .filter(|device| !device.revoked && !device.retired)
        .collect();
    let of_role = |role: Role| working.iter().filter(|device| device.role == role).count();
    let hubs = DoorsFinding::Hubs(of_role(Role::Hub));
    let scanners = DoorsFinding::Scanners(of_role(Role::Scanner));
    let mut found = [keys, published, hubs, scanners].map(finding).to_vec();
    for device in working {
        let troubles = troubles(device).into_iter();
        let name = &device.name;
        found.extend(troubles.map(|trouble| {
            finding(DoorsFinding::Device {
                name,
                trouble: &trouble,
            })
        }));
    }
    found.into_iter().map(Into::into).collect()
}
