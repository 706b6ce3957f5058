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

impl Row {
    /// Makes the row of a figure that must not exceed a target.
    pub fn at_most(what: impl Into<String>, (measured, target): (f64, f64), unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: number(measured, unit),
            target: format!("<= {}", number(target, unit)),
            met: Some(measured <= target),
        }
    }

    /// Makes the row of a figure that must reach a target.
    pub fn at_least(what: impl Into<String>, (measured, target): (f64, f64), unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: number(measured, unit),
            target: format!(">= {}", number(target, unit)),
            met: Some(measured >= target),
        }
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
        table.add(Row::at_most("hub CPU per admission", (163.4, 150.0), "µs"));
        table.add(Row::at_least("admissions", (6_000.0, 5_000.0), "/s"));
        table.add(Row::told("disk", "fsync 150 µs"));
        let waits = (Duration::from_micros(900), Duration::from_micros(300));
        table.add(Row::beside("two fsyncs", waits));
        table.add(Row::beside_size("its bits", (25.0, 12.5), "kB"));
        let lines = [
            "hub CPU per admission            163 µs  <= 150 µs   MISSED",
            "admissions                      6000 /s  >= 5000 /s  ok",
            "disk                       fsync 150 µs",
            "  beside two fsyncs     3.00 × (300 µs)",
            "  beside its bits      2.00 × (12.5 kB)",
            "",
        ];
        assert_eq!(table.to_string(), lines.join("\n"));
    }
}
