//! The secrets of waiting rooms, sealed under the master key.

use usher_keys::EventId;

use crate::master_key::MasterKey;
use crate::store::{Store, StoreError};
use crate::waiting_room::ResealRoom;

/// Seals the secrets of all waiting rooms under the newest master key; returns how many. A secret that does not open is left as
/// it is.
///
/// # Errors
///
/// [`StoreError`].
pub async fn reseal(store: &Store, master: &MasterKey) -> Result<usize, StoreError> {
    let mut resealed = 0;
    for (event, was) in store.room_secrets(()).await? {
        if master.is_newest_of(&was) {
            continue;
        }
        let Ok(secret) = master.open(&was, &context(event)) else {
            continue;
        };
        let sealed = master.seal(&secret, &context(event));
        resealed += usize::from(store.reseal_room(ResealRoom { event, was, sealed }).await?);
    }
    Ok(resealed)
}

/// Returns the context that ties a sealed secret to its event.
pub fn context(event: EventId) -> Vec<u8> {
    [b"usher waiting room secret 1".as_slice(), &event.0].concat()
}
