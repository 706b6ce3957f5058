//! What the tasks of one event's hub share, and what is told of it to people; starting the tasks is the hub's.

pub mod certificates;
pub mod devices;
pub mod status;
pub mod warnings;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use usher_device::enrol::Issuer;
use usher_device::replica::{Access, Replica};
use usher_link::Endpoint;
use usher_words::gate::Phrasebook;

use crate::admission::AdmissionPath;
use crate::links::Links;
use crate::lookup::CodeLookup;
use crate::responder::HubResponder;
use certificates::CertificateBoard;
use status::StatusBoard;

/// What the hub's tasks share.
pub struct Services {
    pub replica: Arc<Replica>,
    pub path: Arc<AdmissionPath>,
    pub links: Arc<Links>,
    /// Finds tickets by their codes.
    pub lookup: Arc<CodeLookup>,
    /// Codes and tokens.
    pub access: Access,
    /// Enrols scanners.
    pub issuer: Issuer,
    /// What people are shown.
    pub board: StatusBoard,
    /// What was said of certificates that end.
    pub certificates: CertificateBoard,
    /// Whether status page and metrics are shown to other machines too.
    pub open_status: bool,
    /// How many admissions phones have reported that they made by themselves.
    pub forced: AtomicU64,
    /// What is set up so that it should not stay.
    pub warnings: Vec<&'static str>,
    /// Under which address this machine comes to itself, besides the loopback.
    pub own_address: Option<IpAddr>,
    /// Where phones come in, as scheme, host and port; missing where none are served.
    pub door: Option<String>,
    /// The socket for links, as this event's.
    pub endpoint: Endpoint,
    /// Answers what peers ask.
    pub responder: Arc<HubResponder>,
}

impl Services {
    /// Returns the phrasebook that knows the names of this event and which hubs are missing, now.
    pub fn phrasebook(&self) -> Phrasebook {
        let phrasebook = self.replica.snapshot().phrasebook(self.replica.clock().now());
        phrasebook
            .missing(self.links.silent(Instant::now()))
            .refused(self.links.is_refused())
    }
}
