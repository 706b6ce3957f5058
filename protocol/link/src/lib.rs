//! The one place that knows QUIC: endpoints from a device key, framed messages, and the loop that drives a session over a connection.
//!
//! Begin with [`Endpoint`], which takes and makes connections, and with [`drive`] for the loop of one.

mod arrivals;
mod asker;
mod changes;
mod connection;
mod dialer;
mod drive;
mod ending;
mod endpoint;
mod handshake_limit;
mod link_error;
mod pages;
pub mod slots;
pub mod surroundings;
pub mod sync_store;
mod tls;
pub mod tls_files;
mod wire;

pub use asker::{Asker, Step};
pub use changes::{Announcer, CHANGES_BUFFERED, Change, Changes, News};
pub use connection::{AskError, Connection};
pub use dialer::{Dialer, LinkObserver, LinkState};
pub use drive::{Opened, drive};
pub use ending::{Loss, SessionEnd};
pub use endpoint::Endpoint;
pub use handshake_limit::MAX_STRANGERS;
pub use link_error::{LinkError, PageFault};
pub use pages::{PageCertificate, PageEndpoint, PageRequest, PageVisit};
pub use sync_store::{Outlook, Progress, Responder, SyncStore};
pub use wire::FrameError;

#[cfg(test)]
mod tests;
