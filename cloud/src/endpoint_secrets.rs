//! The secrets of endpoints, sealed under the master key: each opens for its endpoint alone.

use crate::ids::{EndpointId, draw};
use crate::master_key::{CannotOpen, MasterKey};
use crate::store::{Store, StoreError};
use crate::webhooks::signature::SECRET_BYTES;
use crate::webhooks::{ResealEndpoint, WebhookEndpoint};

/// Seals and opens secrets.
#[derive(Debug, Clone)]
pub struct EndpointSecrets {
    master: MasterKey,
}

impl EndpointSecrets {
    /// Takes the master key.
    pub fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// Draws a secret: as it is, and sealed.
    pub fn draw(&self, endpoint: EndpointId) -> ([u8; SECRET_BYTES], Vec<u8>) {
        let secret = draw();
        let sealed = self.master.seal(&secret, &context(endpoint));
        (secret, sealed)
    }

    /// Opens a secret.
    ///
    /// # Errors
    ///
    /// [`CannotOpen`].
    pub fn open(&self, endpoint: EndpointId, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        Ok(self.master.open(sealed, &context(endpoint))?.to_vec())
    }

    /// Seals the secrets of all endpoints under the newest master key; returns how many. A secret that does not open is left as
    /// it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn reseal(&self, store: &Store) -> Result<usize, StoreError> {
        let mut resealed = 0;
        for endpoint in store.all_endpoints(()).await? {
            if let Some(request) = self.sealed_anew(&endpoint)
                && store.reseal_endpoint(request).await?
            {
                resealed += 1;
            }
        }
        Ok(resealed)
    }

    fn sealed_anew(&self, endpoint: &WebhookEndpoint) -> Option<ResealEndpoint> {
        let former = endpoint.former.as_ref().map(|(sealed, _)| sealed.as_slice());
        let is_newest = |sealed: &[u8]| self.master.is_newest_of(sealed);
        if is_newest(&endpoint.sealed) && former.is_none_or(is_newest) {
            return None;
        }
        let again = |sealed: &[u8]| {
            let secret = self.open(endpoint.id, sealed).ok()?;
            Some(self.master.seal(&secret, &context(endpoint.id)))
        };
        Some(ResealEndpoint {
            id: endpoint.id,
            was: endpoint.sealed.clone(),
            sealed: again(&endpoint.sealed)?,
            former: former.and_then(again),
        })
    }
}

/// A sealed secret opens for its endpoint alone.
fn context(endpoint: EndpointId) -> Vec<u8> {
    [
        b"usher endpoint secret 1".as_slice(),
        &endpoint.event.0,
        &endpoint.local,
    ]
    .concat()
}
