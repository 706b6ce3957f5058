//! Whether this server's clock is right, by those of the devices that are linked and by the database's; what one device's shows is its
//! organizer's to see.

use usher_protocol::clock::{AGREEMENT_MS, ClockHealth, ClockReading, RuleClock};
use usher_words::server;

use crate::authority::presence::Present;
use crate::state::AppState;

/// Says that this server's clock is wrong, or that nobody can tell; `None` if most agree with it or no device is linked.
pub fn warning(app: &AppState) -> Option<String> {
    server::clock(health(app, &linked(app)))
}

/// How many milliseconds this machine's clock may be off from the database's before somebody is told: more than one that is kept right ever is.
const DATABASE_AGREEMENT_MS: u64 = 2_000;

/// Says that this machine's clock is not the database's, by which this server goes.
pub fn database_warning(app: &AppState) -> Option<String> {
    let ahead_ms = app.clock.ahead_of_database_ms();
    (ahead_ms.unsigned_abs() > DATABASE_AGREEMENT_MS).then(|| server::clock_beside_database(ahead_ms))
}

/// Puts the figures up: how far this server's clock is ahead, and how many devices of each event are off.
pub fn measure(app: &AppState) {
    let ahead_ms = health(app, &linked(app)).ahead_ms();
    app.metrics
        .gauge("usher_clock_ahead_seconds", (ahead_ms / 1_000) as f64);
    for authority in app.authorities.all() {
        let present = authority.presence().list(&[], app.clock.now());
        let off = present
            .iter()
            .filter(|device| device.clock_ahead_ms.unsigned_abs() > AGREEMENT_MS);
        app.metrics
            .event_gauge("usher_devices_clock_off", authority.event(), off.count() as f64);
    }
}

fn linked(app: &AppState) -> Vec<Present> {
    let authorities = app.authorities.all();
    let present = authorities
        .iter()
        .flat_map(|authority| authority.presence().list(&[], app.clock.now()));
    present.collect()
}

/// Compares this server's clock with the devices', as a device does with its peers'.
fn health(app: &AppState, devices: &[Present]) -> ClockHealth {
    let now = ClockReading {
        wall: app.clock.now(),
        up_ms: 0,
    };
    let mut clock = RuleClock::default();
    for device in devices {
        let theirs = now.wall.0.saturating_add_signed(device.clock_ahead_ms);
        clock.hear(device.device, usher_keys::Timestamp(theirs), now);
    }
    clock.read(now).1
}
