//! Opens the cells that did not answer when the server started, once they do.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// How long to wait before such a cell is tried again; each try takes some seconds where nothing answers.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// Tries the cells that are still to be opened until all are, or it is to stop.
pub async fn open(state: Arc<AppState>, stop: CancellationToken) {
    while state.store.awaits_cells() {
        if stop.run_until_cancelled(sleep(TRY_EVERY)).await.is_none() {
            return;
        }
        for (name, opened) in state.store.open_late_cells().await {
            match opened {
                // What this process had in progress there before it ended waits for the end of its lease: by now others of its
                // payments may run there.
                Ok(()) => tracing::info!(cell = %name, "a cell that was away at the start is served now"),
                Err(error) if error.is_temporary() => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, cell = %name, "a cell that was away at the start cannot be served");
                }
            }
        }
    }
}
