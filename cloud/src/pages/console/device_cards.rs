//! What a page says of a device: how the cloud knows it, in words, and what is wrong with it.

use usher_keys::Role;
use usher_words::console::devices::{DeviceContact, DeviceTrouble, contact, trouble};

use crate::api::organizer::devices::DeviceView;
use crate::catalogue::Event;
use crate::local_time::day_and_time;

/// What a page says of a device.
pub struct DeviceCard {
    /// Its public key: what it is called in paths.
    pub device: String,
    /// How people call it.
    pub name: String,
    /// `hub` or `scanner`.
    pub role: &'static str,
    /// When it was heard, in words.
    pub heard: String,
    /// How many records it lacks.
    pub behind: u64,
    /// When its certificate ends, in words.
    pub certificate: String,
    /// What is wrong with it, and what to do.
    pub troubles: Vec<String>,
    /// Whether it is one no more.
    pub is_out: bool,
}

impl DeviceCard {
    /// Says of a device what the API says of it.
    pub fn of(device: &DeviceView, event: &Event) -> Self {
        let last = device.last_contact;
        let last = last.map(|at| day_and_time(at.0, event.policy.offset_at(at.0)));
        let heard = match &last {
            _ if device.linked => DeviceContact::Now,
            Some(at) => DeviceContact::Last { at },
            None if device.role == Role::Scanner => DeviceContact::NeverScanner,
            None => DeviceContact::Never,
        };
        Self {
            troubles: troubles(device),
            device: device.device.to_string(),
            name: device.name.clone(),
            role: role_word(device.role),
            heard: contact(heard),
            behind: device.records_behind,
            certificate: device.certificate_in_words.clone(),
            is_out: device.revoked || device.retired,
        }
    }
}

/// Says of the devices that are still ones whose clock is wrong, and by how much: each with its name.
pub fn wrong_clocks(devices: &[DeviceView]) -> Vec<(String, String)> {
    let working = devices.iter().filter(|device| !device.revoked && !device.retired);
    working
        .filter_map(|device| Some((device.name.clone(), trouble(clock_trouble(device)?))))
        .collect()
}

fn clock_trouble(device: &DeviceView) -> Option<DeviceTrouble<'_>> {
    let apart = device.clock_warning.as_deref()?;
    Some(DeviceTrouble::Clock { apart })
}

/// Returns the word of a device's role.
fn role_word(role: Role) -> &'static str {
    match role {
        Role::Hub => "hub",
        Role::Scanner => "scanner",
        Role::Cloud => "cloud",
    }
}

/// Says what is wrong with a device, and what to do.
pub fn troubles(device: &DeviceView) -> Vec<String> {
    if device.revoked {
        return vec![trouble(DeviceTrouble::Revoked)];
    }
    if device.retired {
        return vec![trouble(DeviceTrouble::Retired)];
    }
    let ends_soon = device.certificate_warning.map(|_| DeviceTrouble::Certificate {
        end: &device.certificate_in_words,
    });
    let found = [
        device.frozen.then_some(DeviceTrouble::TwoHistories),
        ends_soon,
        clock_trouble(device),
        (device.role == Role::Hub && !device.linked).then_some(DeviceTrouble::HubAway),
    ];
    found.into_iter().flatten().map(trouble).collect()
}
