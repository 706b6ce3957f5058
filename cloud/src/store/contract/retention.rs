//! Who bought is forgotten when an event is long past; what was sold is not.

use usher_keys::Timestamp;

use super::case::{Case, START};
use crate::selling::ErasePersonalData;
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
