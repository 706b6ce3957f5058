//! Who bought is forgotten when an event is long past; what was sold is not.

use usher_keys::Timestamp;

use super::case::{CLAIMANT, Case, STANDING, START};
use crate::ids::{ReservationId, WaiterId};
use crate::languages::Language;
use crate::letters::LettersQuery;
use crate::selling::waiting_list::{JoinList, JoinOutcome, OfferPlaces, WaitersQuery};
use crate::selling::{ErasePersonalData, HoldOutcome, ReleaseRequest};
use crate::store::organizing::SalesQuery;

/// The end of the case's event.
const END: Timestamp = Timestamp(START.0 + 90_000_000);

async fn erased(case: &Case, ended_by: Timestamp) -> usize {
    let erase = ErasePersonalData {
        event: case.event,
        ended_by,
        limit: 1,
    };
    case.store.erase_personal_data(erase).await.unwrap()
}

pub async fn who_bought_is_erased_after_the_event_and_what_was_sold_is_kept(case: Case) {
    let held = case.held(&[0, 1], START).await;
    let sold = case.begun(held.id, "sold", START).await;
    case.confirm(&sold, START).await;
    let held = case.held(&[2], START).await;
    let open = case.begun(held.id, "open", START).await;
    let sales = SalesQuery {
        event: case.event,
        now: END,
    };
    let before = (
        case.store.booking(sold.id).await.unwrap().unwrap(),
        case.store.sales(sales).await.unwrap(),
        case.audit().await,
    );
    assert_eq!(erased(&case, Timestamp(END.0 - 1)).await, 0);
    assert_eq!(erased(&case, END).await, 1);
    assert_eq!(erased(&case, END).await, 0);

    let mut expected = before.0;
    assert_eq!(expected.email, "owl@example.org");
    expected.email = String::new();
    let kept = case.store.booking(sold.id).await.unwrap().unwrap();
    assert_eq!(kept, expected);
    // What is being paid is somebody's still.
    let paying = case.store.booking(open.id).await.unwrap().unwrap();
    assert_eq!(paying.email, "owl@example.org");
    let after = (case.store.sales(sales).await.unwrap(), case.audit().await);
    assert_eq!(after, (before.1, before.2));
}

pub async fn who_waited_and_who_got_letters_is_erased_with_them(case: Case) {
    let HoldOutcome::Held(held) = case.hold_tier(STANDING, 4, START).await else {
        panic!("free")
    };
    let waiter = WaiterId::draw(case.event, START);
    let join = JoinList {
        waiter,
        tier: STANDING,
        quantity: 4,
        email: "owl@example.org".into(),
        language: Language::English,
        client: CLAIMANT.address,
        believed_until: Some(Timestamp::FOREVER),
        now: START,
    };
    let joined = case.store.join_list(join).await.unwrap();
    assert!(matches!(joined, JoinOutcome::Waits { .. }), "{joined:?}");
    let release = ReleaseRequest {
        reservation: held.id,
        now: START,
    };
    case.store.release(release).await.unwrap();
    let offer = OfferPlaces {
        event: case.event,
        reservations: vec![ReservationId::draw(case.event, START)],
        believed_until: Some(Timestamp::FOREVER),
        mails: true,
        now: START,
    };
    assert_eq!(case.store.offer_places(offer).await.unwrap(), 1);
    let known = async || {
        let waiters = WaitersQuery {
            event: case.event,
            tier: STANDING,
            beyond: 0,
            limit: 10,
            now: START,
        };
        let letters = LettersQuery {
            event: case.event,
            state: None,
            booking: None,
            limit: 10,
        };
        let waiters = case.store.waiters(waiters).await.unwrap();
        let letters = case.store.letters(letters).await.unwrap();
        let recipients = letters.into_iter().map(|(letter, _)| letter.recipient);
        (
            waiters.into_iter().map(|(_, email)| email).collect::<Vec<_>>(),
            recipients.flatten().collect::<Vec<_>>(),
        )
    };
    let of = |email: &str| (vec![email.to_owned()], vec![email.to_owned()]);
    erased(&case, Timestamp(END.0 - 1)).await;
    assert_eq!(known().await, of("owl@example.org"));
    erased(&case, END).await;
    assert_eq!(known().await, of(""));
}
