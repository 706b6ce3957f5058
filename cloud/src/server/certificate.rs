//! The certificate that HTTP is served with: taken up anew when somebody has renewed its files, without a restart.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use usher_link::tls_files::{TlsError, TlsFiles};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Returns what greets connections.
///
/// # Errors
///
/// [`TlsError::Refused`].
pub fn acceptor(files: Arc<TlsFiles>) -> Result<TlsAcceptor, TlsError> {
    Ok(TlsAcceptor::from(Arc::new(files.server_config()?)))
}

/// Takes up renewed files until stopped. What is held is served on while they cannot be used, and somebody is told once.
pub async fn keep_new(files: Arc<TlsFiles>, stop: CancellationToken) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_said = false;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match files.refresh() {
            Ok(is_new) => {
                is_said = false;
                if is_new {
                    tracing::info!("serving with the renewed certificate");
                }
            }
            Err(error) if !is_said => {
                is_said = true;
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    error,
                    "the renewed certificate cannot be used: the one before is served on"
                );
            }
            Err(_) => {}
        }
    }
}
