//! What the console says of a device: when it was heard, and what is wrong with it, with what to do.

/// When the cloud heard a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceContact<'a> {
    /// It is linked.
    Now,
    /// It was linked.
    Last {
        /// When, at the event.
        at: &'a str,
    },
    /// It is a hub that never was.
    Never,
    /// It is a scanner that never was.
    NeverScanner,
}

/// Says when a device was heard.
pub fn contact(contact: DeviceContact<'_>) -> String {
    match contact {
        DeviceContact::Now => "linked now".to_owned(),
        DeviceContact::Last { at } => format!("last linked {at}"),
        DeviceContact::Never => "never linked here".to_owned(),
        DeviceContact::NeverScanner => "never linked here: scanners are linked to hubs".to_owned(),
    }
}

/// What is wrong with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTrouble<'a> {
    /// It was revoked.
    Revoked,
    /// It is a hub that was retired.
    Retired,
    /// Its log has two histories.
    TwoHistories,
    /// Its certificate ends soon, or has ended.
    Certificate {
        /// When, as `certificates` says it.
        end: &'a str,
    },
    /// Its clock is wrong.
    Clock {
        /// By how much, as `organizer` says it.
        apart: &'a str,
    },
    /// It is a hub that is not linked.
    HubAway,
}

/// Says what is wrong with a device, and what to do.
pub fn trouble(trouble: DeviceTrouble<'_>) -> String {
    match trouble {
        DeviceTrouble::Revoked => "Revoked: nobody talks to it any more.".to_owned(),
        DeviceTrouble::Retired => "Retired: other hubs decide on its tickets.".to_owned(),
        DeviceTrouble::TwoHistories => {
            "It has two histories. Its records are ignored until you choose which history counts, or enrol it anew.".to_owned()
        }
        DeviceTrouble::Certificate { end } => format!("Its certificate {end}: enrol it anew."),
        DeviceTrouble::Clock { apart } => format!("Its clock is {apart}."),
        DeviceTrouble::HubAway => {
            "It is not linked to this server: what it hears and writes waits. Look at its network, and whether it runs.".to_owned()
        }
    }
}
