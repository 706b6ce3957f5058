//! Enrolment codes and contacts, and what changes beside a log: all of it together or none.

use usher_fixtures::EventFixture;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EnrolmentId, EnrolmentKey, EventId, PublicKey, Role, Timestamp,
};
use usher_protocol::{Generation, Unit};

use crate::ids::{TicketId, draw_ticket_code};
use crate::selling::jobs::LeaseHolder;
use crate::selling::{ConfirmOutcome, NewTicket, ReissuedTo, SoldTicket, TicketState};
use crate::store::authority::{
    Append, AppendOutcome, CodeId, Contact, EnrolmentTerms, GenerationQuery, HeldLink, NewCodeOutcome,
    NewEnrolmentCode, NoteContact, PlacesQuery, RowChange, UsedCode,
};

use super::case::{Case, HOLD_MS, HOLDER, START};

const LIFE_MS: u64 = 60_000;

/// Makes a code for a hub.
pub fn new_code(event: EventId, code: u8, now: Timestamp) -> NewEnrolmentCode {
    NewEnrolmentCode {
        id: CodeId {
            event,
            code: EnrolmentId([code; 32]),
        },
        key: EnrolmentKey([code + 100; 32]),
        terms: EnrolmentTerms {
            role: Role::Hub,
            name: "North".into(),
            gates: vec![1, 2],
            capabilities: Capabilities {
                enrol_scanners: true,
                override_refusals: false,
            },
            certificate_ms: Some(5),
        },
        expires_at: now.plus_ms(LIFE_MS),
        open_limit: 2,
        now,
    }
}

fn identity(event: EventId, device: u8) -> DeviceIdentity {
    let event = EventFixture::new(event, 1);
    event.identity(Certificate {
        name: "North".into(),
        gates: vec![1, 2],
        ..event.certificate(PublicKey([device; 32]), Role::Hub)
    })
}

/// Changes rows beside the logs; tells whether that is stored then.
async fn change(case: &Case, row_changes: Vec<RowChange>, now: Timestamp) -> bool {
    let request = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: false,
        row_changes,
        now,
    };
    case.store.append(request).await.unwrap() != AppendOutcome::Conflict
}

pub async fn a_code_is_used_once_and_in_time(case: Case) {
    let code = new_code(case.event, 1, START);
    assert_eq!(case.store.code(code.id).await.unwrap(), None);
    assert_eq!(
        case.store.add_code(code.clone()).await.unwrap(),
        NewCodeOutcome::Added
    );
    assert_eq!(
        case.store.code_event(code.id.code).await.unwrap(),
        Some(case.event)
    );
    assert_eq!(case.store.code_event(EnrolmentId([9; 32])).await.unwrap(), None);
    let mut lasting = new_code(case.event, 2, START);
    lasting.terms.certificate_ms = None;
    case.store.add_code(lasting.clone()).await.unwrap();
    let stored = case.store.code(lasting.id).await.unwrap().unwrap();
    assert_eq!(stored.terms, lasting.terms);
    let stored = case.store.code(code.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.key, stored.terms, stored.expires_at, stored.used),
        (code.key, code.terms, code.expires_at, None)
    );

    let using = |device| {
        vec![RowChange::UseCode(Box::new(UsedCode {
            id: code.id,
            identity: identity(case.event, device),
        }))]
    };
    assert!(!change(&case, using(1), START.plus_ms(LIFE_MS)).await);
    assert!(change(&case, using(1), START).await);
    assert!(!change(&case, using(2), START).await);
    assert_eq!(
        case.store.code(code.id).await.unwrap().unwrap().used,
        Some(identity(case.event, 1))
    );

    assert_eq!(case.store.lasting_devices(case.event).await.unwrap(), []);
    let (id, identity) = (lasting.id, identity(case.event, 3));
    let device = identity.unverified().device;
    let used = vec![RowChange::UseCode(Box::new(UsedCode { id, identity }))];
    assert!(change(&case, used, START).await);
    assert_eq!(case.store.lasting_devices(case.event).await.unwrap(), [device]);
}

pub async fn an_event_has_so_many_open_codes_and_old_ones_are_forgotten(case: Case) {
    for (secret, outcome) in [
        (1, NewCodeOutcome::Added),
        (2, NewCodeOutcome::Added),
        (3, NewCodeOutcome::TooMany),
    ] {
        assert_eq!(
            case.store
                .add_code(new_code(case.event, secret, START))
                .await
                .unwrap(),
            outcome
        );
    }
    let later = new_code(case.event, 3, START.plus_ms(LIFE_MS));
    assert_eq!(case.store.add_code(later).await.unwrap(), NewCodeOutcome::Added);
    assert_eq!(case.store.code_event(EnrolmentId([1; 32])).await.unwrap(), None);
}

pub async fn the_last_contact_of_each_device_is_kept(case: Case) {
    let contact = |device: u8, at| Contact {
        device: PublicKey([device; 32]),
        seen_at: START.plus_ms(at),
        record_count: at,
        clock_ahead_ms: -7,
        link: None,
    };
    for contact in [contact(1, 1), contact(2, 2), contact(1, 3)] {
        case.store
            .note_contact(NoteContact {
                event: case.event,
                holder: HOLDER,
                contact,
            })
            .await
            .unwrap();
    }
    assert_eq!(
        case.store.contacts(case.event).await.unwrap(),
        [contact(1, 3), contact(2, 2)]
    );
}

pub async fn a_link_is_known_to_all_processes_until_it_ends_or_is_not_said_again(case: Case) {
    let (here, there) = (HOLDER, LeaseHolder([8; 16]));
    let note = async |holder: LeaseHolder, at: u64, lasts_ms: Option<u64>| {
        let contact = Contact {
            device: PublicKey([1; 32]),
            seen_at: START.plus_ms(at),
            record_count: 0,
            clock_ahead_ms: 0,
            link: lasts_ms.map(|ms| HeldLink {
                holder,
                until: START.plus_ms(at + ms),
            }),
        };
        let event = case.event;
        case.store
            .note_contact(NoteContact {
                event,
                holder,
                contact,
            })
            .await
            .unwrap();
    };
    let is_linked_elsewhere = async |holder: LeaseHolder, at: u64| {
        let contacts = case.store.contacts(case.event).await.unwrap();
        contacts[0].is_linked_elsewhere(holder, START.plus_ms(at))
    };
    note(here, 0, Some(10)).await;
    assert!(is_linked_elsewhere(there, 9).await);
    assert!(!is_linked_elsewhere(there, 10).await, "not said again");
    assert!(
        !is_linked_elsewhere(here, 9).await,
        "its own links a process knows itself"
    );
    // The device has gone to another process; the one that it has left hears of that later.
    note(there, 2, Some(10)).await;
    note(here, 3, None).await;
    assert!(is_linked_elsewhere(here, 4).await);
    note(there, 5, None).await;
    assert!(!is_linked_elsewhere(here, 6).await);
}

async fn sold(case: &Case) -> SoldTicket {
    let held = case.held(&[4], START).await;
    let open = case.begun(held.id, "key", START).await;
    let ConfirmOutcome::Confirmed(mut booking) = case.confirm(&open, START).await else {
        panic!("not confirmed")
    };
    booking.tickets.remove(0)
}

pub async fn a_ticket_changes_from_how_it_stood_or_not_at_all(case: Case) {
    let ticket = sold(&case).await;
    let set_state = |from, to| RowChange::SetTicketState {
        ticket: ticket.id,
        from,
        to,
    };
    let revoke = || vec![set_state(TicketState::Valid, TicketState::Revoked)];
    assert!(change(&case, revoke(), START).await);
    assert!(!change(&case, revoke(), START).await);
    let both = vec![
        set_state(TicketState::Revoked, TicketState::Valid),
        set_state(TicketState::Revoked, TicketState::Valid),
    ];
    assert!(!change(&case, both, START).await);
    assert_eq!(
        case.store.ticket(ticket.id).await.unwrap().unwrap().state,
        TicketState::Revoked
    );
    let changed = [(ticket.unit, Generation(1), TicketState::Revoked)];
    assert_eq!(case.store.changed_tickets(case.event).await.unwrap(), changed);
}

pub async fn a_reissued_ticket_takes_the_place_of_the_one_before(case: Case) {
    let old = sold(&case).await;
    let next = |generation| NewTicket {
        id: TicketId::draw(case.event, START),
        unit: old.unit,
        generation: Generation(generation),
        code: draw_ticket_code(),
        payload: "2".into(),
    };
    let reissue = |new| {
        vec![RowChange::Reissue {
            old: old.id,
            new,
            to: ReissuedTo::SameHolder,
            letters: None,
            bindings: 2,
        }]
    };
    assert!(!change(&case, reissue(next(3)), START).await);
    let second = next(2);
    let later = START.plus_ms(2 * HOLD_MS);
    assert!(change(&case, reissue(second.clone()), later).await);
    assert!(!change(&case, reissue(next(3)), START).await);
    let found = case.store.ticket(second.id).await.unwrap().unwrap();
    let expected = SoldTicket {
        id: second.id,
        generation: Generation(2),
        code: second.code,
        payload: "2".into(),
        issued_at: later,
        state: TicketState::Valid,
        bindings: 2,
        ..old.clone()
    };
    assert_eq!(found, expected);
    assert_eq!(
        case.store.ticket(old.id).await.unwrap().unwrap().state,
        TicketState::Superseded
    );
    let query = |generation| GenerationQuery {
        event: case.event,
        unit: old.unit,
        generation: Generation(generation),
    };
    assert_eq!(case.store.ticket_of(query(2)).await.unwrap(), Some(second.id));
    assert_eq!(case.store.ticket_of(query(3)).await.unwrap(), None);
    let changed = [(old.unit, Generation(2), TicketState::Valid)];
    assert_eq!(case.store.changed_tickets(case.event).await.unwrap(), changed);
}

pub async fn of_two_phones_that_bind_a_ticket_one_wins(case: Case) {
    let old = sold(&case).await;
    let bind = async |payload: &str| {
        let new = NewTicket {
            id: TicketId::draw(case.event, START),
            unit: old.unit,
            generation: Generation(2),
            code: draw_ticket_code(),
            payload: payload.into(),
        };
        let changes = vec![RowChange::Reissue {
            old: old.id,
            new: new.clone(),
            to: ReissuedTo::SameHolder,
            letters: None,
            bindings: 1,
        }];
        (change(&case, changes, START).await, new.id)
    };
    let (one, other) = tokio::join!(bind("1"), bind("2"));
    assert!(one.0 != other.0, "one wins and one does not: {one:?} {other:?}");
    let (winner, loser) = if one.0 { (one.1, other.1) } else { (other.1, one.1) };
    let bound = case.store.ticket(winner).await.unwrap().unwrap();
    assert_eq!((bound.state, bound.bindings), (TicketState::Valid, 1));
    assert_eq!(case.store.ticket(loser).await.unwrap(), None);
}

pub async fn a_transferred_ticket_leaves_its_booking(case: Case) {
    let held = case.held(&[3, 4], START).await;
    let open = case.begun(held.id, "key", START).await;
    let ConfirmOutcome::Confirmed(bought) = case.confirm(&open, START).await else {
        panic!("not confirmed")
    };
    let (kept, old) = (&bought.tickets[0], &bought.tickets[1]);
    let next = |generation| NewTicket {
        id: TicketId::draw(case.event, START),
        unit: old.unit,
        generation: Generation(generation),
        code: draw_ticket_code(),
        payload: generation.to_string(),
    };
    let replace = async |old, new, to| {
        let letters = None;
        change(
            &case,
            vec![RowChange::Reissue {
                old,
                new,
                to,
                letters,
                bindings: 0,
            }],
            START,
        )
        .await
    };
    let (second, third) = (next(2), next(3));
    let transferred = replace(old.id, second.clone(), ReissuedTo::SomebodyElse).await;
    assert!(transferred);
    // The new holder loses the code: the next one stays out of the booking too.
    let reissued = replace(second.id, third.clone(), ReissuedTo::SameHolder).await;
    assert!(reissued);

    let booking = case.store.booking(open.id).await.unwrap().unwrap();
    let gone = SoldTicket {
        state: TicketState::Superseded,
        transferred: true,
        ..old.clone()
    };
    assert_eq!(booking.tickets, [kept.clone(), gone]);
    let newest = case.store.ticket(third.id).await.unwrap().unwrap();
    assert_eq!(
        (newest.state, newest.transferred, newest.payload.as_str()),
        (TicketState::Valid, false, "3")
    );
    assert!(!case.store.ticket(second.id).await.unwrap().unwrap().transferred);
}

pub async fn units_are_found_with_their_seats(case: Case) {
    let units = vec![Unit(4), Unit(6), Unit(99)];
    let places = case
        .store
        .places(PlacesQuery {
            event: case.event,
            units,
        })
        .await
        .unwrap();
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), [Unit(4), Unit(6)]);
    let named = |unit| (places[&unit].tier_name.as_str(), places[&unit].label.to_string());
    assert_eq!(named(Unit(4)), ("Tier 1", "Stalls, row B, seat 2".to_owned()));
    assert_eq!(named(Unit(6)), ("Tier 2", "no. 1".to_owned()));
}
