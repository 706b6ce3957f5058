//! Labels of units, read and written, in their shortest form.

use super::*;

fn house<'a>(rows: &'a [(&'a str, &'a str, &'a [&'a str])]) -> UnitLabels {
    let seats = rows
        .iter()
        .flat_map(|&(section, row, numbers)| numbers.iter().map(move |&number| [section, row, number]));
    UnitLabels::of(seats)
}

#[track_caller]
fn check(labels: &UnitLabels, unit: u32, expected: &str) {
    assert_eq!(labels.label(Unit(unit)).to_string(), expected, "unit {unit}");
}

#[test]
fn a_unit_is_called_what_stands_on_its_ticket() {
    let labels = house(&[
        ("A", "1", &["10", "11", "12"]),
        ("A", "2", &["10", "11", "12"]),
        ("A", "4", &["10", "11", "12"]),
        ("A", "Box", &["left", "right"]),
        ("B", "Y", &["1"]),
        ("B", "Z", &["1"]),
        ("B", "AA", &["1"]),
    ]);
    for (unit, expected) in [
        (0, "A, row 1, seat 10"),
        (1, "A, row 1, seat 11"),
        (5, "A, row 2, seat 12"),
        (6, "A, row 4, seat 10"),
        (9, "A, row Box, seat left"),
        (11, "B, row Y, seat 1"),
        (12, "B, row Z, seat 1"),
        (13, "B, row AA, seat 1"),
        (14, "no. 1"),
        (FIRST_FOREIGN_UNIT.0 - 1, "no. 16777202"),
        (FIRST_FOREIGN_UNIT.0, "no. 1 of the other seller"),
        (u32::MAX, "no. 4278190080 of the other seller"),
    ] {
        check(&labels, unit, expected);
    }
    assert_eq!(labels.sections.len(), 2);
    assert_eq!(labels.sections[0].rows.len(), 3);
    assert_eq!(labels.sections[1].rows.len(), 2);
}

#[test]
fn numbers_that_are_written_in_their_own_way_are_kept_so() {
    let labels = house(&[
        ("A", "01", &["01", "02"]),
        ("A", "02", &["1", "3"]),
        ("A", "+3", &["+1"]),
        ("A", "4294967295", &["4294967295", "0"]),
    ]);
    for (unit, expected) in [
        (1, "A, row 01, seat 02"),
        (3, "A, row 02, seat 3"),
        (4, "A, row +3, seat +1"),
        (5, "A, row 4294967295, seat 4294967295"),
        (6, "A, row 4294967295, seat 0"),
    ] {
        check(&labels, unit, expected);
    }
}

#[test]
fn a_great_house_takes_little_room() {
    let numbers: Vec<String> = (1..=50).map(|number| number.to_string()).collect();
    let rows: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    let sections: Vec<String> = (101..=120).map(|number| format!("Block {number}")).collect();
    let seats = sections.iter().flat_map(|section| {
        let numbers = &numbers;
        rows.iter()
            .flat_map(move |row| numbers.iter().map(move |number| [section.as_str(), row, number]))
    });
    let labels = UnitLabels::of(seats);
    assert_eq!(labels.seats, 100_000);
    check(&labels, 99_999, "Block 120, row 100, seat 50");
    assert!(
        codec::encode(&labels).len() < 400,
        "{}",
        codec::encode(&labels).len()
    );
}

#[test]
fn what_does_not_fit_is_called_by_its_unit() {
    let names: Vec<String> = (0..20_000).map(|number| format!("x{number}")).collect();
    let labels = UnitLabels::of(names.iter().map(|name| ["A", name.as_str(), "1"]));
    assert!(codec::encode(&labels).len() <= MAX_LABELS_BYTES);
    check(&labels, 1_000, "A, row x1000, seat 1");
    check(&labels, 19_999, "place 19999");
    check(&labels, 20_000, "no. 1");
}

#[test]
fn labels_that_make_no_sense_are_no_reason_to_panic() {
    let rows = |rows, numbers| SeatRows {
        first: "Z".to_owned(),
        rows,
        numbers,
    };
    let labels = UnitLabels {
        seats: u32::MAX,
        sections: vec![SeatSection {
            name: String::new(),
            rows: vec![
                rows(u32::MAX, SeatNumbers::Named(Vec::new())),
                rows(0, SeatNumbers::Counted { first: 1, seats: 1 }),
                rows(
                    u32::MAX,
                    SeatNumbers::Counted {
                        first: u32::MAX,
                        seats: u32::MAX,
                    },
                ),
            ],
        }],
    };
    check(&labels, 1, ", row Z, seat 4294967296");
    check(&labels, FIRST_FOREIGN_UNIT.0 - 1, ", row Z, seat 4311744510");
}
