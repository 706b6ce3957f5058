//! Loans of places that are bigger than what the lender has, by honest hubs: none, whoever retires and whatever clocks show.

use usher_keys::Timestamp;

use super::*;
use crate::rehearsal::NOW;

#[test]
fn an_heir_gives_away_no_place_of_a_slot_that_the_retired_hub_has_given_away_already() {
    let mut cloud = limited_cloud(&[1, 2, 3], 12);
    let (mut first, mut next) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let later = NOW.plus_ms(3 * SLOT_MS);
    // The second hub gets all places, gives those of one later slot to the third, and is retired.
    first.write(lent(&hub(2), 12, PlacesOf::TimeSlotsFrom(Timestamp(0))));
    next.hear(&first);
    next.write(lent(&hub(3), 12, PlacesOf::TimeSlot(later)));
    let mut heir = Machine::hub(4, &cloud);
    cloud.publish_roster(2, &[2, 3, 4]);
    cloud.publish_roster(3, &[3, 4]);
    cloud.write(Body::HubRetired {
        hub: hub(2).public(),
        heir: Some(hub(4).public()),
    });
    for machine in [&cloud, &first, &next] {
        heir.hear(machine);
    }
    heir.share_places(&[3]);
    let places = heir
        .ledger
        .state()
        .places(ZONE, PlacesOf::TimeSlot(later))
        .unwrap();
    assert!(places.values().all(|places| *places >= 0), "{places:?}");
    let sum: i64 = places.values().sum();
    assert_eq!(sum, 12);
    let soon = PlacesOf::TimeSlot(NOW.plus_ms(SLOT_MS));
    assert_eq!(
        heir.ledger.state().places_to_give(ZONE, soon, &heir.me()),
        Some(12)
    );
}

#[test]
fn a_hub_with_places_of_one_slot_gives_none_of_those_that_follow() {
    let cloud = limited_cloud(&[1, 2, 3], 12);
    let mut first = Machine::hub(1, &cloud);
    // The clock of the second is a moment behind: what is a slot to come there runs already at the first.
    let next_slot = NOW.plus_ms(SLOT_MS - NOW.0 % SLOT_MS);
    first.write(lent(&hub(2), 8, PlacesOf::TimeSlot(next_slot)));
    let mut second = Machine::hub(2, &cloud);
    second.hear(&first);
    second.share_places(&[3]);
    for later in 0..4 {
        let slot = PlacesOf::TimeSlot(next_slot.plus_ms(later * SLOT_MS));
        let places = second.ledger.state().places(ZONE, slot).unwrap();
        assert!(places.values().all(|places| *places >= 0), "{later}: {places:?}");
    }
}
