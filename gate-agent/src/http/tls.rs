//! TLS in front of the hub's HTTP: its certificate and key from PEM files or made here, and a listener that never waits for a handshake; who is let in is not decided here.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};
use usher_link::tls_files::{TlsError, TlsFiles, server_config};

use super::listener::{BoundedListener, BoundedStream};

/// How long a handshake may take: two round trips over a bad radio, not the place of someone who dawdles.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The hub's certificate and key.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// Where they come from, if they are not made here.
    files: Option<Arc<TlsFiles>>,
}

/// Why no certificate can be made here.
#[derive(Debug, Error)]
#[error("no certificate can be made for this machine's addresses (settings: door.listen, advertise)")]
pub struct NotMade(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Arc::new(TlsFiles::read(certificate, key)?);
        let config = server_config(Arc::<TlsFiles>::clone(&files))?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            files: Some(files),
        })
    }

    /// Makes a key, and a certificate for these names and addresses that nobody else vouches for. Both are gone with the process.
    ///
    /// # Errors
    ///
    /// [`NotMade`].
    pub fn self_made(names: Vec<String>) -> Result<Self, NotMade> {
        let made = rcgen::generate_simple_self_signed(names).map_err(|error| NotMade(error.into()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = rustls::crypto::ring::default_provider();
        let certified = CertifiedKey::from_der(vec![made.cert.der().clone()], key.into(), &provider);
        let certified = certified.map_err(|error| NotMade(error.into()))?;
        let config = server_config(Arc::new(SingleCertAndKey::from(certified)));
        let config = config.map_err(|error| NotMade(error.into()))?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            files: None,
        })
    }

    /// Returns the files that somebody may renew.
    pub fn files(&self) -> Option<Arc<TlsFiles>> {
        self.files.clone()
    }

    /// Serves TLS on a listener.
    pub fn on(self, listener: BoundedListener) -> TlsListener {
        TlsListener {
            listener,
            tls: self,
            patience: HANDSHAKE_TIMEOUT,
        }
    }
}

/// A listener whose connections speak TLS.
pub struct TlsListener {
    listener: BoundedListener,
    tls: Tls,
    patience: Duration,
}

impl Listener for TlsListener {
    type Io = TlsConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, addr) = Listener::accept(&mut self.listener).await;
        // The handshake is made by whoever reads first, in the connection's own task: it keeps nobody else waiting.
        let connection = TlsConnection::Greeting {
            accept: Box::new(self.tls.acceptor.accept(stream)),
            until: Box::pin(sleep(self.patience)),
        };
        (connection, addr)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Listener::local_addr(&self.listener)
    }
}

/// One connection, before and after its handshake.
pub enum TlsConnection {
    /// The handshake is under way.
    Greeting {
        /// The handshake.
        accept: Box<Accept<BoundedStream>>,
        /// When it has taken too long.
        until: Pin<Box<Sleep>>,
    },
    /// It is done.
    Open(Box<TlsStream<BoundedStream>>),
    /// It came to nothing.
    Failed(io::ErrorKind),
}

impl TlsConnection {
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<BoundedStream>>>> {
        if let Self::Greeting { accept, until } = self {
            let greeted = match Pin::new(accept.as_mut()).poll(cx) {
                Poll::Ready(greeted) => greeted,
                Poll::Pending => {
                    ready!(until.as_mut().poll(cx));
                    Err(io::ErrorKind::TimedOut.into())
                }
            };
            // A handshake must not be asked again once it has ended.
            *self = match greeted {
                Ok(stream) => Self::Open(Box::new(stream)),
                Err(error) => Self::Failed(error.kind()),
            };
        }
        match self {
            Self::Open(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            Self::Failed(kind) => Poll::Ready(Err((*kind).into())),
            Self::Greeting { .. } => Poll::Pending,
        }
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.as_mut().get_mut() {
            Self::Open(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            // Whoever has not greeted is owed no farewell.
            Self::Greeting { .. } | Self::Failed(_) => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
pub mod tests;
