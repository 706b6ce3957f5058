//! The table of the demo: one row for each step, printed as it comes; colours only for a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Width of the columns, in characters: together they fit a window of 120.
const STEP_WIDTH: usize = 33;
const EXPECTED_WIDTH: usize = 31;
const HAPPENED_WIDTH: usize = 38;
const TOOK_WIDTH: usize = 8;

/// What a step came to.
#[derive(Debug, Clone)]
pub struct DemoRow<'a> {
    /// What was done.
    pub step: &'a str,
    /// What should happen.
    pub expected: &'a str,
    pub happened: &'a str,
    /// How long it took.
    pub took: Duration,
    /// Whether it came out as told.
    pub passed: bool,
}

/// Where the rows go.
#[derive(Debug)]
pub struct DemoTable<W> {
    out: W,
    colours: bool,
}

impl DemoTable<io::Stdout> {
    /// Makes a table on the standard output.
    pub fn on_stdout() -> Self {
        let out = io::stdout();
        let colours = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out, colours }
    }
}

impl<W: Write> DemoTable<W> {
    /// Makes a table.
    pub fn new(out: W, colours: bool) -> Self {
        Self { out, colours }
    }

    /// Prints a line of text.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Prints the names of the columns.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn head(&mut self) -> io::Result<()> {
        let took = format!("{:>TOOK_WIDTH$}", "took");
        let names = columns(["step", "expected", "what happened"]);
        writeln!(self.out, "     {names}  {took}")?;
        let rules = [STEP_WIDTH, EXPECTED_WIDTH, HAPPENED_WIDTH, TOOK_WIDTH].map(|width| "-".repeat(width));
        writeln!(self.out, "     {}", rules.join("  "))
    }

    /// Prints a row, as many lines high as its longest cell.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn row(&mut self, row: &DemoRow) -> io::Result<()> {
        let cells = [
            wrap(row.step, STEP_WIDTH),
            wrap(row.expected, EXPECTED_WIDTH),
            wrap(row.happened, HAPPENED_WIDTH),
        ];
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let took = format!("{:>TOOK_WIDTH$}", duration(row.took));
        for line in 0..height {
            let mark = if line == 0 {
                self.mark(row.passed)
            } else {
                "    ".to_owned()
            };
            let cell = |column: usize| cells[column].get(line).map_or("", String::as_str);
            let took = if line == 0 { took.as_str() } else { "" };
            let text = format!("{mark} {}  {took}", columns([cell(0), cell(1), cell(2)]));
            writeln!(self.out, "{}", text.trim_end())?;
        }
        self.out.flush()
    }

    fn mark(&self, passed: bool) -> String {
        match (passed, self.colours) {
            (true, true) => "\x1b[32m  ok\x1b[0m".to_owned(),
            (false, true) => "\x1b[31mFAIL\x1b[0m".to_owned(),
            (true, false) => "  ok".to_owned(),
            (false, false) => "FAIL".to_owned(),
        }
    }
}

fn columns([step, expected, happened]: [&str; 3]) -> String {
    format!("{step:STEP_WIDTH$}  {expected:EXPECTED_WIDTH$}  {happened:HAPPENED_WIDTH$}")
}

/// Breaks a text into lines at blanks; a word that is too long is broken anywhere.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let last = lines.last_mut().expect("there is always a line");
            let used = last.chars().count();
            let blank = usize::from(used > 0);
            if used + blank + word.len() <= width {
                last.extend(std::iter::repeat_n(' ', blank));
                last.extend(word.drain(..));
            } else if used > 0 {
                lines.push(String::new());
            } else {
                last.extend(word.drain(..width));
                lines.push(String::new());
            }
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Writes a duration with the unit that suits it.
pub fn duration(took: Duration) -> String {
    match took.as_millis() {
        0..1_000 => format!("{} ms", took.as_millis()),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: usize, lines: &[&str]) {
        assert_eq!(wrap(text, width), lines, "{text:?}");
    }

    #[test]
    fn cells_are_broken_at_blanks_and_never_wider_than_their_column() {
        check("", 5, &[""]);
        check("one", 5, &["one"]);
        check("one two three", 7, &["one two", "three"]);
        check("abcdefghijk", 5, &["abcde", "fghij", "k"]);
        check("ab cdefghij", 5, &["ab", "cdefg", "hij"]);
        check("abcde", 5, &["abcde"]);
        check("äöüäö äöü", 5, &["äöüäö", "äöü"]);
    }

    #[test]
    fn a_row_is_printed_without_colours_for_a_file() {
        let mut out = Vec::new();
        let row = DemoRow {
            step: "A ticket is scanned",
            expected: "admitted",
            happened: "ADMIT Welcome",
            took: Duration::from_millis(41),
            passed: true,
        };
        DemoTable::new(&mut out, false).row(&row).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(line.starts_with("  ok A ticket is scanned"), "{line}");
        assert!(line.ends_with("41 ms\n") && !line.contains('\x1b'), "{line}");
    }

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        assert_eq!(duration(Duration::from_micros(400)), "0 ms");
        assert_eq!(duration(Duration::from_millis(999)), "999 ms");
        assert_eq!(duration(Duration::from_millis(1_234)), "1.2 s");
    }
}
