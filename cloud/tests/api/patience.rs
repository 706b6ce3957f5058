//! Waiting for something to become so, and saying what for when it never does.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Longer than anything takes that is waited for here, also on a machine under load.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks again and again until there is something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within_patience(what, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(LOOK_EVERY).await;
        }
    })
    .await
}

/// Looks again and again until it is so.
pub async fn until_so(what: &str, mut look: impl AsyncFnMut() -> bool) {
    until(what, async || look().await.then_some(())).await;
}

/// Waits for what may never come.
pub async fn within_patience<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let Ok(come) = timeout(PATIENCE, coming).await else {
        panic!("waited {} s in vain for {what}", PATIENCE.as_secs());
    };
    come
}
