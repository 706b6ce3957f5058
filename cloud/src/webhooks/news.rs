//! News: what happens at an event, as its endpoints are told it, in order and numbered, for programs that listen and come back.

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use super::WebhookKind;

/// How long news are kept: who comes back after a weekend, and a day more, has missed nothing.
pub const NEWS_KEPT_FOR: Duration = Duration::from_hours(72);
/// News that are read at once.
pub const PAGE: u32 = 100;

/// One thing that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsItem {
    /// Its number among those of its event, from 1.
    pub position: u64,
    /// What it is.
    pub kind: WebhookKind,
    /// The JSON that endpoints are sent.
    pub body: String,
}

/// Begins to write down what happens at an event, if nobody has listened before; and forgets old news.
#[derive(Debug, Clone, Copy)]
pub struct OpenNews {
    /// The event.
    pub event: EventId,
    /// The time.
    pub now: Timestamp,
}

/// Asks for news.
#[derive(Debug, Clone, Copy)]
pub struct NewsQuery {
    /// Of which event.
    pub event: EventId,
    /// After which number.
    pub after: u64,
}

/// Some news, the first one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsPage {
    /// What has happened.
    pub items: Vec<NewsItem>,
    /// Whether something in between is forgotten.
    pub has_gap: bool,
}

impl NewsPage {
    /// Makes the page that follows a number.
    pub fn after(number: u64, items: Vec<NewsItem>) -> Self {
        let has_gap = items.first().is_some_and(|first| first.position != number + 1);
        Self { items, has_gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_seen_where_numbers_are_missing() {
        let item = |position| NewsItem {
            position,
            kind: WebhookKind::Test,
            body: String::new(),
        };
        assert!(!NewsPage::after(4, vec![item(5), item(6)]).has_gap);
        assert!(NewsPage::after(3, vec![item(5)]).has_gap);
        assert!(!NewsPage::after(3, Vec::new()).has_gap);
    }
}
