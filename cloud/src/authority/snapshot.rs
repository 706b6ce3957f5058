//! The part of an event's state that seldom changes, as of the last comparison with the store.

use std::sync::Arc;

use usher_keys::DeviceIdentity;
use usher_protocol::Origin;
use usher_protocol::ledger::Ledger;
use usher_protocol::trust::{Register, Trust};

/// What sessions and requests go by, whatever is appended meanwhile.
pub struct Snapshot {
    /// The trust in force.
    pub trust: Arc<Trust>,
    /// The cloud's certificate under it.
    pub identity: Arc<DeviceIdentity>,
    /// What the authority has said of devices.
    pub register: Arc<Register>,
    /// The log that the cloud writes itself.
    pub own_log: Origin,
}

impl Snapshot {
    /// Takes it from the ledger, with the certificate that goes with the ledger's trust.
    pub fn of(ledger: &Ledger, identity: Arc<DeviceIdentity>) -> Self {
        Self {
            trust: Arc::clone(ledger.trust()),
            identity,
            register: ledger.state().register(),
            own_log: ledger.me(),
        }
    }
}
