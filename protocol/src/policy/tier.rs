//! What a tier entitles to, and how it travels: one that says nothing of live tickets is written as before there were such tiers.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode, impl_borrow_decode};
use serde::{Deserialize, Serialize};
use usher_keys::{Timestamp, Window};

use crate::ident::{TierId, ZoneId};

/// How often a ticket lets its people into a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryRule {
    /// Once.
    Single,
    /// Again after an exit scan.
    Reentry,
    /// So many times on each local day, exits or not.
    PerDay(u8),
}

/// Who may say yes when the unit's home hub cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offline {
    /// Nobody: refer to the home hub's gate. No ticket is ever admitted twice.
    Strict,
    /// Any hub or scanner that knows nothing against it; doubles are reported after healing.
    Available,
}

/// What a tier entitles to.
///
/// **Shape**: docs/PROTOCOL.md, "Records": `offline` and `live_from` are written as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierRules {
    pub id: TierId,
    /// Its name on screens.
    pub name: String,
    /// The zones it opens.
    pub zones: Vec<ZoneId>,
    /// When it opens them; empty means at any time.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// How often.
    pub entry: EntryRule,
    /// Who may say yes without the home hub.
    pub offline: Offline,
    /// From when on only live tickets of the tier are let in; never, if absent, and always from the beginning of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_from: Option<Timestamp>,
}

/// How `offline` and `live_from` travel together: whoever knows no live tiers takes the later two for what they are, a
/// policy that it is too old to understand, and goes on saying no more than it may.
#[derive(Encode, Decode)]
enum OfflineAndLive {
    Strict,
    Available,
    StrictAndLive(Timestamp),
    AvailableAndLive(Timestamp),
}

impl Encode for TierRules {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.id.encode(encoder)?;
        self.name.encode(encoder)?;
        self.zones.encode(encoder)?;
        self.windows.encode(encoder)?;
        self.entry.encode(encoder)?;
        let rest = match (self.offline, self.live_from) {
            (Offline::Strict, None) => OfflineAndLive::Strict,
            (Offline::Available, None) => OfflineAndLive::Available,
            (Offline::Strict, Some(from)) => OfflineAndLive::StrictAndLive(from),
            (Offline::Available, Some(from)) => OfflineAndLive::AvailableAndLive(from),
        };
        rest.encode(encoder)
    }
}

impl<C> Decode<C> for TierRules {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (id, name) = (Decode::decode(decoder)?, Decode::decode(decoder)?);
        let (zones, windows) = (Decode::decode(decoder)?, Decode::decode(decoder)?);
        let entry = Decode::decode(decoder)?;
        let (offline, live_from) = match OfflineAndLive::decode(decoder)? {
            OfflineAndLive::Strict => (Offline::Strict, None),
            OfflineAndLive::Available => (Offline::Available, None),
            OfflineAndLive::StrictAndLive(from) => (Offline::Strict, Some(from)),
            OfflineAndLive::AvailableAndLive(from) => (Offline::Available, Some(from)),
        };
        Ok(Self {
            id,
            name,
            zones,
            windows,
            entry,
            offline,
            live_from,
        })
    }
}

impl_borrow_decode!(TierRules);
