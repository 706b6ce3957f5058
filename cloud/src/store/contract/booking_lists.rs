//! Bookings by what people know of them: their codes.

use super::case::{Case, START};
use crate::selling::booking_code::BookingCode;
use crate::selling::{BeginBooking, BeginOutcome};

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
