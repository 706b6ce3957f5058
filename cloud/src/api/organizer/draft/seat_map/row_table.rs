//! Seat maps as tables, as spreadsheets save them: a line for each row of seats. What is wrong is told with its line.

use std::mem;
use std::str::FromStr;

use crate::api::error::FieldError;
use crate::api::input::Checks;
use crate::catalogue::SectionPlace;

use super::{RowSpec, SectionSpec};

/// Where errors are said to be.
const POINTER: &str = "/seat_map/csv";
/// The columns that a table may have; it has the first three.
const COLUMNS: [&str; 10] = [
    "section", "row", "tier", "seats", "first", "numbers", "x", "y", "turn", "radius",
];
const NEEDED: usize = 3;

/// The sections that a table describes.
#[derive(Debug, Default)]
pub(super) struct RowTable {
    pub sections: Vec<SectionSpec>,
    /// The number of the line of each row, by section.
    lines: Vec<Vec<usize>>,
}

/// A line, cut into its fields.
struct Line {
    number: usize,
    /// What stands in each of the columns; nothing in one that the table does not have.
    fields: [String; COLUMNS.len()],
}

impl RowTable {
    /// Reads a table. Lines that cannot be read are left out, and told.
    pub fn read(text: &str, checks: &mut Checks) -> Self {
        let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
        let head = lines.next().map_or("", |(_, head)| head);
        let separator = if head.contains(';') { ';' } else { ',' };
        let mut table = Self::default();
        let Some(columns) = columns(head, separator, checks) else {
            return table;
        };
        for (number, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            let read = line(number, text, (separator, &columns));
            if let Err(detail) = read.and_then(|line| table.add(&line)) {
                checks.require(false, POINTER, format!("line {number}: {detail}"));
            }
        }
        table
    }

    /// Adds the line number to an error of a section or row.
    pub fn at_its_line(&self, error: &FieldError) -> FieldError {
        let pointer: Vec<&str> = error.pointer.split('/').collect();
        let (section, row, member) = match pointer.as_slice() {
            [_, _, _, section, "rows", row, member @ ..] => (*section, *row, member),
            [_, _, _, section, member @ ..] => (*section, "0", member),
            _ => ("", "", [].as_slice()),
        };
        let lines = section
            .parse()
            .ok()
            .and_then(|section: usize| self.lines.get(section));
        let line = row.parse().ok().and_then(|row: usize| lines?.get(row));
        let detail = match line {
            Some(line) => format!("line {line}: {} {}", member.join(" "), error.detail),
            None => error.detail.to_string(),
        };
        FieldError {
            pointer: POINTER.into(),
            detail: detail.into(),
        }
    }

    fn add(&mut self, line: &Line) -> Result<(), String> {
        let [section, row, _, _, _, numbers, ..] = &line.fields;
        let tier = line.number("tier")?.ok_or("tier must be said")?;
        let place = line.place()?;
        let numbers: Vec<String> = numbers.split_whitespace().map(str::to_owned).collect();
        let row = RowSpec {
            name: row.clone(),
            tier: Some(tier),
            seats: line.number("seats")?,
            first: line.number("first")?,
            numbers: (!numbers.is_empty()).then_some(numbers),
        };
        let known = self.sections.iter().position(|known| known.name == *section);
        let Some(index) = known else {
            self.sections.push(SectionSpec {
                name: section.clone(),
                tier,
                place,
                rows: vec![row],
            });
            self.lines.push(vec![line.number]);
            return Ok(());
        };
        let section = &mut self.sections[index];
        if place.is_some() && section.place.is_some() && place != section.place {
            return Err("x, y, turn and radius must be those of the section's first line, or empty".into());
        }
        section.place = section.place.or(place);
        section.rows.push(row);
        self.lines[index].push(line.number);
        Ok(())
    }
}

/// Finds in which column each field of a line is.
fn columns(head: &str, separator: char, checks: &mut Checks) -> Option<Vec<usize>> {
    let names = fields(head, separator).unwrap_or_default();
    let column = |name: &String| {
        COLUMNS
            .iter()
            .position(|column| name.eq_ignore_ascii_case(column))
    };
    let found: Option<Vec<usize>> = names.iter().map(column).collect();
    let found = found.filter(|found| (0..NEEDED).all(|column| found.contains(&column)));
    let detail = format!(
        "line 1: must name the columns section, row and tier, and of {} those that there are",
        COLUMNS[NEEDED..].join(", ")
    );
    checks.require(found.is_some(), POINTER, detail);
    found
}

fn line(number: usize, text: &str, (separator, columns): (char, &[usize])) -> Result<Line, String> {
    let found = fields(text, separator).ok_or("a quotation mark is open at its end")?;
    if found.len() > columns.len() {
        let (found, columns) = (found.len(), columns.len());
        return Err(format!("has {found} fields, and there are {columns} columns"));
    }
    let mut line = Line {
        number,
        fields: Default::default(),
    };
    for (&column, field) in columns.iter().zip(found) {
        line.fields[column] = field;
    }
    Ok(line)
}

/// Cuts a line into fields; one in quotation marks may have the separator in it, and two marks for one.
fn fields(text: &str, separator: char) -> Option<Vec<String>> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '"' if is_quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => is_quoted = !is_quoted,
            char if char == separator && !is_quoted => fields.push(mem::take(&mut field)),
            char => field.push(char),
        }
    }
    fields.push(field);
    let trimmed = fields.into_iter().map(|field| field.trim().to_owned());
    (!is_quoted).then(|| trimmed.collect())
}

impl Line {
    /// Reads a number, if there is one.
    fn number<N: FromStr>(&self, column: &str) -> Result<Option<N>, String> {
        let index = COLUMNS.iter().position(|name| *name == column);
        let text = index.map_or("", |index| &self.fields[index]);
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().map(Some);
        number.map_err(|_| format!("{column} must be a number, and is {text:?}"))
    }

    fn place(&self) -> Result<Option<SectionPlace>, String> {
        let [x, y, turn, radius] = ["x", "y", "turn", "radius"].map(|column| self.number(column));
        let (turn, radius) = (turn?, radius?);
        match (x?, y?) {
            (Some(x), Some(y)) => Ok(Some(SectionPlace {
                x,
                y,
                turn: turn.unwrap_or(0.0),
                radius: radius.unwrap_or(0.0),
            })),
            (None, None) if turn.is_none() && radius.is_none() => Ok(None),
            _ => Err("x and y must both be said, if one of x, y, turn and radius is".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut checks = Checks::default();
        let table = RowTable::read(text, &mut checks);
        let Err(error) = checks.finish() else {
            panic!("{table:?}");
        };
        assert!(format!("{error:?}").contains(expected), "{error:?}");
    }

    #[test]
    fn a_table_is_read_whatever_its_order_and_marks() {
        let mut checks = Checks::default();
        let text = "\u{feff}Row;Section;tier;seats;first;x;y;turn\r\n\
                    1;\"Stalls; left \"\"A\"\"\";1;12;3;0;4.5;90\r\n\r\n\
                    2;\"Stalls; left \"\"A\"\"\";2;14\r\n";
        let table = RowTable::read(text, &mut checks);
        assert!(!checks.failed());
        let [section] = &table.sections[..] else {
            panic!("{table:?}");
        };
        assert_eq!(section.name, "Stalls; left \"A\"");
        let place = section.place.map(|place| (place.x, place.y, place.turn));
        assert_eq!(place, Some((0.0, 4.5, 90.0)));
        let row = |row: &RowSpec| (row.name.clone(), row.tier, row.seats, row.first);
        let rows: Vec<_> = section.rows.iter().map(row).collect();
        let expected = [
            ("1".to_owned(), Some(1), Some(12), Some(3)),
            ("2".to_owned(), Some(2), Some(14), None),
        ];
        assert_eq!(rows, expected);
        assert_eq!(table.lines, [[2, 4]]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        check("section,row,tier,colour\n", "line 1: must name the columns");
        check("row,tier\n", "line 1: must name the columns");
        check(
            "section,row,tier,seats\nA,1,1,10\nA,2,1,ten\n",
            "line 3: seats must be a number",
        );
        check(
            "section,row,tier,seats\nA,1,1,10\n\nA,2,,10\n",
            "line 4: tier must be said",
        );
        check("section,row,tier\nA,1,1,10\n", "line 2: has 4 fields");
        check("section,row,tier\n\"A,1,1\n", "line 2: a quotation mark");
        check("section,row,tier,x\nA,1,1,5\n", "line 2: x and y");
        check(
            "section,row,tier,x,y\nA,1,1,5,5\nA,2,1,5,6\n",
            "line 3: x, y, turn and radius",
        );
    }
}
