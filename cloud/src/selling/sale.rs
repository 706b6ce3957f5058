//! Whether an event sells now: not once it is over or canceled, and not under a key whose window ends before the event does.

use usher_keys::Timestamp;
use usher_keys::expiry::AFTER_EVENT_MS;

/// Whether buyers can have tickets of a published event now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleStatus {
    /// They can.
    OnSale,
    /// Not now: a ticket signed now would not be believed until the event's end, or none can be signed.
    Paused,
    /// Never again: the event has ended.
    Over,
    /// Never again: the event is canceled.
    Canceled,
    /// Not yet: its organizer has said from when.
    NotYet,
    /// Not any more, until its organizer says otherwise: they have stopped it, or said until when.
    Stopped,
}

impl SaleStatus {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::OnSale => "on_sale",
            Self::Paused => "paused",
            Self::Over => "over",
            Self::Canceled => "canceled",
            Self::NotYet => "not_yet",
            Self::Stopped => "stopped",
        }
    }
}

/// From when and until when something sells, as far as that is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SaleWindow {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl SaleWindow {
    /// Returns whether it is before, within or after.
    pub fn status(self, now: Timestamp) -> SaleStatus {
        if self.until.is_some_and(|until| until <= now) {
            SaleStatus::Stopped
        } else if self.from.is_some_and(|from| now < from) {
            SaleStatus::NotYet
        } else {
            SaleStatus::OnSale
        }
    }

    /// Returns when its status changes next.
    pub fn next_change(self, now: Timestamp) -> Option<Timestamp> {
        let changes = [self.from, self.until].into_iter().flatten();
        changes.filter(|at| now < *at).min()
    }
}

/// How an organizer sells an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventSale {
    pub window: SaleWindow,
    /// Whether its organizer has stopped the sale, until they resume it.
    pub is_stopped: bool,
    /// For how many days a booking awaits a bank transfer; none is taken where it is not said.
    pub invoice_days: Option<u16>,
    /// The most units of all tiers together that one order may have, if that is said.
    pub order_max: Option<u32>,
}

impl EventSale {
    /// Tells whether its organizer lets it be sold now.
    pub fn status(self, now: Timestamp) -> SaleStatus {
        if self.is_stopped {
            SaleStatus::Stopped
        } else {
            self.window.status(now)
        }
    }
}

/// What of an event says whether it may sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleFacts {
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether nothing of it is sold or ordered, because the store may be an older copy; read where what is sold is written, since a
    /// process may not have heard of it.
    pub is_halted: bool,
    /// Whether its organizer has canceled it.
    pub is_canceled: bool,
    /// How its organizer sells it.
    pub sale: EventSale,
}

impl SaleFacts {
    /// Tells whether it sells now; tickets signed now are believed until `believed_until`, if any can be.
    pub fn status(self, believed_until: Option<Timestamp>, now: Timestamp) -> SaleStatus {
        let needed = keys_needed_until(self.ends_at);
        let is_believed = believed_until.is_some_and(|until| needed <= until);
        if self.is_canceled {
            SaleStatus::Canceled
        } else if self.ends_at <= now {
            SaleStatus::Over
        } else if self.is_halted || !is_believed {
            SaleStatus::Paused
        } else {
            self.sale.status(now)
        }
    }
}

/// Returns until when the keys of an event that ends then must be believed: as long as its devices work.
pub fn keys_needed_until(ends_at: Timestamp) -> Timestamp {
    ends_at.plus_ms(AFTER_EVENT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    #[track_caller]
    fn check_window(from: Option<u64>, until: Option<u64>, expected: SaleStatus) {
        let window = SaleWindow {
            from: from.map(Timestamp),
            until: until.map(Timestamp),
        };
        assert_eq!(window.status(NOW), expected);
    }

    #[test]
    fn a_sale_begins_with_its_first_moment_and_ends_before_its_last() {
        check_window(None, None, SaleStatus::OnSale);
        check_window(Some(1_000), Some(1_001), SaleStatus::OnSale);
        check_window(Some(1_001), None, SaleStatus::NotYet);
        check_window(None, Some(1_000), SaleStatus::Stopped);
        let stopped = EventSale {
            is_stopped: true,
            ..EventSale::default()
        };
        assert_eq!(stopped.status(NOW), SaleStatus::Stopped);
    }
}
