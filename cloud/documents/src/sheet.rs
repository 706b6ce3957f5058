//! Drawing tickets on pages: what stands where, in points from the upper left corner.

use krilla::Document;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::TextDirection;

use crate::lettering::Typeface;
use crate::{DocumentError, PageLayout, PrintedTicket, QrModules};

/// An A4 page, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// White modules around a code, as ISO/IEC 18004 asks for.
const QUIET_ZONE: f32 = 4.0;

/// Where on a page a ticket goes, and how large it is drawn.
#[derive(Clone, Copy)]
struct Spot {
    left: f32,
    top: f32,
    width: f32,
    /// Size of the text that most of it is in.
    text: f32,
    /// Lines that most texts may take: what is left out would run into what is below.
    lines: usize,
    /// Side of the QR code with its quiet zone: one of 37 modules is then read from paper at 150 dots per inch.
    code: f32,
}

impl PageLayout {
    fn spots(self) -> Vec<Spot> {
        let spot = |(left, top, width), text, lines, code| Spot {
            left,
            top,
            width,
            text,
            lines,
            code,
        };
        match self {
            Self::One => vec![spot((56.0, 56.0, PAGE.0 - 112.0), 13.0, 2, 230.0)],
            Self::Four => {
                let (width, height) = (PAGE.0 / 2.0, PAGE.1 / 2.0);
                let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
                corners
                    .map(|(left, top)| spot((left + 22.0, top + 22.0, width - 44.0), 8.5, 1, 150.0))
                    .to_vec()
            }
        }
    }
}

/// What is written with.
struct Typefaces {
    regular: Typeface,
    bold: Typeface,
}

/// Draws tickets on as many pages as they take.
pub fn write(title: &str, layout: PageLayout, tickets: &[PrintedTicket]) -> Result<Vec<u8>, DocumentError> {
    let unwritable = |what: &str| DocumentError::Unwritable(what.to_owned());
    let regular = Typeface::regular().ok_or_else(|| unwritable("a font is damaged"))?;
    let bold = Typeface::bold().ok_or_else(|| unwritable("a font is damaged"))?;
    let typefaces = Typefaces { regular, bold };
    let mut document = Document::new();
    let metadata = Metadata::new().title(title.to_owned()).language("en".to_owned());
    document.set_metadata(metadata);
    let spots = layout.spots();
    for some in tickets.chunks(spots.len()) {
        let settings =
            PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| unwritable("the page has no size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (spot, ticket) in spots.iter().zip(some) {
            Pen {
                surface: &mut surface,
                typefaces: &typefaces,
                spot: *spot,
                y: spot.top,
            }
            .ticket(ticket);
        }
        if layout == PageLayout::Four {
            cut_marks(&mut surface);
        }
        surface.finish();
        page.finish();
    }
    document
        .finish()
        .map_err(|error| DocumentError::Unwritable(format!("{error:?}")))
}

/// Draws one ticket from top to bottom.
struct Pen<'a, 'page> {
    surface: &'a mut Surface<'page>,
    typefaces: &'a Typefaces,
    spot: Spot,
    /// How far down it has come.
    y: f32,
}

impl Pen<'_, '_> {
    fn ticket(&mut self, ticket: &PrintedTicket) {
        let Spot { text, lines, .. } = self.spot;
        self.write(&ticket.organizer, text, false, 1);
        self.write(&ticket.event, text * 1.8, true, lines + 1);
        self.write(&ticket.starts, text * 1.1, true, 1);
        self.write(&ticket.venue, text, false, 2);
        self.y += text * 0.6;
        self.write(&ticket.tier, text * 1.2, true, 1);
        self.write(&ticket.place, text * 1.2, false, 2);
        for (name, fact) in &ticket.facts {
            self.write(&format!("{name}: {fact}"), text, false, lines);
        }
        self.y += text * 0.4;
        if let Some(qr) = &ticket.qr {
            self.code(qr);
        }
        self.write(&ticket.code, text * 1.4, true, 1);
        if let Some(note) = &ticket.note {
            self.write(note, text * 0.9, true, 4);
        }
        if ticket.qr.is_some() {
            let keep = "Show this code at the gate. Whoever shows it first is let in: keep it to yourself.";
            self.write(keep, text * 0.8, false, 2);
        }
    }

    /// Writes a text and goes down by its lines.
    fn write(&mut self, text: &str, size: f32, is_bold: bool, most_lines: usize) {
        let typeface = if is_bold {
            &self.typefaces.bold
        } else {
            &self.typefaces.regular
        };
        self.surface.set_fill(Some(black()));
        for line in typeface.lines(text, size, self.spot.width, most_lines) {
            self.y += size * 1.3;
            let start = Point::from_xy(self.spot.left, self.y - size * 0.3);
            self.surface.draw_text(
                start,
                typeface.font.clone(),
                size,
                &line,
                false,
                TextDirection::Auto,
            );
        }
    }

    /// Draws a code as one path: edges stay sharp at any size.
    fn code(&mut self, qr: &QrModules) {
        #[expect(clippy::cast_precision_loss, reason = "a code has at most 177 modules a side")]
        let places: Vec<f32> = (0..=qr.side).map(|place| place as f32 + QUIET_ZONE).collect();
        let module = self.spot.code / (places[qr.side] + QUIET_ZONE);
        let mut path = PathBuilder::new();
        for row in 0..qr.side {
            let is_dark = |column: usize| qr.dark[row * qr.side + column];
            let mut column = 0;
            while column < qr.side {
                let run = (column..qr.side).take_while(|&column| is_dark(column)).count();
                if run > 0 {
                    let (left, right) = (places[column] * module, places[column + run] * module);
                    let (top, bottom) = (places[row] * module, places[row + 1] * module);
                    let (x, y) = (self.spot.left, self.y);
                    path.move_to(x + left, y + top);
                    path.line_to(x + right, y + top);
                    path.line_to(x + right, y + bottom);
                    path.line_to(x + left, y + bottom);
                    path.close();
                }
                column += run.max(1);
            }
        }
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(black()));
            self.surface.draw_path(&path);
        }
        self.y += self.spot.code;
    }
}

fn black() -> Fill {
    Fill {
        paint: luma::Color::black().into(),
        rule: FillRule::NonZero,
        ..Fill::default()
    }
}

/// Draws where the page is cut.
fn cut_marks(surface: &mut Surface<'_>) {
    let mut path = PathBuilder::new();
    path.move_to(PAGE.0 / 2.0, 0.0);
    path.line_to(PAGE.0 / 2.0, PAGE.1);
    path.move_to(0.0, PAGE.1 / 2.0);
    path.line_to(PAGE.0, PAGE.1 / 2.0);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke {
            paint: luma::Color::new(170).into(),
            width: 0.5,
            ..Stroke::default()
        }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}
