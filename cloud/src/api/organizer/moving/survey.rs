//! What there is of an event that depends on its date, gathered before anything is moved.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_keys::{Certificate, PublicKey, Timestamp};
use usher_protocol::trust::Trust;

use crate::api::error::ApiError;
use crate::authority::AuthorityError;
use crate::authority::writer::{LogWriter, lasts_with_event};
use crate::catalogue::Event;
use crate::moving::Dates;
use crate::selling::sale::SaleStatus;
use crate::state::AppState;
use crate::store::organizing::EventSales;
use crate::store::organizing::SalesQuery;

use super::super::signing::ToSignView;
use super::MoveRequest;

/// An event, where it is to be moved, and what hangs on it.
pub struct Survey {
    pub event: Event,
    /// When it shall take place.
    pub to: Dates,
    /// What it trusts; nothing before the first bundle.
    pub trust: Option<Arc<Trust>>,
    pub devices: Vec<Device>,
    /// What it has sold.
    pub sales: EventSales,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    /// People let in so far, as the cloud has heard.
    pub admitted: u64,
    /// The time.
    pub now: Timestamp,
}

/// A device of the event that was not revoked.
pub struct Device {
    pub certificate: Certificate,
    /// Whether it lasts as long as the event.
    pub is_lasting: bool,
}

impl Survey {
    /// Looks at an event that is to be moved.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub async fn of(app: &AppState, (event, request): (Event, MoveRequest)) -> Result<Self, ApiError> {
        let now = app.clock.now();
        let id = event.id;
        let sales = app.store.sales(SalesQuery { event: id, now }).await?;
        let (mut trust, mut devices, mut admitted) = (None, Vec::new(), 0);
        if let Ok(authority) = app.authorities.of(id) {
            trust = Some(authority.view().trust());
            let lasting: BTreeSet<_> = app.store.lasting_devices(id).await?.into_iter().collect();
            (devices, admitted) = authority
                .ask(move |writer| {
                    let lasting = lasting.clone();
                    Box::pin(async move { devices_of(writer, &lasting).await })
                })
                .await?;
        }
        Ok(Self {
            to: request.dates(&event),
            event,
            trust,
            devices,
            sales,
            believed_until: app.signer.believed_until(id),
            admitted,
            now,
        })
    }

    /// Tells whether it sells once it is moved.
    pub fn sale_status(&self) -> SaleStatus {
        let moved = Event {
            ends_at: self.to.ends_at,
            ..self.event.clone()
        };
        moved.sale_status(self.believed_until, self.now)
    }

    /// Returns what the roots are to sign so that the event can take place then.
    pub fn to_sign(&self, app: &AppState) -> Option<ToSignView> {
        let bundle = self.trust.as_ref()?.bundle();
        ToSignView::for_end(app, (self.event.id, self.event.status), (bundle, self.to.ends_at))
    }
}

async fn devices_of(
    writer: &mut LogWriter,
    lasting: &BTreeSet<PublicKey>,
) -> Result<(Vec<Device>, u64), AuthorityError> {
    let state = writer.state().await?;
    let standing = state
        .devices()
        .filter(|identity| !state.is_revoked(&identity.unverified().device));
    let devices = standing.map(|identity| Device {
        certificate: identity.unverified().clone(),
        is_lasting: lasts_with_event(identity, lasting),
    });
    Ok((devices.collect(), state.counts().admitted.values().sum()))
}
