//! A rush as a picture: tickets and reads by the second, as SVG that a page or a document shows.

use std::fmt::Write;

use super::figures::Second;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 320.0;
/// Room for the scales.
const MARGIN: f64 = 60.0;

/// Draws it; what stands above it says what it was.
pub fn svg(title: &str, seconds: &[Second]) -> String {
    let tickets: Vec<u32> = seconds.iter().map(|second| second.tickets).collect();
    let reads: Vec<u32> = seconds.iter().map(|second| second.reads).collect();
    let last = seconds.len().saturating_sub(1);
    let (right, bottom, middle) = (WIDTH - MARGIN, HEIGHT - MARGIN / 2.0, WIDTH / 2.0);
    let (most_tickets, most_reads) = (most(&tickets), most(&reads));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{middle}\" y=\"16\" text-anchor=\"middle\">{title}</text>\n\
         <path d=\"M{MARGIN} {MARGIN}V{bottom}H{right}V{MARGIN}\" fill=\"none\" stroke=\"#888\"/>\n"
    );
    let mut words = |x: f64, y: f64, anchor: &str, color: &str, text: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{color}\">{text}</text>"
        );
    };
    words(MARGIN - 6.0, MARGIN, "end", "#06c", &most_tickets.to_string());
    words(MARGIN, MARGIN - 10.0, "start", "#06c", "tickets sold a second");
    words(right + 6.0, MARGIN, "start", "#a50", &most_reads.to_string());
    words(right, MARGIN - 10.0, "end", "#a50", "reads a second (dashed)");
    words(MARGIN, HEIGHT - 2.0, "middle", "#444", "0 s");
    words(right, HEIGHT - 2.0, "middle", "#444", &format!("{last} s"));
    for (values, color, dashes) in [(&tickets, "#06c", ""), (&reads, "#a50", "6 4")] {
        let points = line(values);
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn most(values: &[u32]) -> u32 {
    values.iter().copied().max().unwrap_or_default().max(1)
}

fn line(values: &[u32]) -> String {
    let most = f64::from(most(values));
    let steps = values.len().saturating_sub(1).max(1) as f64;
    let (wide, high) = (WIDTH - 2.0 * MARGIN, HEIGHT - 1.5 * MARGIN);
    let points = values.iter().enumerate().map(|(at, value)| {
        let x = MARGIN + wide * at as f64 / steps;
        let y = MARGIN + high * (1.0 - f64::from(*value) / most);
        format!("{x:.1},{y:.1}")
    });
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_touches_the_top_and_the_last_one_the_right() {
        let second = |tickets, reads| Second { tickets, reads };
        let drawn = svg("A rush", &[second(0, 5), second(10, 0), second(5, 10)]);
        assert!(
            drawn.contains("points=\"60.0,290.0 400.0,60.0 740.0,175.0\""),
            "{drawn}"
        );
        assert!(
            drawn.contains("points=\"60.0,175.0 400.0,290.0 740.0,60.0\""),
            "{drawn}"
        );
        assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
    }
}
