//! News of events: written down once somebody listens, numbered, and forgotten.

use super::case::{Case, START};
use crate::selling::ConfirmOutcome;
use crate::webhooks::news::{NEWS_KEPT_FOR, NewsQuery, OpenNews};
use crate::webhooks::{WebhookKind, ms};

impl Case {
    async fn sell(&self, seat: u32, key: &str) {
        let held = self.held(&[seat], START).await;
        let open = self.begun(held.id, key, START).await;
        let outcome = self.confirm(&open, START).await;
        assert!(matches!(outcome, ConfirmOutcome::Confirmed(_)), "{outcome:?}");
    }
}

pub async fn news_are_numbered_from_when_somebody_listens_and_forgotten_later(case: Case) {
    let event = case.event;
    let open = |now| case.store.open_news(OpenNews { event, now });
    let news = async |after| case.store.news(NewsQuery { event, after }).await.unwrap();
    case.sell(0, "before").await;
    assert_eq!(open(START).await.unwrap(), 0);
    assert!(news(0).await.items.is_empty());
    for (unit, key) in [(1, "one"), (2, "two")] {
        case.sell(unit, key).await;
    }
    let page = news(0).await;
    let told: Vec<_> = page.items.iter().map(|item| (item.position, item.kind)).collect();
    let kind = WebhookKind::BookingConfirmed;
    assert_eq!((told, page.has_gap), (vec![(1, kind), (2, kind)], false));
    assert!(
        page.items[0].body.contains("booking_id"),
        "{}",
        page.items[0].body
    );
    assert_eq!(news(1).await.items, page.items[1..]);
    assert_eq!(open(START).await.unwrap(), 2);
    // What is forgotten does not begin anew.
    let later = START.plus_ms(ms(NEWS_KEPT_FOR) + 1_000_000);
    assert_eq!(open(later).await.unwrap(), 2);
    assert!(news(0).await.items.is_empty());
    case.sell(3, "three").await;
    let page = news(0).await;
    assert_eq!((page.items[0].position, page.has_gap), (3, true));
}
