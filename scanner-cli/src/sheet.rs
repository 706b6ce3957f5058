//! A page of test codes in several sizes, to print and hold before a camera, and how far off each is read; leaves out
//! printing it.

mod distance;

use std::fmt::Write;

use fast_qr::{ECL, QRBuilder, QRCode, Version};

pub use distance::{Camera, Ease, FIELD_OF_VIEW_DEGREES, MODULES, farthest_cm};

/// Widths of the codes in millimetres, without the white around them, as they stand on the page.
pub const ROWS_MM: [&[u32]; 2] = [&[50, 40], &[30, 25, 20, 15]];

/// White modules around a code.
const QUIET_ZONE: u32 = 4;

/// Millimetres from the edge of the page; printers leave less of it white.
const MARGIN_MM: f64 = 15.0;

/// Millimetres between two codes, beside the white of their own.
const GAP_MM: f64 = 8.0;

/// Where the first row of codes begins, in millimetres from the top.
const CODES_MM: f64 = 62.0;

/// Room for the words under a code, in millimetres.
const LABEL_MM: f64 = 22.0;

/// What a test code says: no ticket, but its own size, in as many modules as a ticket has.
#[must_use]
pub fn text(width_mm: u32) -> String {
    format!("No ticket, but a test code of Usher: {width_mm} mm wide, {MODULES} modules a side, as a ticket")
}

/// The page, A4, as SVG.
#[must_use]
pub fn svg() -> String {
    let mut page = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" \
         font-family=\"sans-serif\">\n<rect width=\"210\" height=\"297\" fill=\"#fff\"/>\n",
    );
    write_head(&mut page);
    let mut top = CODES_MM;
    for row in ROWS_MM {
        let mut left = MARGIN_MM;
        for &width_mm in row {
            write_code(&mut page, width_mm, (left, top));
            left += with_quiet_zone(width_mm) + GAP_MM;
        }
        let tallest = row.iter().copied().map(with_quiet_zone).fold(0.0, f64::max);
        top += tallest + LABEL_MM;
    }
    page.push_str("</svg>\n");
    page
}

fn write_head(page: &mut String) {
    let lines = [
        (20.0, 7.0, "Which size does this camera read?"),
        (
            29.0,
            4.0,
            "Print this page at 100 % on matt paper: then the line below is 100 mm long.",
        ),
        (
            35.0,
            4.0,
            "Start usher-scan run --gate 1 --camera --preview --verbose and hold up one code at a time,",
        ),
        (
            41.0,
            4.0,
            "coming closer until the screen says that it is no ticket: from there on, it is read.",
        ),
    ];
    for (y, size, words) in lines {
        write_words(page, (MARGIN_MM, y), size, words);
    }
    writeln!(
        page,
        "<path stroke=\"#000\" stroke-width=\"0.4\" fill=\"none\" d=\"M{MARGIN_MM} 47v4m0 -2h100m0 -2v4\"/>"
    )
    .expect("writing to memory succeeds");
}

fn write_code(page: &mut String, width_mm: u32, (left, top): (f64, f64)) {
    let side = MODULES + 2 * QUIET_ZONE;
    let scale = f64::from(width_mm) / f64::from(MODULES);
    writeln!(
        page,
        "<g transform=\"translate({left:.3} {top:.3}) scale({scale:.5})\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{}\"/></g>",
        dark_runs(&code(width_mm))
    )
    .expect("writing to memory succeeds");
    let left = left + scale * f64::from(QUIET_ZONE);
    let below = top + with_quiet_zone(width_mm);
    let far = |camera| farthest_cm(width_mm, camera, Ease::AtOnce);
    let lines = [
        (4.5, format!("{width_mm} mm")),
        (3.2, format!("720p: {} cm", far(Camera::P720))),
        (3.2, format!("1080p: {} cm", far(Camera::P1080))),
    ];
    for ((size, words), line) in lines.into_iter().zip(1_u32..) {
        write_words(page, (left, below + 4.5 * f64::from(line)), size, &words);
    }
}

fn write_words(page: &mut String, (x, y): (f64, f64), size: f64, words: &str) {
    writeln!(
        page,
        "<text x=\"{x:.3}\" y=\"{y:.3}\" font-size=\"{size}\">{words}</text>"
    )
    .expect("writing to memory succeeds");
}

fn with_quiet_zone(width_mm: u32) -> f64 {
    f64::from(width_mm) * f64::from(MODULES + 2 * QUIET_ZONE) / f64::from(MODULES)
}

fn code(width_mm: u32) -> QRCode {
    QRBuilder::new(text(width_mm))
        .version(Version::V05)
        .ecl(ECL::M)
        .build()
        .expect("the text fits a ticket's code")
}

/// A rectangle for each run of dark modules in a row.
fn dark_runs(code: &QRCode) -> String {
    let mut path = String::new();
    for row in 0..code.size {
        let mut column = 0;
        while column < code.size {
            let run = (column..code.size)
                .take_while(|&column| code[row][column].value())
                .count();
            if run > 0 {
                let (x, y) = (column + QUIET_ZONE as usize, row + QUIET_ZONE as usize);
                write!(path, "M{x} {y}h{run}v1h-{run}z").expect("writing to memory succeeds");
            }
            column += run.max(1);
        }
    }
    path
}
