//! The doors that strangers come to: a cloud and a hub as processes, and what it takes to forge their event's papers.

use std::fs;
use std::net::SocketAddr;

use anyhow::Context;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Purpose, Role, SecretKey, SignedBundle,
    Window,
};
use usher_protocol::admission::Direction;
use usher_protocol::request::Scan;
use usher_protocol::sync::{Hello, Message, VERSIONS};
use usher_protocol::{GateId, ScanId};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::process::Process;

/// A cloud and a hub.
pub struct Doors {
    pub stage: Stage,
    pub hub: Hub,
    pub event: EventId,
    pub bundle: SignedBundle,
    /// Signs certificates of the event; stolen from the cloud.
    issuing: SecretKey,
}

/// One of the two doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Cloud,
    Hub,
}

impl Doors {
    /// Opens them.
    pub async fn open() -> anyhow::Result<Self> {
        let stage = Stage::on_sale(Places::FEW).await?;
        let hub = stage
            .hub(HubSetup {
                dir: stage.path("hub"),
                name: "Hub",
                peers: Vec::new(),
            })
            .await?;
        hub.linked_to("cloud").await?;
        let organizer = &stage.organizer;
        let bundle = fs::read(organizer.file(&format!("{}-bundle.json", organizer.event)))?;
        let bundle: SignedBundle = serde_json::from_slice(&bundle)?;
        let trusted = bundle.unverified()?.issuing_keys[0].key;
        let event: EventId = organizer.event.parse().context("the event's id")?;
        let keys = stage.cloud.key_safe()?.event_keys(event).await?;
        let mut issuing = keys.of(Purpose::Issuing).filter(|key| key.public() == trusted);
        Ok(Self {
            event,
            issuing: issuing.next().context("the cloud keeps the issuing key")?.clone(),
            stage,
            hub,
            bundle,
        })
    }

    /// Returns where a door is.
    pub fn address(&self, door: Door) -> SocketAddr {
        match door {
            Door::Cloud => self.stage.cloud.listening.uplink,
            Door::Hub => self.hub.listening.quic,
        }
    }

    /// Returns who is behind it.
    pub fn process(&self, door: Door) -> &Process {
        match door {
            Door::Cloud => &self.stage.cloud.process,
            Door::Hub => &self.hub.process,
        }
    }

    /// Returns what the certificate of a sound device says.
    pub fn certificate(&self, device: PublicKey, role: Role) -> Certificate {
        Certificate {
            event: self.event,
            device,
            role,
            name: "a stranger".to_owned(),
            gates: Vec::new(),
            capabilities: Capabilities::default(),
            window: Window::ALWAYS,
        }
    }

    /// Certifies with the event's own key.
    pub fn certify(&self, certificate: Certificate) -> DeviceIdentity {
        DeviceIdentity {
            certificate: certificate.sign(&self.issuing),
            via: None,
        }
    }

    /// Says hello with a certificate.
    pub fn hello(&self, identity: DeviceIdentity) -> Message {
        Message::Hello(Box::new(Hello {
            versions: VERSIONS,
            event: self.event,
            identity,
            bundle: self.bundle.clone(),
            held: Vec::new(),
            heard_yours: false,
        }))
    }
}

/// Makes a key that nobody has.
pub fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

/// Asks to let in whoever shows this code at the gate in the north.
pub fn judge(payload: &str, number: u8) -> Scan {
    Scan {
        id: ScanId([number; 16]),
        code: payload.as_bytes().to_vec(),
        gate: GateId(NORTH),
        direction: Direction::In,
        persons: 1,
    }
}
