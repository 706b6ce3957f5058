//! The report on an event, when it is over or while it goes on: figures out of the signed logs alone, as tables and as one page with plots.
//!
//! Begin with [`EventReport::of`]; where the logs come from, and where the files go, is the command line's.

mod figures;
mod gathered;
pub(crate) mod local;
mod page;
pub(crate) mod plot;
mod tables;

use std::sync::Arc;

use usher_keys::{DeviceIdentity, Timestamp, Window};
use usher_protocol::ledger::Ledger;
use usher_protocol::state::State;
use usher_words::gate::{EventNames, Phrasebook};

pub use figures::{EventFigures, GateFigures, LogFigures};
pub use gathered::GatheredRecords;

/// What a report says: names of files, and what is in them.
pub struct EventReport {
    pub figures: EventFigures,
    pub files: Vec<(&'static str, String)>,
}

impl EventReport {
    /// Makes the report of what a device's ledger and the records that led to it say.
    ///
    /// # Errors
    ///
    /// The page cannot be made.
    pub fn of(ledger: &Ledger, gathered: &GatheredRecords, now: Timestamp) -> Result<Self, askama::Error> {
        let phrasebook = Phrasebook::new(names(ledger.state()), Window::ALWAYS, now);
        let figures = EventFigures::of(ledger, gathered, &phrasebook);
        let mut files = tables::of(&figures);
        files.push(("report.html", page::of(&figures)?));
        Ok(Self { figures, files })
    }
}

fn names(state: &State) -> EventNames {
    let named = |identity: &DeviceIdentity| {
        let certificate = identity.unverified();
        (certificate.device, certificate.name.clone())
    };
    EventNames {
        policy: state.policy().map(|(_, policy)| Arc::new(policy.clone())),
        devices: Arc::new(state.devices().map(named).collect()),
        ..EventNames::default()
    }
}
