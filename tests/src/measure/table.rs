//! The table a bench ends with: what was measured, beside what it should be.

use std::fmt;
use std::time::Duration;

use super::latency::shown;

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was measured.
    pub what: String,
    pub measured: String,
    /// What it should be.
    pub target: String,
    /// Whether it is; none for a figure without a target.
    pub met: Option<bool>,
}

/// A figure that has a target and stands beside no limit yet: it is no row of a table before it does. Machines differ, so that a
/// target alone says nothing on another one.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure(Row);

impl Figure {
    /// Puts it beside its physical limit.
    pub fn beside(self, limit_name: &str, both: (Duration, Duration)) -> [Row; 2] {
        [self.0, Row::beside(limit_name, both)]
    }

    /// Puts a size beside the least it can be.
    pub fn beside_size(self, limit_name: &str, both: (f64, f64), unit: &str) -> [Row; 2] {
        [self.0, Row::beside_size(limit_name, both, unit)]
    }

    /// Puts it beside a limit of which it may be so many times at most.
    pub fn at_most_times(self, limit_name: &str, times: (f64, f64)) -> [Row; 2] {
        [self.0, Row::at_most_times(limit_name, times)]
    }
}

impl Row {
    /// Makes the figure that must not exceed a target.
    pub fn at_most(what: impl Into<String>, (measured, target): (f64, f64), unit: &str) -> Figure {
        Figure(Self {
            what: what.into(),
            measured: number(measured, unit),
            target: format!("<= {}", number(target, unit)),
            met: Some(measured <= target),
        })
    }

    /// Makes the figure that must reach a target.
    pub fn at_least(what: impl Into<String>, (measured, target): (f64, f64), unit: &str) -> Figure {
        Figure(Self {
            what: what.into(),
            measured: number(measured, unit),
            target: format!(">= {}", number(target, unit)),
            met: Some(measured >= target),
        })
    }

    /// Makes the row of a ratio to a limit that must not exceed a target.
    pub fn at_most_times(limit_name: &str, times: (f64, f64)) -> Self {
        Self::at_most(format!("  beside {limit_name}"), times, "×").0
    }

    /// Makes the row of a share of something measured in the same run that must not exceed a target.
    pub fn share_at_most(what: impl Into<String>, shares: (f64, f64)) -> Self {
        Self::at_most(what, shares, "").0
    }

    /// Makes the row of a share of something measured in the same run that must reach a target.
    pub fn share_at_least(what: impl Into<String>, shares: (f64, f64)) -> Self {
        Self::at_least(what, shares, "").0
    }

    /// Makes the row of a figure beside its physical limit, as a multiple of it.
    pub fn beside(limit_name: &str, (measured, limit): (Duration, Duration)) -> Self {
        let times = measured.as_secs_f64() / limit.as_secs_f64();
        Self::told(
            format!("  beside {limit_name}"),
            format!("{} ({})", number(times, "×"), shown(limit)),
        )
    }

    /// Makes the row of a size beside the least it can be, as a multiple of that.
    pub fn beside_size(limit_name: &str, (measured, limit): (f64, f64), unit: &str) -> Self {
        let (times, limit) = (number(measured / limit, "×"), number(limit, unit));
        Self::told(format!("  beside {limit_name}"), format!("{times} ({limit})"))
    }

    /// Makes a row that only tells.
    pub fn told(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            target: String::new(),
            met: None,
        }
    }
}

fn number(value: f64, unit: &str) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2} {unit}"),
        10.0..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// What a bench has measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a figure.
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// Adds figures.
    pub fn add_all(&mut self, rows: impl IntoIterator<Item = Row>) {
        self.0.extend(rows);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &str| self.0.iter().map(|row| of(row).chars().count()).max();
        let what = width(|row| &row.what).unwrap_or_default();
        let measured = width(|row| &row.measured).unwrap_or_default();
        let target = width(|row| &row.target).unwrap_or_default();
        for row in &self.0 {
            let verdict = match row.met {
                Some(true) => "ok",
                Some(false) => "MISSED",
                None => "",
            };
            let line = format!(
                "{:<what$}  {:>measured$}  {:<target$}  {verdict}",
                row.what, row.measured, row.target
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_its_target_and_says_when_it_misses() {
        let mut table = Table::default();
        let cpu = Row::at_most("hub CPU per admission", (163.4, 150.0), "µs");
        table.add_all(cpu.at_most_times("a verification", (2.9, 3.0)));
        let waits = (Duration::from_micros(900), Duration::from_micros(300));
        table.add_all(Row::at_least("admissions", (6_000.0, 5_000.0), "/s").beside("two fsyncs", waits));
        table.add(Row::told("disk", "fsync 150 µs"));
        let received = Row::at_most("received", (25.0, 100.0), "kB");
        table.add_all(received.beside_size("its bits", (25.0, 12.5), "kB"));
        table.add(Row::share_at_least("share of the rest", (0.5, 0.4)));
        let lines = [
            "hub CPU per admission              163 µs  <= 150 µs   MISSED",
            "  beside a verification            2.90 ×  <= 3.00 ×   ok",
            "admissions                        6000 /s  >= 5000 /s  ok",
            "  beside two fsyncs       3.00 × (300 µs)",
            "disk                         fsync 150 µs",
            "received                          25.0 kB  <= 100 kB   ok",
            "  beside its bits        2.00 × (12.5 kB)",
            "share of the rest                   0.50   >= 0.40     ok",
            "",
        ];
        assert_eq!(table.to_string(), lines.join("\n"));
    }
}
