//! Whether an event is ready for its guests, as far as this server knows: what is done, what is missing, and what to do about it.

use usher_keys::Role;

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

impl ReadinessLine {
    fn of(is_done: bool, done: impl Into<String>, missing: impl Into<String>) -> Self {
        let words = if is_done { done.into() } else { missing.into() };
        Self { is_done, words }
    }
}

/// Says what an event still lacks; without a trust bundle it has no devices.
pub fn findings(event: &OrganizerEventView, devices: Option<&[DeviceView]>) -> Vec<ReadinessLine> {
    let is_signed = devices.is_some() && event.to_sign.is_none();
    let mut lines = vec![
        ReadinessLine::of(
            is_signed,
            "The keys are signed, and last as long as the event.",
            event.to_sign.as_ref().map_or_else(
                || {
                    "The keys are not signed yet: without that nothing is sold and no device is let in."
                        .to_owned()
                },
                |to_sign| to_sign.why.clone(),
            ),
        ),
        ReadinessLine::of(
            event.status == "published",
            "The event is published.",
            "The event is a draft: publish it, so that gates hear what its tickets open.",
        ),
    ];
    let working = devices.unwrap_or_default().iter();
    let working: Vec<_> = working
        .filter(|device| !device.revoked && !device.retired)
        .collect();
    let of_role = |role: Role| working.iter().filter(|device| device.role == role).count();
    let (hubs, scanners) = (of_role(Role::Hub), of_role(Role::Scanner));
    lines.push(ReadinessLine::of(
        hubs > 0,
        so_many(hubs, ["hub is", "hubs are"]),
        "No hub is enrolled: make a code below, and type it at a machine at the venue.",
    ));
    lines.push(ReadinessLine::of(
        scanners > 0,
        so_many(scanners, ["scanner is", "scanners are"]),
        "No scanner is enrolled: make a code below, or have a hub enrol them.",
    ));
    lines.extend(working.iter().flat_map(|device| {
        let found = troubles(device).into_iter();
        found.map(|trouble| ReadinessLine::of(false, "", format!("{}: {trouble}", device.name)))
    }));
    lines
}

fn so_many(count: usize, [one, more]: [&str; 2]) -> String {
    format!("{count} {} enrolled.", if count == 1 { one } else { more })
}
