//! Bookings by what people know of them: their codes.

use usher_keys::{EventId, Timestamp};

use super::case::{Case, STANDING, START};
use crate::ids::BookingId;
use crate::languages::Language;
use crate::selling::booking_code::BookingCode;
use crate::selling::booking_lists::{BookingsQuery, ListOrder, Sought};
use crate::selling::{BeginBooking, BeginOutcome, OpenBooking, RenewBooking};

pub async fn each_booking_of_an_event_has_a_code_of_its_own(case: Case) {
    let drawn = BookingCode::draw_from(7);
    let mut codes = Vec::new();
    for seat in 0..3 {
        let held = case.held(&[seat], START).await;
        let request = BeginBooking {
            code: drawn,
            ..case.begin_request(held.id, &format!("key {seat}"), START)
        };
        let BeginOutcome::Started(open) = case.store.begin_booking(request).await.unwrap() else {
            panic!("nothing speaks against it")
        };
        codes.push(case.store.booking(open.id).await.unwrap().unwrap().code);
    }
    assert_eq!(codes, [drawn, drawn.next(), drawn.next().next()]);
}

pub async fn a_booking_keeps_the_language_that_it_was_made_in(case: Case) {
    for (seat, language) in (0..).zip(Language::ALL) {
        let held = case.held(&[seat], START).await;
        let request = BeginBooking {
            language,
            ..case.begin_request(held.id, &format!("key {seat}"), START)
        };
        let BeginOutcome::Started(open) = case.store.begin_booking(request).await.unwrap() else {
            panic!("nothing speaks against it")
        };
        let booking = case.store.booking(open.id).await.unwrap().unwrap();
        assert_eq!(booking.language, language);
    }
}

fn all(case: &Case) -> BookingsQuery {
    BookingsQuery {
        event: case.event,
        sought: None,
        status: None,
        tier: None,
        opened: Timestamp(0)..Timestamp::FOREVER,
        order: ListOrder::NewestFirst,
        beyond: None,
        limit: 100,
    }
}

/// Lists the addresses of the bookings that are asked for.
async fn listed(case: &Case, query: BookingsQuery) -> Vec<String> {
    let page = case.store.bookings(query).await.unwrap();
    assert_eq!(page.next, None);
    page.lines.into_iter().map(|line| line.email).collect()
}

async fn found(case: &Case, text: &str) -> Vec<String> {
    let sought = Some(Sought::of(text).unwrap());
    listed(case, BookingsQuery { sought, ..all(case) }).await
}

/// Opens a booking a second after the one before, for whoever has this address.
async fn opened(case: &Case, seat: u32, email: &str) -> OpenBooking {
    let now = START.plus_ms(u64::from(seat) * 1_000);
    let held = case.held(&[seat], now).await;
    let request = BeginBooking {
        email: email.into(),
        ..case.begin_request(held.id, email, now)
    };
    let BeginOutcome::Started(open) = case.store.begin_booking(request).await.unwrap() else {
        panic!("nothing speaks against it")
    };
    open
}

pub async fn bookings_come_page_by_page_and_a_new_id_changes_no_place(case: Case) {
    let names = ["a@x.example", "b@x.example", "c@x.example", "d@x.example"];
    let mut ids = Vec::new();
    for (seat, name) in (0..).zip(names) {
        let open = opened(&case, seat, name).await;
        case.confirm(&open, START).await;
        ids.push(open.id);
    }
    let later = START.plus_ms(9_000_000);
    let new = BookingId::draw(case.event, later);
    let renew = RenewBooking { booking: ids[0], new };
    case.store.renew_booking(renew).await.unwrap();
    let mut newest_first = names.map(str::to_owned).to_vec();
    newest_first.reverse();
    assert_eq!(listed(&case, all(&case)).await, newest_first);
    let first = case
        .store
        .bookings(BookingsQuery {
            limit: 3,
            ..all(&case)
        })
        .await
        .unwrap();
    assert_eq!((first.lines.len(), first.lines[0].tickets), (3, 1));
    let rest = BookingsQuery {
        beyond: first.next,
        ..all(&case)
    };
    assert_eq!(listed(&case, rest).await, newest_first[3..]);
    let order = ListOrder::OldestFirst;
    assert_eq!(listed(&case, BookingsQuery { order, ..all(&case) }).await, names);
    let opened = START.plus_ms(1_000)..START.plus_ms(3_000);
    assert_eq!(
        listed(&case, BookingsQuery { opened, ..all(&case) }).await,
        [names[2], names[1]]
    );
    let of_stalls = BookingsQuery {
        tier: Some(STANDING),
        ..all(&case)
    };
    assert_eq!(listed(&case, of_stalls).await, [""; 0]);
}

pub async fn bookings_are_found_by_what_people_know_of_them(case: Case) {
    let (owl, bat) = (
        opened(&case, 0, "Owl@Example.org").await,
        opened(&case, 1, "bat@x.example").await,
    );
    case.confirm(&owl, START).await;
    let booking = case.store.booking(owl.id).await.unwrap().unwrap();
    let ticket = &booking.tickets[0];
    let (code, ticket_code) = (booking.code.to_string(), ticket.code.to_string());
    for text in [
        "owl@example.org",
        "OWL@",
        &code,
        &code.to_lowercase()[..5],
        &ticket_code,
        &ticket_code[..6],
        &booking.id.to_string(),
        &ticket.id.to_string(),
    ] {
        assert_eq!(found(&case, text).await, ["Owl@Example.org"], "{text}");
    }
    assert_eq!(found(&case, "example.org").await, [""; 0]);
    let elsewhere = BookingId {
        event: EventId([9; 16]),
        local: owl.id.local,
    };
    assert_eq!(found(&case, &elsewhere.to_string()).await, [""; 0]);
    for (status, expected) in [("confirmed", "Owl@Example.org"), ("paying", "bat@x.example")] {
        let status = Some(status);
        assert_eq!(
            listed(&case, BookingsQuery { status, ..all(&case) }).await,
            [expected]
        );
    }
    assert_eq!(
        case.store.booking(bat.id).await.unwrap().unwrap().word(),
        "paying"
    );
}
