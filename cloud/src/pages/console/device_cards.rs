//! What a page says of a device: how the cloud knows it, in words, and what is wrong with it.

use usher_keys::Role;

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
        let heard = match device.last_contact {
            _ if device.linked => "linked now".to_owned(),
            Some(at) => format!("last linked {}", day_and_time(at.0, event.policy.offset_at(at.0))),
            None if device.role == Role::Scanner => {
                "never linked here: scanners are linked to hubs".to_owned()
            }
            None => "never linked here".to_owned(),
        };
        Self {
            troubles: troubles(device),
            device: device.device.to_string(),
            name: device.name.clone(),
            role: role_word(device.role),
            heard,
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
        .filter_map(|device| Some((device.name.clone(), clock_trouble(device)?)))
        .collect()
}

fn clock_trouble(device: &DeviceView) -> Option<String> {
    let warning = device.clock_warning.as_ref()?;
    Some(format!("Its clock is {warning}."))
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
        return vec!["Revoked: nobody talks to it any more.".to_owned()];
    }
    if device.retired {
        return vec!["Retired: other hubs decide on its tickets.".to_owned()];
    }
    let mut found = Vec::new();
    if device.frozen {
        found.push(
            "It has two histories. Its records are ignored until you choose which history counts, or enrol it anew."
                .to_owned(),
        );
    }
    if device.certificate_warning.is_some() {
        found.push(format!(
            "Its certificate {}: enrol it anew.",
            device.certificate_in_words
        ));
    }
    found.extend(clock_trouble(device));
    if device.role == Role::Hub && !device.linked {
        found.push(
            "It is not linked to this server: what it hears and writes waits. Look at its network, and whether it runs."
                .to_owned(),
        );
    }
    found
}
