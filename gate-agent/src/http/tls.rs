//! TLS in front of the hub's HTTP: its certificate and key from PEM files or made here, and a listener that never waits for a handshake; who is let in is not decided here.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};
use usher_keys::file::{FileError, read_file, read_private_file};

use super::listener::{BoundedListener, BoundedStream};

/// Largest PEM file, in bytes: a chain of a dozen certificates.
const MAX_PEM_BYTES: u64 = 64 * 1024;
/// How long a handshake may take: two round trips over a bad radio, not the place of someone who dawdles.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The hub's certificate and key.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why HTTP cannot be served over TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or the key's is open to others.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds no certificate in PEM.
    #[error("{} holds no certificate: it must be PEM, the hub's own first (setting: tls_certificate)", path.display())]
    NoCertificate { path: PathBuf },
    /// The file holds no private key in PEM.
    #[error("{} holds no private key: it must be PEM, without a passphrase (setting: tls_key)", path.display())]
    NoKey { path: PathBuf },
    /// Certificate and key do not go together, or are of a kind that is not served.
    #[error("the TLS certificate and key cannot be used together (settings: tls_certificate, tls_key)")]
    Refused(#[source] rustls::Error),
    /// No certificate can be made for these names.
    #[error("no certificate can be made for this machine's addresses (settings: door.listen, advertise)")]
    NotMade(#[source] rcgen::Error),
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let pem = read_file::<MAX_PEM_BYTES>(certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        if chain.is_empty() {
            return Err(TlsError::NoCertificate {
                path: certificate.to_owned(),
            });
        }
        let pem = read_private_file::<MAX_PEM_BYTES>(key)?;
        let key =
            PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey { path: key.to_owned() })?;
        Self::of(chain, key)
    }

    /// Makes a key, and a certificate for these names and addresses that nobody else vouches for. Both are gone with the process.
    ///
    /// # Errors
    ///
    /// [`TlsError::NotMade`].
    pub fn self_made(names: Vec<String>) -> Result<Self, TlsError> {
        let made = rcgen::generate_simple_self_signed(names).map_err(TlsError::NotMade)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Self::of(vec![made.cert.der().clone()], key.into())
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Refused)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
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
            accept: Box::new(self.tls.0.accept(stream)),
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
