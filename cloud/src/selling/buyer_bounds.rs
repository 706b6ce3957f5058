//! What one buyer, known by an address, and one client may do at an event before anything is paid: join waiting lists so often, and keep so many
//! places in bookings whose payment is not over.

use usher_keys::Timestamp;

use super::holding::REMEMBERED_MS;

/// For how long joining a waiting list counts, in milliseconds: a day.
pub const JOINS_COUNTED_MS: u64 = 24 * 3_600_000;

/// The bounds of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyerBounds {
    /// How often somebody joins waiting lists from one address of the network within a day.
    pub joins_per_address: u32,
    /// How often with one e-mail address.
    pub joins_per_buyer: u32,
    /// How many places the bookings of one e-mail address keep whose payment is not over.
    pub unpaid_per_buyer: u32,
}

impl BuyerBounds {
    /// What holds unless an organizer says otherwise: an office or a family behind one address, a buyer who waits for each tier, and two of the
    /// largest orders.
    pub const USUAL: Self = Self {
        joins_per_address: 20,
        joins_per_buyer: 5,
        unpaid_per_buyer: 40,
    };

    /// Returns those of an event whose organizer may have set others.
    pub fn of_event(own: OwnBuyerBounds) -> Self {
        Self {
            joins_per_address: own.joins_per_address.unwrap_or(Self::USUAL.joins_per_address),
            joins_per_buyer: own.joins_per_buyer.unwrap_or(Self::USUAL.joins_per_buyer),
            unpaid_per_buyer: own.unpaid_per_buyer.unwrap_or(Self::USUAL.unpaid_per_buyer),
        }
    }
}

/// The bounds that the organizer of an event has set; the others are as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnBuyerBounds {
    pub joins_per_address: Option<u32>,
    pub joins_per_buyer: Option<u32>,
    pub unpaid_per_buyer: Option<u32>,
}

/// A bound that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundReached {
    /// How much there is of it.
    pub most: u32,
    /// How much is used.
    pub used: u32,
    /// When the same request fits.
    pub fits_at: Timestamp,
}

/// When somebody has joined waiting lists of an event within a day, the first time first.
#[derive(Debug, Clone, Default)]
pub struct Joins {
    pub from_address: Vec<Timestamp>,
    pub of_buyer: Vec<Timestamp>,
}

impl Joins {
    /// Returns which bound another one would go beyond, and until when: the one that lasts longest.
    pub fn too_often(&self, bounds: BuyerBounds) -> Option<BoundReached> {
        let reached = [
            (&self.from_address, bounds.joins_per_address),
            (&self.of_buyer, bounds.joins_per_buyer),
        ];
        let reached = reached.into_iter().filter_map(|(joined, most)| {
            let used = u32::try_from(joined.len()).unwrap_or(u32::MAX);
            // Once so many of the first are forgotten, one more fits.
            let surplus = used.checked_sub(most)?;
            let last = joined.get(usize::try_from(surplus).unwrap_or(usize::MAX))?;
            let fits_at = last.plus_ms(JOINS_COUNTED_MS);
            Some(BoundReached { most, used, fits_at })
        });
        reached.max_by_key(|reached| reached.fits_at)
    }
}

/// Tells whether so many more places would be too many for the unpaid bookings of a buyer: each keeps some until its time to pay is over.
pub fn too_many_unpaid(
    unpaid: &[(Timestamp, u32)],
    more: u32,
    bounds: BuyerBounds,
    now: Timestamp,
) -> Option<BoundReached> {
    let most = bounds.unpaid_per_buyer;
    let sum = |bookings: &[(Timestamp, u32)]| {
        bookings
            .iter()
            .fold(0_u32, |sum, (_, units)| sum.saturating_add(*units))
    };
    let used = sum(unpaid);
    // One order is bounded elsewhere: whoever has nothing unpaid may begin to pay for it.
    if unpaid.is_empty() || used.saturating_add(more) <= most {
        return None;
    }
    let mut left = unpaid.to_vec();
    left.sort_unstable();
    let mut fits_at = now;
    while !left.is_empty() && sum(&left).saturating_add(more) > most {
        fits_at = left.remove(0).0;
    }
    Some(BoundReached {
        most,
        used,
        fits_at: fits_at.max(now),
    })
}

/// Returns by when somebody joined a waiting list of whom it is forgotten where they were, when holds are that had ended by a moment: both
/// are kept as long as they count.
pub fn joins_forgotten_by(ended_by: Timestamp) -> Timestamp {
    Timestamp(ended_by.0.saturating_sub(JOINS_COUNTED_MS - REMEMBERED_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn joined(count: u64) -> Vec<Timestamp> {
        (0..count).map(|at| NOW.plus_ms(at)).collect()
    }

    #[test]
    fn joining_is_bounded_by_where_one_is_and_who_one_is() {
        let bounds = BuyerBounds {
            joins_per_address: 3,
            joins_per_buyer: 2,
            ..BuyerBounds::USUAL
        };
        let joins = |from_address, of_buyer| Joins {
            from_address: joined(from_address),
            of_buyer: joined(of_buyer),
        };
        assert_eq!(joins(2, 1).too_often(bounds), None);
        let reached = |most, used, after| {
            Some(BoundReached {
                most,
                used,
                fits_at: NOW.plus_ms(JOINS_COUNTED_MS + after),
            })
        };
        assert_eq!(joins(3, 1).too_often(bounds), reached(3, 3, 0));
        assert_eq!(joins(1, 2).too_often(bounds), reached(2, 2, 0));
        // Both: whichever lasts longer.
        assert_eq!(joins(5, 3).too_often(bounds), reached(3, 5, 2));
    }

    #[test]
    fn unpaid_bookings_of_a_buyer_keep_so_many_places() {
        let bounds = BuyerBounds {
            unpaid_per_buyer: 10,
            ..BuyerBounds::USUAL
        };
        let unpaid = [(NOW.plus_ms(9), 4), (NOW.plus_ms(5), 4)];
        let check = |more| too_many_unpaid(&unpaid, more, bounds, NOW);
        assert_eq!(too_many_unpaid(&[], 99, bounds, NOW), None);
        assert_eq!(check(2), None);
        let reached = |after| {
            Some(BoundReached {
                most: 10,
                used: 8,
                fits_at: NOW.plus_ms(after),
            })
        };
        assert_eq!(check(3), reached(5));
        assert_eq!(check(7), reached(9));
    }

    #[test]
    fn where_somebody_was_is_forgotten_when_it_counts_no_more() {
        // Holds are forgotten when they have ended an hour ago.
        let ended_by = Timestamp(NOW.0 - REMEMBERED_MS);
        assert_eq!(joins_forgotten_by(ended_by).plus_ms(JOINS_COUNTED_MS), NOW);
        assert_eq!(joins_forgotten_by(Timestamp(5)), Timestamp(0));
    }
}
