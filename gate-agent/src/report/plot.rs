//! Curves over time as one picture (SVG), without a script or anything from elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::local::LocalTime;

/// The picture, in its own units.
const WIDTH: u64 = 900;
const HEIGHT: u64 = 240;
/// Room for the numbers at its left and the hours below.
const LEFT: u64 = 60;
const BELOW: u64 = 24;
/// Most steps that a curve is drawn with: more are finer than the picture.
const MOST_STEPS: u64 = 400;
/// Colours that people who see few of them tell apart (Okabe and Ito).
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666",
];
/// How long a stretch of the picture is told by one number below, in minutes: the first of these with which there are not too many.
const HOURS: [u64; 7] = [5, 15, 30, 60, 180, 720, 1_440];
const MOST_HOURS: u64 = 10;

/// A curve with its name: values by minute since 1970, in order.
pub struct Curve {
    pub name: String,
    pub values: Vec<(u64, i64)>,
    /// Whether a value counts what came in its minute, so that those of one step are added up; else it holds until the next.
    pub is_flow: bool,
}

/// Draws curves over the same time; nothing where there are none.
pub fn draw(curves: &[Curve], time: LocalTime) -> String {
    let minutes = || {
        curves
            .iter()
            .flat_map(|curve| &curve.values)
            .map(|(minute, _)| *minute)
    };
    let (Some(first), Some(last)) = (minutes().min(), minutes().max()) else {
        return String::new();
    };
    let step = (last - first) / MOST_STEPS + 1;
    let steps = (last - first) / step + 1;
    let drawn: Vec<Vec<i64>> = curves
        .iter()
        .map(|curve| stepped(curve, first, (step, steps)))
        .collect();
    let most = drawn.iter().flatten().copied().max().unwrap_or_default().max(1);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\">",
        LEFT + WIDTH,
        HEIGHT + BELOW
    );
    axes(&mut svg, (first, steps * step, most), time);
    for (at, values) in drawn.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let mut path = String::new();
        for (number, value) in (0..).zip(values) {
            let (from, to) = (LEFT + number * WIDTH / steps, LEFT + (number + 1) * WIDTH / steps);
            let above = height(*value, most);
            let _ = write!(path, "{}{from} {above}H{to}", if number == 0 { 'M' } else { 'L' });
        }
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
    }
    svg.push_str("</svg>");
    svg.push_str(&legend(curves));
    svg
}

/// Returns the value of each step of so many minutes.
fn stepped(curve: &Curve, first: u64, (step, steps): (u64, u64)) -> Vec<i64> {
    let mut values = curve.values.iter().peekable();
    let mut held = 0;
    let of_step = |number| {
        if curve.is_flow {
            held = 0;
        }
        while let Some((_, value)) = values.next_if(|(minute, _)| *minute < first + (number + 1) * step) {
            held = if curve.is_flow { held + value } else { *value };
        }
        held
    };
    (0..steps).map(of_step).collect()
}

/// Returns how far below the top a value is drawn.
fn height(value: i64, most: i64) -> u64 {
    let share = u64::try_from(value.clamp(0, most)).unwrap_or_default() * (HEIGHT - 10);
    HEIGHT - share / u64::try_from(most).unwrap_or(1).max(1)
}

fn axes(svg: &mut String, (first, minutes, most): (u64, u64, i64), time: LocalTime) {
    for value in BTreeSet::from([0, most / 2, most]) {
        let y = height(value, most);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {y}H{}\" stroke=\"#8888\" fill=\"none\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>",
            LEFT + WIDTH,
            LEFT - 6,
            y + 4,
        );
    }
    let is_rare = |apart: &&u64| minutes / **apart <= MOST_HOURS;
    let apart = HOURS
        .iter()
        .find(is_rare)
        .copied()
        .unwrap_or(minutes / MOST_HOURS + 1);
    let mut minute = first.div_ceil(apart) * apart;
    while minute < first + minutes {
        let x = LEFT + (minute - first) * WIDTH / minutes;
        let y = HEIGHT + BELOW - 6;
        let said = time.clock(minute);
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{said}</text>"
        );
        minute += apart;
    }
}

fn legend(curves: &[Curve]) -> String {
    let line = |(at, curve): (usize, &Curve)| {
        let colour = COLOURS[at % COLOURS.len()];
        format!(
            "<li><b style=\"color:{colour}\">&#9632;</b> {}</li>",
            plain(&curve.name)
        )
    };
    let lines: String = curves.iter().enumerate().map(line).collect();
    format!("<ul class=\"legend\">{lines}</ul>")
}

/// Writes a name into a page.
fn plain(name: &str) -> String {
    name.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
