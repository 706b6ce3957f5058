//! `/v1/organizer/events/{event_id}/devices` and `/hubs`: who belongs to an event, and how far behind each is; shutting them out is elsewhere.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::expiry::{WarningLevel, warning_at};
use usher_keys::{Certificate, KeyError, PublicKey, Role, Timestamp};
use usher_words::certificates::end_in_words;
use usher_words::organizer;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::authority::AuthorityError;
use crate::authority::event::EventAuthority;
use crate::authority::presence::Present;
use crate::authority::writer::LogWriter;
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::jobs::LeaseHolder;
use crate::state::AppState;
use crate::store::authority::Contact;

use super::codes::CapabilitiesSpec;
use super::owned::OwnEvent;

/// A device's public key in a path.
#[derive(Debug, Clone, Copy)]
pub struct DeviceKey(pub PublicKey);

impl FromStr for DeviceKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        PublicKey::from_hex(text).map(Self)
    }
}

/// A device of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceView {
    /// Its public key, in hexadecimal: what it is called in paths.
    #[schema(value_type = String)]
    pub device: PublicKey,
    /// How people call it.
    pub name: String,
    /// `hub` or `scanner`.
    #[schema(value_type = String, example = "hub")]
    pub role: Role,
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
    /// What else it may do.
    pub capabilities: CapabilitiesSpec,
    /// Whether it is linked to this server now. Scanners are usually linked to a hub instead.
    pub linked: bool,
    /// When it was last linked to this server, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_contact: Option<Moment>,
    /// How many records it lacked at that time or, when it is not linked, lacks since.
    pub records_behind: u64,
    /// When its certificate runs out.
    #[schema(value_type = String, format = DateTime)]
    pub certificate_until: Moment,
    /// The same in words, seen from now.
    #[schema(example = "ends in 5 h 12 min")]
    pub certificate_in_words: String,
    /// `day`, `six_hours` or `hour` when it runs out within that time, `ended` when it has: enrol the device anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "six_hours")]
    pub certificate_warning: Option<WarningLevel>,
    /// How far its clock is from this server's, in words and what to do, when that is more than two minutes; only while it is
    /// linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "45 min ahead of this server's: set the wrong one right")]
    pub clock_warning: Option<String>,
    /// Whether nobody talks to it any more.
    pub revoked: bool,
    /// Whether it is a hub that will never admit anyone again.
    pub retired: bool,
    /// Whether it has two histories and is not listened to until a person decides.
    pub frozen: bool,
}

/// The devices of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct DevicesView {
    /// The devices, hubs first, by name.
    pub devices: Vec<DeviceView>,
    /// How many records of all logs this server holds.
    pub records: u64,
}

/// Lists the devices of an event: how they stand, last contact, and how far each is behind.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/devices", tag = "devices",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = DevicesView),
    (status = 409, description = "No trust bundle yet"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeDevices>,
) -> Result<Json<DevicesView>, ApiError> {
    let id = event.id;
    let authority = app.authorities.of(id)?;
    let enrolled_devices = authority.ask(|writer| Box::pin(enrolled_devices(writer))).await?;
    let contacts = Contacts::of(&authority).await?;
    let mut devices: Vec<_> = enrolled_devices
        .into_iter()
        .map(|device| contacts.view(device))
        .collect();
    devices.sort_by(|a, b| (a.role, &a.name, a.device).cmp(&(b.role, &b.name, b.device)));
    Ok(Json(DevicesView {
        devices,
        records: contacts.records,
    }))
}

/// A device of the event, and what the authority has said of it.
struct EnrolledDevice {
    certificate: Certificate,
    revoked: bool,
    retired: bool,
    frozen: bool,
}

async fn enrolled_devices(writer: &mut LogWriter) -> Result<Vec<EnrolledDevice>, AuthorityError> {
    let state = writer.state().await?;
    let enrolled = |certificate: &Certificate| EnrolledDevice {
        revoked: state.is_revoked(&certificate.device),
        retired: state.rosters().retired().contains(&certificate.device),
        frozen: state.is_frozen(&certificate.device),
        certificate: certificate.clone(),
    };
    Ok(state
        .devices()
        .map(|identity| enrolled(identity.unverified()))
        .collect())
}

/// When each device was last heard of, and how many records it lacked.
struct Contacts {
    records: u64,
    now: Timestamp,
    linked: BTreeMap<PublicKey, Present>,
    seen: BTreeMap<PublicKey, Contact>,
    holder: LeaseHolder,
}

impl Contacts {
    async fn of(authority: &EventAuthority) -> Result<Self, ApiError> {
        let held = authority.view().held();
        let linked = authority.presence().list(&held, authority.clock.now());
        let seen = authority.store.contacts(authority.event()).await?;
        Ok(Self {
            records: held.iter().map(|held| held.tail.seq.0).sum(),
            now: authority.clock.now(),
            linked: linked
                .into_iter()
                .map(|present| (present.device, present))
                .collect(),
            seen: seen
                .into_iter()
                .map(|contact| (contact.device, contact))
                .collect(),
            holder: authority.holder,
        })
    }

    fn view(&self, device: EnrolledDevice) -> DeviceView {
        let EnrolledDevice {
            certificate,
            revoked,
            retired,
            frozen,
        } = device;
        let linked = self.linked.get(&certificate.device);
        let seen = self.seen.get(&certificate.device);
        let there = seen.filter(|contact| contact.is_linked_elsewhere(self.holder, self.now));
        let is_linked = linked.is_some() || there.is_some();
        let behind = || {
            self.records
                .saturating_sub(seen.map_or(0, |contact| contact.record_count))
        };
        let last = if is_linked {
            Some(self.now)
        } else {
            seen.map(|contact| contact.seen_at)
        };
        let ahead_ms = linked
            .map(|present| present.clock_ahead_ms)
            .or(there.map(|there| there.clock_ahead_ms));
        let until = certificate.window.until;
        DeviceView {
            device: certificate.device,
            name: certificate.name,
            role: certificate.role,
            gates: certificate.gates,
            capabilities: CapabilitiesSpec {
                enrol_scanners: certificate.capabilities.enrol_scanners,
                override_refusals: certificate.capabilities.override_refusals,
            },
            linked: is_linked,
            last_contact: last.map(Moment),
            records_behind: linked.map_or_else(behind, |present| present.unsent),
            certificate_until: Moment(until),
            certificate_in_words: end_in_words(until, self.now),
            certificate_warning: warning_at(until, self.now).filter(|_| !revoked),
            clock_warning: ahead_ms.and_then(organizer::device_clock),
            revoked,
            retired,
            frozen,
        }
    }
}
