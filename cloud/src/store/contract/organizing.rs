//! Organizers, venues, drafts and changes.

use usher_keys::{Timestamp, Window};

use crate::catalogue::{EventStatus, PlacedSection, Seat, SectionPlace};
use crate::ids::{OrganizerId, VenueId, draw_event_id};
use crate::moving::Dates;
use crate::rights::StaffRole;
use crate::selling::{BeginOutcome, BeginRefusal, ConfirmOutcome};
use crate::store::organizing::{
    AddUnits, ChangeOutcome, EventChange, KeyHash, MoveEvent, MoveOutcome, NewEvent, NewOrganizer, NewUnit,
    NewVenue, Publish, PublishOutcome, Venue,
};

use super::case::{Case, STALLS, START, changed, unchanged, units};

pub async fn a_key_leads_to_its_organizer(case: Case) {
    let first = case.store.api_key(KeyHash([1; 32])).await.unwrap().unwrap();
    assert_eq!((first.organizer, first.role), (case.organizer, StaffRole::Owner));
    assert_eq!(case.store.api_key(KeyHash([2; 32])).await.unwrap(), None);
    let taken = NewOrganizer {
        id: OrganizerId::draw(START),
        name: "Thief".into(),
        key: KeyHash([1; 32]),
        now: START,
    };
    assert!(case.store.add_organizer(taken).await.is_err());
    let first = case.store.api_key(KeyHash([1; 32])).await.unwrap().unwrap();
    assert_eq!(first.organizer, case.organizer);
}

pub async fn venues_are_listed_for_their_organizer_only(case: Case) {
    assert_eq!(
        case.store.venues(case.organizer).await.unwrap(),
        std::slice::from_ref(&case.venue)
    );
    assert_eq!(case.store.venues(OrganizerId::draw(START)).await.unwrap(), []);
}

pub async fn a_draft_is_published_when_its_units_are_all_there(case: Case) {
    let event = draw_event_id(START);
    let publish = Publish { event, now: START };
    assert_eq!(
        case.store.publish(publish).await.unwrap(),
        PublishOutcome::NotFound
    );
    case.store
        .add_event(case.new_event(event, "Draft"))
        .await
        .unwrap();
    let (first, rest) = (units()[..5].to_vec(), units()[5..].to_vec());
    case.store
        .add_units(AddUnits { event, units: first })
        .await
        .unwrap();
    assert_eq!(
        case.store.publish(publish).await.unwrap(),
        PublishOutcome::Incomplete
    );
    case.store
        .add_units(AddUnits { event, units: rest })
        .await
        .unwrap();
    assert_eq!(
        case.store.publish(publish).await.unwrap(),
        PublishOutcome::Published
    );
    assert_eq!(
        case.store.publish(publish).await.unwrap(),
        PublishOutcome::Published
    );
    assert_eq!(
        case.store.event(event).await.unwrap().unwrap().status,
        EventStatus::Published
    );
    let twice = AddUnits {
        event,
        units: units()[..1].to_vec(),
    };
    assert!(case.store.add_units(twice).await.is_err());
}

pub async fn an_event_changes_only_where_it_is_told_to(case: Case) {
    let before = case.store.event(case.event).await.unwrap().unwrap();
    let nothing = unchanged(case.event);
    changed(&case, nothing.clone()).await;
    assert_eq!(case.store.event(case.event).await.unwrap().unwrap(), before);

    let renamed = EventChange {
        name: Some("Day of the Owls".into()),
        reservation_ms: Some(1_000),
        prices: vec![(STALLS, 1)],
        ..nothing.clone()
    };
    changed(&case, renamed).await;
    let after = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(
        (after.name.as_str(), after.reservation_ms, after.tiers[0].price),
        ("Day of the Owls", 1_000, 1)
    );
    assert_eq!(
        (after.description, after.starts_at),
        (before.description, before.starts_at)
    );
    let elsewhere = EventChange {
        event: draw_event_id(START),
        now: START,
        ..nothing
    };
    let outcome = case.store.change_event(elsewhere).await.unwrap();
    assert_eq!(outcome, ChangeOutcome::NotFound);
}

pub async fn moving_an_event_moves_its_windows_once_and_frees_what_is_not_paid_for(case: Case) {
    let mut event = case.store.event(case.event).await.unwrap().unwrap();
    let window = |from: u64, until: Timestamp| Window {
        from: Timestamp(from),
        until,
    };
    let doors = event.starts_at.0 - 1_000;
    event.policy.tiers[0].windows = vec![window(doors, event.ends_at), window(doors, Timestamp::FOREVER)];
    let set = EventChange {
        policy: Some(event.policy.clone()),
        ..unchanged(case.event)
    };
    changed(&case, set).await;
    let (held, paying) = (case.held(&[0, 1], START).await, case.held(&[2], START).await);
    let open = case.begun(paying.id, "key", START).await;

    let to = Dates {
        starts_at: event.starts_at.plus_ms(500),
        ends_at: event.ends_at.plus_ms(9_000),
        utc_offset_minutes: 60,
    };
    let request = MoveEvent {
        event: case.event,
        to,
        mails: false,
        now: START,
    };
    for freed in [2, 0] {
        let moved = case.store.move_event(request).await.unwrap();
        assert_eq!(moved, MoveOutcome::Moved { freed });
        let now = case.store.event(case.event).await.unwrap().unwrap();
        assert_eq!(Dates::of(&now), to);
        assert_eq!(
            now.policy.tiers[0].windows,
            [
                window(doors + 500, event.ends_at.plus_ms(500)),
                window(doors + 500, Timestamp::FOREVER)
            ]
        );
    }
    assert_eq!(
        case.begin(held.id, "other", START).await,
        BeginOutcome::Refused(BeginRefusal::Released)
    );
    assert!(matches!(
        case.confirm(&open, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
    let event = draw_event_id(START);
    let nowhere = case.store.move_event(MoveEvent { event, ..request }).await;
    assert_eq!(nowhere.unwrap(), MoveOutcome::NotFound);
}

/// Where a section may be.
const ASIDE: SectionPlace = SectionPlace {
    x: -12.5,
    y: 0.1,
    turn: 359.0,
    radius: 40.0,
};

pub async fn hostile_text_comes_back_as_it_went_in(case: Case) {
    let hostile = "'; DROP TABLE units; -- <script>alert(1)</script> \u{202e}🎟 \"\\";
    let venue = Venue {
        id: VenueId::draw(START.plus_ms(1)),
        name: hostile.into(),
        city: hostile.into(),
        address: hostile.into(),
        coordinates: None,
    };
    case.store
        .add_venue(NewVenue {
            venue: venue.clone(),
            organizer: case.organizer,
            now: START,
        })
        .await
        .unwrap();
    assert_eq!(case.store.venues(case.organizer).await.unwrap()[1], venue);
    let event = draw_event_id(START);
    let placed = PlacedSection {
        section: hostile.into(),
        place: ASIDE,
    };
    let draft = NewEvent {
        venue,
        description: hostile.into(),
        unit_count: 1,
        seat_count: 1,
        places: vec![placed.clone()],
        ..case.new_event(event, hostile)
    };
    case.store.add_event(draft).await.unwrap();
    let seat = Seat {
        section: hostile.into(),
        row: hostile.into(),
        number: hostile.into(),
    };
    let unit = NewUnit {
        seat: Some(seat),
        ..units()[0].clone()
    };
    case.store
        .add_units(AddUnits {
            event,
            units: vec![unit],
        })
        .await
        .unwrap();
    let kept = case.store.event(event).await.unwrap().unwrap();
    assert_eq!(
        [&kept.name, &kept.description, &kept.city, &kept.policy.name],
        [hostile; 4]
    );
    let layout = case.store.layout(event).await.unwrap();
    assert_eq!(layout.places, [placed]);
    let shown = &layout.seats[0];
    assert_eq!([&*shown.section, &*shown.row, &*shown.number], [hostile; 3]);
}
