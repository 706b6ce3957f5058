//! A server's certificate and key from PEM files, read again when somebody has renewed them: connections that stand keep what they greeted with.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use usher_keys::file::{FileError, read_file, read_private_file};

/// Largest PEM file, in bytes: a chain of a dozen certificates.
const MAX_PEM_BYTES: u64 = 64 * 1024;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why HTTP cannot be served over TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or the key's is open to others.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds no certificate in PEM.
    #[error("{} holds no certificate: it must be PEM, the server's own first (setting: tls_certificate)", path.display())]
    NoCertificate { path: PathBuf },
    /// The file holds no private key in PEM.
    #[error("{} holds no private key: it must be PEM, without a passphrase (setting: tls_key)", path.display())]
    NoKey { path: PathBuf },
    /// Certificate and key do not go together, or are of a kind that is not served.
    #[error("the TLS certificate and key cannot be used together (settings: tls_certificate, tls_key)")]
    Refused(#[source] rustls::Error),
}

/// Certificate and key as they were read last.
#[derive(Debug)]
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    held: RwLock<Arc<CertifiedKey>>,
}

impl TlsFiles {
    /// Reads both.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let held = certified(read_chain(certificate)?, key)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            held: RwLock::new(Arc::new(held)),
        })
    }

    /// Takes up what the files hold now, if the certificate is another; tells whether it is. What was held is kept when that fails.
    fn refresh(&self) -> Result<bool, TlsError> {
        let chain = read_chain(&self.certificate)?;
        if self.held().cert == chain {
            return Ok(false);
        }
        let renewed = certified(chain, &self.key)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
        Ok(true)
    }

    /// Takes up renewed files until stopped. What is held is served on while they cannot be used, and somebody is told once.
    pub async fn keep_new(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_said = false;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let renewed = self.refresh();
            let was_said = std::mem::replace(&mut is_said, renewed.is_err());
            match renewed {
                Ok(true) => tracing::info!("serving with the renewed certificate"),
                Err(error) if !was_said => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        error,
                        "the renewed certificate cannot be used: the one before is served on"
                    );
                }
                Ok(false) | Err(_) => {}
            }
        }
    }

    fn held(&self) -> Arc<CertifiedKey> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }
}

impl ResolvesServerCert for TlsFiles {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.held())
    }
}

/// Returns how HTTP is served, as HTTP/2 or HTTP/1.1, with the certificate that is found for each connection.
///
/// # Errors
///
/// [`TlsError::Refused`].
pub fn server_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Refused)?.with_no_client_auth();
    let mut config = builder.with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read_file::<MAX_PEM_BYTES>(path)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.ok_or_else(|| TlsError::NoCertificate {
        path: path.to_owned(),
    })
}

fn certified(chain: Vec<CertificateDer<'static>>, key: &Path) -> Result<CertifiedKey, TlsError> {
    let pem = read_private_file::<MAX_PEM_BYTES>(key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey { path: key.to_owned() })?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(TlsError::Refused)
}
