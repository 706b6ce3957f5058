//! Printed tickets: read back from paper's resolution by our own eyes and by zbar, their words found, their files sound, by programs that know nothing
//! of ours (poppler, qpdf, zbar).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use fast_qr::{ECL, Mode, QRBuilder};
use tempfile::TempDir;
use usher_documents::{DocumentError, PageLayout, PrintedTicket, QrModules, tickets};
use usher_eyes::LumaFrame;

/// What people's printers and screens show at least, in dots per inch.
const RESOLUTION: &str = "150";

/// Digits as many as a ticket's payload has.
fn payload(number: usize) -> String {
    format!("{number:03}{}", "7218345609".repeat(19))
}

fn ticket(number: usize) -> anyhow::Result<PrintedTicket> {
    let payload = payload(number);
    let mut builder = QRBuilder::new(payload.as_str());
    let code = builder.mode(Mode::Numeric).ecl(ECL::M).build();
    let code = code.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let places = (0..code.size).flat_map(|row| (0..code.size).map(move |column| (row, column)));
    Ok(PrintedTicket {
        organizer: "Kulturverein Eule e. V.".into(),
        event: "Nachtmusik für Eulen, Ночь сов, Νύχτα: an evening that has a very long name".into(),
        starts: "Fri 15 January 2027, 20:00".into(),
        venue: "Großer Saal im Alten Rathaus, Zürich".into(),
        tier: "Regular".into(),
        place: format!("Stalls, row 1, seat {number}"),
        facts: [
            ("Doors", "Fri 15 January 2027, 19:00"),
            ("Gate", "North"),
            ("Holder", "Zoë Łukasiewicz"),
        ]
        .map(|(name, fact)| (name.into(), fact.into()))
        .to_vec(),
        code: format!("ABCD-000{number}"),
        qr: Some(QrModules {
            side: code.size,
            dark: places.map(|(row, column)| code[row][column].value()).collect(),
        }),
        note: None,
    })
}

/// A document in a folder of its own.
struct Printed {
    folder: TempDir,
    file: PathBuf,
    bytes: usize,
}

impl Printed {
    fn of(layout: PageLayout, count: usize) -> anyhow::Result<Self> {
        let all = (1..=count).map(ticket).collect::<Result<Vec<_>, _>>()?;
        let pdf = tickets("Tickets for owls", layout, &all)?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("tickets.pdf");
        std::fs::write(&file, &pdf)?;
        Ok(Self {
            folder,
            file,
            bytes: pdf.len(),
        })
    }

    /// Asks a program about it.
    fn ask(&self, program: &str, before: &[&str], after: &[&str]) -> anyhow::Result<String> {
        run(program, |command| {
            command.args(before).arg(&self.file).args(after)
        })
    }

    /// Turns its pages into pictures.
    fn pages(&self) -> anyhow::Result<Vec<PathBuf>> {
        let stem = self.folder.path().join("page");
        let stem = stem.to_str().context("a path is text")?;
        self.ask("pdftoppm", &["-r", RESOLUTION, "-gray", "-png"], &[stem])?;
        let mut pages: Vec<_> = std::fs::read_dir(self.folder.path())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        pages.retain(|path| path.extension().is_some_and(|kind| kind == "png"));
        pages.sort();
        Ok(pages)
    }
}

fn run(program: &str, with: impl FnOnce(&mut Command) -> &mut Command) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    let output = with(&mut command)
        .output()
        .with_context(|| format!("{program} is not here: run .ci/setup test"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program}: {said}{complaint}");
    Ok(said)
}

/// Reads the codes of a page with our own eyes, and with zbar.
fn read(page: &Path) -> anyhow::Result<[Vec<String>; 2]> {
    let picture = image::open(page)?.to_luma8();
    let frame = LumaFrame::new(picture.width(), picture.height(), picture.into_raw())?;
    let mut ours: Vec<_> = usher_eyes::read(&frame)
        .into_iter()
        .map(|code| String::from_utf8(code.bytes))
        .collect::<Result<_, _>>()?;
    let theirs = run("zbarimg", |command| command.args(["--quiet", "--raw"]).arg(page))?;
    let mut theirs: Vec<_> = theirs.lines().map(str::to_owned).collect();
    ours.sort();
    theirs.sort();
    Ok([ours, theirs])
}

#[test]
fn a_ticket_a_page_is_read_by_our_eyes_and_by_others() -> anyhow::Result<()> {
    let printed = Printed::of(PageLayout::One, 3)?;
    let pages = printed.pages()?;
    assert_eq!(pages.len(), 3);
    for (number, page) in (1..).zip(&pages) {
        for read in read(page)? {
            assert_eq!(read, [payload(number)]);
        }
    }
    Ok(())
}

#[test]
fn four_tickets_on_a_page_are_read_each_for_itself() -> anyhow::Result<()> {
    let printed = Printed::of(PageLayout::Four, 5)?;
    let pages = printed.pages()?;
    assert_eq!(pages.len(), 2);
    for (page, numbers) in pages.iter().zip([1..=4, 5..=5]) {
        let expected: Vec<_> = numbers.map(payload).collect();
        for read in read(page)? {
            assert_eq!(read, expected);
        }
    }
    Ok(())
}

#[test]
fn words_are_found_fonts_are_subsets_and_codes_are_no_pictures() -> anyhow::Result<()> {
    let printed = Printed::of(PageLayout::One, 1)?;
    let text = printed.ask("pdftotext", &["-layout"], &["-"])?;
    // Lines are broken where they must.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Kulturverein Eule e. V.",
        "Nachtmusik für Eulen, Ночь сов, Νύχτα: an evening that has a very long name",
        "Großer Saal im Alten Rathaus, Zürich",
        "Stalls, row 1, seat 1",
        "Gate: North",
        "Holder: Zoë Łukasiewicz",
        "Doors: Fri 15 January 2027, 19:00",
        "ABCD-0001",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    printed.ask("qpdf", &["--check"], &[])?;
    let fonts = printed.ask("pdffonts", &[], &[])?;
    let fonts: Vec<_> = fonts.lines().skip(2).collect();
    assert_eq!(fonts.len(), 2, "{fonts:?}");
    for font in fonts {
        assert!(font.contains("+DejaVuSans"), "{font} is whole");
    }
    assert_eq!(printed.ask("pdfimages", &["-list"], &[])?.lines().count(), 2);
    assert!(printed.bytes < 60_000, "{} bytes", printed.bytes);
    Ok(())
}

#[test]
fn what_cannot_be_printed_is_said() -> anyhow::Result<()> {
    let nothing = tickets("Nothing", PageLayout::One, &[]);
    assert!(matches!(nothing, Err(DocumentError::Nothing)));
    let mut torn = ticket(1)?;
    torn.qr.as_mut().unwrap().dark.pop();
    let torn = tickets("Torn", PageLayout::One, &[torn]);
    assert!(matches!(torn, Err(DocumentError::Modules { .. })), "{torn:?}");
    // Letters that the fonts do not have, and texts without end, are no trouble.
    let strange = PrintedTicket {
        event: "夜のフクロウ 🦉 ".repeat(200),
        place: "W".repeat(4_000),
        ..ticket(1)?
    };
    tickets("Strange", PageLayout::Four, &[strange])?;
    Ok(())
}
