//! Groups seated one by one in small houses, and in any house as a slow and plain search would seat them.

use proptest::prelude::*;

use super::*;

const TIER: TierId = TierId(1);
const OTHER: TierId = TierId(2);

/// Builds a house of one section from rows of seats: `.` is free, `x` is not, `o` is free and of another tier.
fn house(rows: &[&str]) -> FreeSeats {
    house_of(&[rows])
}

fn house_of(sections: &[&[&str]]) -> FreeSeats {
    let names: Vec<String> = (0..10).map(|name| name.to_string()).collect();
    let (mut seats, mut is_free) = (Vec::new(), Vec::new());
    for (section, rows) in sections.iter().enumerate() {
        for (row, line) in rows.iter().enumerate() {
            for seat in line.chars() {
                let unit = Unit(u32::try_from(seats.len()).unwrap());
                let tier = if seat == 'o' { OTHER } else { TIER };
                seats.push((unit, tier, names[section].as_str(), names[row].as_str()));
                is_free.push(seat != 'x');
            }
        }
    }
    FreeSeats::of(&seats, &is_free)
}

#[track_caller]
fn check(rows: &[&str], group: u32, expected: &[u32]) {
    let seats = house(rows).take_best(TIER, group).unwrap_or_default();
    assert_eq!(
        seats,
        expected.iter().copied().map(Unit).collect::<Vec<_>>(),
        "{rows:?}"
    );
}

#[test]
fn the_middle_of_the_first_row_is_the_best() {
    check(&[".......", "......."], 1, &[3]);
    check(&[".......", "......."], 3, &[2, 3, 4]);
    check(&["xxxxxxx", "......."], 3, &[9, 10, 11]);
    // Behind the middle is nearer than the end of a long row.
    check(&[".....xxxxxxxxxxx", "................"], 2, &[23, 24]);
}

#[test]
fn a_group_leaves_no_seat_alone_where_it_can() {
    check(&["x.....x"], 2, &[1, 2]);
    check(&["x....x"], 4, &[1, 2, 3, 4]);
    // Three of four would leave one: the row behind has a better place.
    check(&["x....x", "x...xx"], 3, &[7, 8, 9]);
    // There is no other place, so the one seat is left.
    check(&["x....x"], 3, &[1, 2, 3]);
    // A free seat of another tier is company: somebody can take both.
    check(&["...o"], 2, &[0, 1]);
    check(&["...x"], 2, &[1, 2]);
}

#[test]
fn a_large_group_is_split_into_few_parts_near_each_other_and_nobody_sits_alone() {
    check(&["...x", "x..x", "...."], 7, &[0, 1, 2, 8, 9, 10, 11]);
    // Not four and one.
    check(&["....x", "x..xx"], 5, &[1, 2, 3, 6, 7]);
    check(&[".x.x", "x.xx"], 3, &[0, 2, 5]);
    check(&["..x"], 3, &[]);
    check(&["...."], 0, &[]);
}

#[test]
fn parts_stay_in_their_section() {
    let mut free = house_of(&[&["....", "x..x"], &["...x", "...."]]);
    let units = |seats: [u32; 6]| Some(seats.map(Unit).to_vec());
    assert_eq!(free.take_best(TIER, 6), units([0, 1, 2, 3, 5, 6]));
    assert_eq!(free.take_best(TIER, 6), units([9, 10, 12, 13, 14, 15]));
    assert_eq!(free.count(TIER), 1);
}

#[test]
fn what_is_given_back_is_taken_again() {
    let mut free = house(&["....."]);
    assert_eq!(free.take_best(TIER, 5).map(|seats| seats.len()), Some(5));
    assert_eq!(free.take_best(TIER, 1), None);
    free.give_back(Unit(3));
    free.give_back(Unit(99));
    assert_eq!(free.take_best(TIER, 1), Some(vec![Unit(3)]));
    assert_eq!(free.take_best(OTHER, 1), None);
}

/// The best run of free seats, found by trying each; whether it leaves nobody alone comes first.
fn by_trying(rows: &[String], group: usize) -> Option<Vec<usize>> {
    let mut best = None;
    let mut first = 0;
    for (depth, row) in rows.iter().enumerate() {
        let seats: Vec<char> = row.chars().collect();
        let is_free = |place: usize| seats.get(place).is_some_and(|seat| *seat != 'x');
        for start in 0..=seats.len().saturating_sub(group) {
            if seats.len() < group || !seats[start..start + group].iter().all(|seat| *seat == '.') {
                continue;
            }
            let is_alone =
                |place: usize, beyond: Option<usize>| is_free(place) && !beyond.is_some_and(is_free);
            let leaves_one = start > 0 && is_alone(start - 1, start.checked_sub(2))
                || is_alone(start + group, Some(start + group + 1));
            let aside = (2 * start + group).abs_diff(seats.len());
            let rank = (leaves_one, 16 * depth * depth + aside * aside, first + start);
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, (first + start..first + start + group).collect()));
            }
        }
        first += seats.len();
    }
    best.map(|(_, seats)| seats)
}

proptest! {
    #[test]
    fn in_any_house_a_group_sits_where_trying_every_seat_finds_it(
        rows in prop::collection::vec("[.xo]{1,130}|[.]{1,40}", 1..8), group in 1_u32..=20,
    ) {
        // A row that is longer than a block has an aisle, which the plain search does not know.
        let rows: Vec<String> = rows.iter().map(|row| row.chars().take(BLOCK).collect()).collect();
        let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
        let seats = house(&lines).take_best(TIER, group);
        if let Some(expected) = by_trying(&rows, group as usize) {
            let seats: Vec<usize> = seats.unwrap().iter().map(|seat| seat.0 as usize).collect();
            prop_assert_eq!(seats, expected);
        } else {
            let free = rows.concat().matches('.').count();
            prop_assert_eq!(seats.is_some(), free >= group as usize);
        }
    }

    #[test]
    fn groups_get_different_free_seats_of_their_tier_until_none_are_left(
        rows in prop::collection::vec("[.xo]{1,150}", 1..8), groups in prop::collection::vec(1_u32..=20, 1..60),
    ) {
        let plan_of_all = rows.concat();
        let mut plan: Vec<char> = plan_of_all.chars().collect();
        let mut free = house(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        for group in groups {
            let left = plan.iter().filter(|seat| **seat == '.').count();
            prop_assert_eq!(free.count(TIER) as usize, left);
            let Some(seats) = free.take_best(TIER, group) else {
                prop_assert!(left < group as usize);
                continue;
            };
            prop_assert_eq!(seats.len(), group as usize);
            for seat in seats {
                prop_assert_eq!(std::mem::replace(&mut plan[seat.0 as usize], 'x'), '.');
            }
        }
    }
}
