//! Drafts: what becomes of good ones, and what is said of bad ones.

use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "venue_id": VenueId([1; 16]).to_string(),
        "name": "Night of the Owls",
        "starts_at": "2027-06-04T18:00:00Z",
        "ends_at": "2027-06-04T23:00:00Z",
        "currency": "EUR",
        "tiers": [
            {"tier": 1, "name": "Stalls", "price": 4500},
            {"tier": 2, "name": "Standing", "price": 2500, "admits": 2, "check_id": true, "offline": "available",
             "entry": {"per_day": 2}},
        ],
        "seat_map": {"sections": [{"name": "Stalls", "tier": 1, "rows": [
            {"name": "A", "seats": 3, "first": 10},
            {"name": "B", "numbers": ["1", "2L"], "tier": 2},
        ]}]},
        "general_admission": [{"tier": 2, "quantity": 4}],
    })
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Value), pointer: &str) {
    let mut request = good();
    change(&mut request);
    let request: EventRequest = serde_json::from_value(request).unwrap();
    let outcome = request.inventory();
    let Err(ApiError::Invalid(errors)) = outcome else {
        panic!("not refused: {outcome:?}")
    };
    assert!(
        errors.iter().any(|error| error.pointer == pointer),
        "{errors:?} is not about {pointer:?}"
    );
}

#[test]
fn seats_come_first_and_units_are_numbered_densely() {
    let request: EventRequest = serde_json::from_value(good()).unwrap();
    let inventory = request.inventory().unwrap();
    assert_eq!((inventory.units.len(), inventory.seat_count), (9, 5));
    let seats: Vec<_> = inventory
        .units
        .iter()
        .filter_map(|unit| {
            unit.seat
                .as_ref()
                .map(|seat| (unit.unit.0, unit.tier.0, format!("{}{}", seat.row, seat.number)))
        })
        .collect();
    let expected = [
        (0, 1, "A10"),
        (1, 1, "A11"),
        (2, 1, "A12"),
        (3, 2, "B1"),
        (4, 2, "B2L"),
    ];
    assert_eq!(
        seats,
        expected.map(|(unit, tier, seat)| (unit, tier, seat.to_owned()))
    );
    assert_eq!(inventory.units.last().unwrap().unit, Unit(8));
}

#[test]
fn a_draft_without_zones_and_gates_gets_one_of_each() {
    let request: EventRequest = serde_json::from_value(good()).unwrap();
    let policy = request.inventory().unwrap().policy;
    assert_eq!((policy.zones.len(), policy.gates.len()), (1, 1));
    assert_eq!(policy.tier(TierId(1)).unwrap().offline, Offline::Strict);
    assert_eq!(policy.tier(TierId(2)).unwrap().entry, EntryRule::PerDay(2));
    assert_eq!(policy.tier(TierId(2)).unwrap().zones, [policy.zones[0].id]);
}

#[test]
fn a_tier_without_zones_opens_the_outermost_alone() {
    let mut draft = good();
    draft["zones"] = json!([{"id": 7, "name": "Floor"}, {"id": 3, "name": "Backstage"}]);
    draft["tiers"][1]["zones"] = json!([7, 3]);
    let request: EventRequest = serde_json::from_value(draft).unwrap();
    let policy = request.inventory().unwrap().policy;
    assert_eq!(policy.tier(TierId(1)).unwrap().zones, [ZoneId(7)]);
    assert_eq!(policy.tier(TierId(2)).unwrap().zones, [ZoneId(7), ZoneId(3)]);
}

#[test]
fn values_that_make_no_sense_are_named() {
    check_refused(|draft| draft["name"] = json!(""), "/name");
    check_refused(|draft| draft["name"] = json!("a\u{0}b"), "/name");
    check_refused(|draft| draft["name"] = json!("x".repeat(81)), "/name");
    check_refused(
        |draft| draft["ends_at"] = json!("2027-06-04T18:00:00Z"),
        "/ends_at",
    );
    check_refused(
        |draft| draft["reservation_seconds"] = json!(0),
        "/reservation_seconds",
    );
    check_refused(|draft| draft["currency"] = json!("XTS"), "/currency");
    check_refused(|draft| draft["tiers"] = json!([]), "/tiers");
    check_refused(|draft| draft["tiers"][0]["price"] = json!(-1), "/tiers/0/price");
    check_refused(|draft| draft["tiers"][0]["admits"] = json!(0), "/tiers/0/admits");
    check_refused(|draft| draft["tiers"][1]["tier"] = json!(1), "");
    check_refused(|draft| draft["tiers"][0]["zones"] = json!([9]), "");
    check_refused(|draft| draft["tiers"][0]["zones"] = json!([]), "/tiers/0/zones");
    check_refused(
        |draft| draft["general_admission"][0]["tier"] = json!(7),
        "/general_admission/0/tier",
    );
    check_refused(
        |draft| draft["general_admission"][0]["quantity"] = json!(4_000_000_000_u32),
        "/general_admission/0/quantity",
    );
    let row = "/seat_map/sections/0/rows/0";
    check_refused(
        |draft| draft["seat_map"]["sections"][0]["rows"][0]["numbers"] = json!(["1"]),
        row,
    );
    check_refused(
        |draft| draft["seat_map"]["sections"][0]["rows"][0]["seats"] = json!(4_000_000_000_u32),
        &format!("{row}/seats"),
    );
    check_refused(
        |draft| draft["seat_map"]["sections"][0]["rows"][1]["name"] = json!("A"),
        "/seat_map/sections/0/rows/1/name",
    );
    check_refused(
        |draft| draft["seat_map"]["sections"][0]["rows"][1]["numbers"] = json!(["1", "1"]),
        "/seat_map/sections/0/rows/1/numbers",
    );
}

#[test]
fn an_unknown_field_is_named() {
    let mut draft = good();
    draft["prise"] = json!(1);
    let error = serde_json::from_value::<EventRequest>(draft)
        .unwrap_err()
        .to_string();
    assert!(error.contains("prise"), "{error}");
}
