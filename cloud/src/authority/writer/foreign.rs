//! Listing the tickets that another seller has sold, in the log by which gates go.

use usher_keys::PublicKey;
use usher_protocol::Generation;
use usher_protocol::record::Body;
use usher_protocol::ticket::foreign::{ForeignList, MAX_CODES_OF_RECORD};

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::ids::draw;
use crate::selling::imports::{ImportCounts, ImportedCode, plan};

impl LogWriter {
    /// Writes down what a part of another seller's list changes: lists codes that are new or changed, and revokes and reinstates.
    /// All of it is durable, or nothing. Keys of sellers that are not known are added.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn list_codes(
        &mut self,
        imported: &[ImportedCode],
        sellers: &[PublicKey],
    ) -> Result<ImportCounts, AuthorityError> {
        let state = self.state().await?;
        let (held, rulings) = (state.foreign(), state.shared_ticket_rulings());
        let salt = held.salt().unwrap_or_else(draw);
        let plan = plan(imported, &salt, (&held, &rulings));
        let mut sellers: Vec<_> = sellers.to_vec();
        sellers.retain(|seller| !held.sellers().contains(seller));
        let mut draft = Draft::default();
        let mut parts: Vec<_> = plan
            .codes
            .chunks(MAX_CODES_OF_RECORD)
            .map(<[_]>::to_vec)
            .collect();
        if parts.is_empty() && !sellers.is_empty() {
            parts.push(Vec::new());
        }
        for codes in parts {
            let sellers = std::mem::take(&mut sellers);
            self.write(&mut draft, Body::Foreign(ForeignList { salt, sellers, codes }))?;
        }
        let generation = Generation(1);
        for unit in plan.void {
            self.write(&mut draft, Body::Revoked { unit, generation })?;
        }
        for unit in plan.restored {
            self.write(&mut draft, Body::Reinstated { unit, generation })?;
        }
        self.commit(draft).await?;
        Ok(plan.counts)
    }
}
