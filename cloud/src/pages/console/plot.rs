//! Stacked bars over time as one picture (SVG) made here, with a legend and the same numbers as a table for whoever sees no picture.

use std::fmt::Write;

/// The picture, in its own units.
const WIDTH: usize = 720;
const HEIGHT: usize = 200;
/// Room for the numbers at its left and the words below.
const LEFT: usize = 56;
const BELOW: usize = 24;
/// Most bars that are drawn: more are finer than a phone's screen; those beside each other are then added up.
const MOST_BARS: usize = 120;
/// Most words below the bars.
const MOST_WORDS: usize = 6;
/// Colours that the style sheet tells apart.
const COLOURS: usize = 6;

/// Bars over time: each has a word, such as a day or a minute, and a number of each series.
#[derive(Debug, Clone, Default)]
pub struct BarPlot {
    /// What is shown, in words.
    pub title: &'static str,
    /// What stands above the words of the table: `Day`.
    pub step: &'static str,
    /// The names of the series.
    pub series: Vec<String>,
    /// The bars, the first one first, with a number for each series.
    pub bars: Vec<(String, Vec<u64>)>,
}

impl BarPlot {
    /// Draws it; nothing where there are no bars.
    pub fn draw(&self) -> String {
        if self.bars.is_empty() {
            return String::new();
        }
        let bars = self.joined();
        let most = bars.iter().map(|(_, numbers)| numbers.iter().sum::<u64>()).max();
        let most = most.unwrap_or_default().max(1);
        let mut html = format!(
            "<figure class=\"plot\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}. \
             The numbers are in the table below.\">",
            plain(self.title),
            LEFT + WIDTH,
            HEIGHT + BELOW,
            plain(self.title),
        );
        axis(&mut html, most);
        for (at, (word, numbers)) in bars.iter().enumerate() {
            self.bar(&mut html, (at, bars.len()), (word, numbers), most);
        }
        html.push_str("</svg>");
        self.legend(&mut html);
        self.table(&mut html);
        html.push_str("</figure>");
        html
    }

    /// Adds up bars beside each other until there are not too many.
    fn joined(&self) -> Vec<(String, Vec<u64>)> {
        let size = self.bars.len().div_ceil(MOST_BARS);
        let joined = self.bars.chunks(size).map(|bars| {
            let sum = |series: usize| bars.iter().filter_map(|(_, numbers)| numbers.get(series)).sum();
            (bars[0].0.clone(), (0..self.series.len()).map(sum).collect())
        });
        joined.collect()
    }

    fn bar(&self, html: &mut String, (at, of): (usize, usize), (word, numbers): (&str, &[u64]), most: u64) {
        let (from, until) = (LEFT + at * WIDTH / of, LEFT + (at + 1) * WIDTH / of);
        let width = (until - from).saturating_sub(usize::from(of < 90)).max(1);
        let (mut below, mut top) = (0, HEIGHT);
        for (series, number) in numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
            below += number;
            let y = height(below, most);
            let colour = series % COLOURS;
            let _ = write!(
                html,
                "<rect class=\"s{colour}\" x=\"{from}\" y=\"{y}\" width=\"{width}\" height=\"{}\"><title>{}, {}: {number}</title></rect>",
                top - y,
                plain(word),
                plain(&self.series[series]),
            );
            top = y;
        }
        if at % of.div_ceil(MOST_WORDS) == 0 {
            let y = HEIGHT + BELOW - 6;
            let _ = write!(html, "<text x=\"{from}\" y=\"{y}\">{}</text>", plain(word));
        }
    }

    fn legend(&self, html: &mut String) {
        html.push_str("<ul class=\"key\">");
        for (series, name) in self.series.iter().enumerate() {
            let _ = write!(
                html,
                "<li><i class=\"s{}\"></i>{}</li>",
                series % COLOURS,
                plain(name)
            );
        }
        html.push_str("</ul>");
    }

    fn table(&self, html: &mut String) {
        let _ = write!(
            html,
            "<details><summary>The same as a table</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr><th scope=\"col\">{}</th>",
            plain(self.title),
            plain(self.step)
        );
        for name in &self.series {
            let _ = write!(html, "<th scope=\"col\">{}</th>", plain(name));
        }
        html.push_str("</tr></thead><tbody>");
        for (word, numbers) in self
            .bars
            .iter()
            .filter(|(_, numbers)| numbers.iter().any(|number| *number > 0))
        {
            let _ = write!(html, "<tr><th scope=\"row\">{}</th>", plain(word));
            for number in numbers {
                let _ = write!(html, "<td>{number}</td>");
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table></div></details>");
    }
}

/// Returns how far below the top a number is drawn.
fn height(number: u64, most: u64) -> usize {
    let room = HEIGHT as u64 - 10;
    let share = number.min(most).saturating_mul(room) / most;
    HEIGHT - usize::try_from(share).unwrap_or_default()
}

fn axis(html: &mut String, most: u64) {
    let mut numbers = vec![0, most / 2, most];
    numbers.dedup();
    for number in numbers {
        let y = height(number, most);
        let _ = write!(
            html,
            "<path class=\"axis\" d=\"M{LEFT} {y}H{}\"/><text class=\"number\" x=\"{}\" y=\"{}\">{number}</text>",
            LEFT + WIDTH,
            LEFT - 6,
            y + 4,
        );
    }
}

/// Writes a name into a page.
fn plain(name: &str) -> String {
    askama::filters::escape(name, askama::filters::Html)
        .map_or_else(|_| String::new(), |safe| safe.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(bars: &[(&str, &[u64])]) -> String {
        let bars = bars
            .iter()
            .map(|(word, numbers)| ((*word).to_owned(), numbers.to_vec()));
        let plot = BarPlot {
            title: "Tickets by day",
            step: "Day",
            series: vec!["Stalls".into(), "<b>Standing</b>".into()],
            bars: bars.collect(),
        };
        plot.draw()
    }

    #[test]
    fn bars_stand_on_each_other_and_names_are_text() {
        let drawn = plot(&[("1 May", &[1, 3]), ("2 May", &[0, 0])]);
        assert!(
            drawn.contains("<rect class=\"s0\" x=\"56\" y=\"153\" width=\"359\" height=\"47\">"),
            "{drawn}"
        );
        assert!(
            drawn.contains("<rect class=\"s1\" x=\"56\" y=\"10\" width=\"359\" height=\"143\">"),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<rect").count(), 2, "nothing is drawn of nothing");
        assert!(
            drawn.contains("<th scope=\"row\">1 May</th><td>1</td><td>3</td>"),
            "{drawn}"
        );
        assert!(!drawn.contains("<b>") && !drawn.contains("style="), "{drawn}");
        assert_eq!(plot(&[]), "");
    }

    #[test]
    fn too_many_bars_are_added_up_and_none_is_lost() {
        let numbers: [u64; 2] = [1, 1];
        let many: Vec<(String, Vec<u64>)> = (0..1_000)
            .map(|day| (day.to_string(), numbers.to_vec()))
            .collect();
        let plot = BarPlot {
            series: vec!["A".into(), "B".into()],
            bars: many,
            ..BarPlot::default()
        };
        let joined = plot.joined();
        assert!(joined.len() <= MOST_BARS, "{}", joined.len());
        assert_eq!(joined.iter().flat_map(|(_, numbers)| numbers).sum::<u64>(), 2_000);
        assert!(plot.draw().contains("</svg>"));
    }

    #[test]
    fn the_greatest_numbers_are_drawn_too() {
        let drawn = plot(&[("1 May", &[u64::MAX / 4, u64::MAX / 4])]);
        assert!(drawn.contains("</figure>"), "{drawn}");
    }
}
