//! The table of an evening for the terminal.

use super::{PlayedScenario, changed, minutes, summary};

const GATES: [&str; 12] = [
    "Gate",
    "Lanes",
    "Let in",
    "Wait p50",
    "p95",
    "max",
    "Queue max",
    "Lane/h",
    "Referred",
    "Refused",
    "Desk max",
    "Last in",
];
const CHANGES: [&str; 8] = [
    "What if",
    "Wait p50",
    "p95",
    "Queue max",
    "Referred",
    "Not let in",
    "Doubles",
    "Last in",
];

/// Writes all that is to be read at a terminal.
pub fn of(played: &PlayedScenario) -> String {
    let evening = &played.evening;
    let mut text = format!(
        "{}: {} tickets, {} gates, {} hubs, doors at {}, seed {}\n\n",
        evening.scenario,
        evening.tickets,
        evening.gates.len(),
        evening.hubs,
        played.scenario.doors,
        evening.seed
    );
    let rows = evening.gates.iter().map(|gate| {
        [
            gate.name.clone(),
            gate.lanes.to_string(),
            gate.let_in.to_string(),
            minutes(gate.wait_p50_s),
            minutes(gate.wait_p95_s),
            minutes(gate.wait_max_s),
            gate.queue_max.to_string(),
            gate.busiest_hour_per_lane.to_string(),
            gate.referrals.to_string(),
            gate.refusals.to_string(),
            gate.desk_max.to_string(),
            played.clock(gate.last_in_min),
        ]
    });
    aligned(&mut text, GATES, rows.collect());
    text.push('\n');
    for sentence in summary(played) {
        text.push_str(&sentence);
        text.push('\n');
    }
    if !played.what_if.is_empty() {
        text.push('\n');
        let rows = played.what_if.iter().map(|one| {
            [
                changed(one.change).to_owned(),
                minutes(one.wait_p50_s),
                minutes(one.wait_p95_s),
                one.queue_max.to_string(),
                one.referrals.to_string(),
                one.not_let_in.to_string(),
                one.doubles.to_string(),
                played.clock(one.last_in_min),
            ]
        });
        aligned(&mut text, CHANGES, rows.collect());
    }
    text
}

/// Writes a table: the first column to the left, numbers to the right.
fn aligned<const COLUMNS: usize>(text: &mut String, names: [&str; COLUMNS], rows: Vec<[String; COLUMNS]>) {
    let names = names.map(str::to_owned);
    let all: Vec<_> = std::iter::once(names).chain(rows).collect();
    let width = |column: usize| {
        all.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..COLUMNS).map(width).collect();
    for row in &all {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut text = String::new();
        aligned(
            &mut text,
            ["Gate", "In"],
            vec![["Süd".to_owned(), "12345".to_owned()]],
        );
        assert_eq!(text, "Gate     In\nSüd   12345\n");
    }
}
