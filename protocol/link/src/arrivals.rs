//! Peers that arrive at a socket: their handshakes, side by side and within the bounds of the handshake limit; what a handshake is, the caller knows.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::Incoming;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use usher_protocol::sync::Farewell;

use crate::ending;
use crate::handshake_limit::{HANDSHAKE_TIMEOUT, HandshakeLimit, Place};
use crate::link_error::LinkError;

/// The handshakes of one socket; each ends with a `T` or with nobody.
pub(crate) struct Arrivals<T> {
    handshake_limit: Arc<HandshakeLimit>,
    /// Guards the handshakes under way, which only [`Arrivals::next`] looks at.
    handshakes: Mutex<JoinSet<Option<T>>>,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self {
            handshake_limit: Arc::default(),
            handshakes: Mutex::default(),
        }
    }
}

impl<T: Send + 'static> Arrivals<T> {
    /// Returns the handshake limit, for tests that crowd it.
    #[cfg(test)]
    pub(crate) fn handshake_limit(&self) -> &Arc<HandshakeLimit> {
        &self.handshake_limit
    }

    /// Waits for the next peer that has come through its handshake; `None` once the socket is closed.
    ///
    /// Handshakes go on side by side while somebody waits here; failed ones are only logged.
    pub(crate) async fn next<F>(
        &self,
        socket: &quinn::Endpoint,
        shake_hands: impl Fn(Incoming, Place) -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, LinkError>> + Send + 'static,
    {
        let mut handshakes = self.handshakes.lock().await;
        loop {
            tokio::select! {
                incoming = socket.accept() => match incoming {
                    Some(incoming) => if let Some((incoming, place)) = self.receive(incoming) {
                        let comer = (incoming.remote_address(), place.slot().gone());
                        self.begin(comer, shake_hands(incoming, place), &mut handshakes);
                    },
                    None => {
                        handshakes.shutdown().await;
                        return None;
                    }
                },
                Some(done) = handshakes.join_next() => if let Ok(Some(arrived)) = done {
                    return Some(arrived);
                },
            }
        }
    }

    /// Refuses whoever comes from now on, until the socket is closed.
    pub(crate) async fn refuse_all(&self, socket: &quinn::Endpoint) {
        self.handshakes.lock().await.shutdown().await;
        while let Some(incoming) = socket.accept().await {
            incoming.refuse();
        }
    }

    /// Returns a place for a peer that arrives, if there is room for a stranger.
    fn receive(&self, incoming: Incoming) -> Option<(Incoming, Place)> {
        let from = incoming.remote_address();
        let door = &self.handshake_limit;
        let is_proven = incoming.remote_address_validated() || !incoming.may_retry();
        if !is_proven && door.asks_for_proof(from.ip()) {
            // Nobody is asked for a proof that would get it nowhere.
            if !door.has_room(from.ip()) {
                self.turn_away(incoming);
            } else if incoming.retry().is_err() {
                tracing::debug!(%from, "could not ask a peer to prove its address");
            }
            return None;
        }
        match door.enter(from.ip()) {
            Some(place) => Some((incoming, place)),
            None => {
                self.turn_away(incoming);
                None
            }
        }
    }

    fn begin<F>(
        &self,
        (from, gone): (SocketAddr, CancellationToken),
        shaking: F,
        handshakes: &mut JoinSet<Option<T>>,
    ) where
        F: Future<Output = Result<T, LinkError>> + Send + 'static,
    {
        let handshake_limit = Arc::clone(&self.handshake_limit);
        handshakes.spawn(async move {
            let shaken = tokio::select! {
                shaken = timeout(HANDSHAKE_TIMEOUT, shaking) => shaken,
                () = gone.cancelled() => Ok(Err(LinkError::GaveWay)),
            };
            match shaken.unwrap_or(Err(LinkError::Timeout)) {
                Ok(arrived) => Some(arrived),
                Err(error) => {
                    if let Some(withheld) = handshake_limit.may_write() {
                        let error: &dyn std::error::Error = &error;
                        tracing::info!(%from, error, withheld, "a peer did not get through the handshake");
                    }
                    None
                }
            }
        });
    }

    fn turn_away(&self, incoming: Incoming) {
        if let Some(withheld) = self.handshake_limit.may_write() {
            let from = incoming.remote_address();
            tracing::warn!(%from, withheld, "too many strangers at the door: a peer was turned away");
        }
        incoming.refuse();
    }
}

/// Closes a connection when its place goes to another. A session that has it by then learns of it as of any end.
pub(crate) fn close_with_place(quinn: &quinn::Connection, place: &Place) {
    let closing = quinn.clone();
    place
        .slot()
        .when_lost(move || closing.close(ending::code(Farewell::Leaving), &[]));
}
