//! Tests of the link over real sockets on the loopback interface; the rules of sessions are tested where they are written.

mod dialing;
mod endings;
mod events;
mod memory;
mod pages;
mod requests;
mod site;
mod strangers;
mod syncing;
mod unconfirmed;
mod venue;
mod versions;

use std::future::IntoFuture;
use std::time::Duration;

/// Nothing here takes this long unless it hangs.
const GUARD: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
async fn within<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(GUARD, future.into_future())
        .await
        .expect("this should not have taken so long")
}
