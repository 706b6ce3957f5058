//! Writing down when the cloud has seen which device, for other processes and for after a crash.

use super::super::Authorities;
use super::super::event::EventAuthority;
use super::super::presence::Present;
use crate::store::authority::{Contact, HeldLink, NoteContact};

/// How long other processes take a device for linked after that: once and a half as long.
const LINK_COUNTS_MS: u64 = 90_000;

/// Writes down for all events that devices are linked here.
pub(super) async fn note_contacts(authorities: &Authorities) {
    for authority in authorities.all() {
        let present = authority
            .presence()
            .list(&authority.view().held(), authority.clock.now());
        note_linked(&authority, present).await;
    }
}

/// Writes down that devices are linked here.
pub(super) async fn note_linked(authority: &EventAuthority, present: impl IntoIterator<Item = Present>) {
    for present in present {
        let link = HeldLink {
            holder: authority.holder,
            until: authority.clock.now().plus_ms(LINK_COUNTS_MS),
        };
        note(authority, present, Some(link)).await;
    }
}

/// Writes down when a device was seen, and where it is linked if it is.
pub(super) async fn note(authority: &EventAuthority, present: Present, link: Option<HeldLink>) {
    let contact = Contact {
        device: present.device,
        seen_at: authority.clock.now(),
        record_count: authority
            .view()
            .record_count()
            .saturating_sub(present.unconfirmed),
        clock_ahead_ms: present.clock_ahead_ms,
        link,
    };
    let noted = authority
        .store
        .note_contact(NoteContact {
            event: authority.event(),
            holder: authority.holder,
            contact,
        })
        .await;
    if let Err(error) = noted {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a device's contact was not written down"
        );
    }
}
