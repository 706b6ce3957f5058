//! Codes that are no ticket, or not this event's: on pictures for a scanner, typed by a wedge, and over a hub's HTTP.

use std::fs;
use std::path::PathBuf;

use anyhow::ensure;
use image::GrayImage;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Buyer;
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::qr;
use usher_tests::stage::venue::{Side, Venue};

/// More than a ticket's text may have, and as much as fits into a request.
const LONG: usize = 1_500;

/// Texts that are almost a ticket, made of a genuine one.
fn nearly(payload: &str) -> Vec<String> {
    let other_digits = payload
        .chars()
        .map(|digit| char::from_u32(digit as u32 - '0' as u32 + '٠' as u32));
    vec![
        String::new(),
        "0".to_owned(),
        "7".repeat(LONG),
        "https://example.org/ticket".to_owned(),
        "\u{0}\u{1}\u{1b}[31m".to_owned(),
        format!(" {payload}"),
        format!("{payload} "),
        format!("{payload}\n"),
        format!("+{payload}"),
        format!("{payload}0"),
        format!("0{payload}"),
        format!("{payload}{payload}"),
        payload[..payload.len() - 1].to_owned(),
        other_digits.flatten().collect(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_almost_a_ticket_are_none_and_the_ticket_itself_still_is() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.north.turnstile(NORTH).await?;
    let ticket = stage.buyer().buy_one(SEATED).await?;
    for text in nearly(&ticket.payload) {
        let verdict = turnstile.scan(&text).await?;
        assert_eq!(
            verdict.reason.as_deref(),
            Some("not_a_ticket"),
            "{text:?}: {verdict:?}"
        );
    }
    for (text, reason) in [
        (qr::altered(&ticket.payload)?, "false_signature"),
        (qr::malleated(&ticket.payload)?, "false_signature"),
        (qr::of_the_future(&ticket.payload)?, "unknown_version"),
        (qr::forged(ticket.unit, SEATED), "unknown_key"),
    ] {
        assert_eq!(turnstile.scan(&text).await?.reason.as_deref(), Some(reason));
    }
    assert_eq!(turnstile.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_goes_on_after_pictures_of_every_wrong_kind() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner").await?;
    let buyer = stage.buyer();
    let ticket = buyer.buy_one(STANDING).await?;
    let mut pictures = wrong_pictures(&stage, &ticket.payload)?;
    pictures.push(buyer.save_code(&ticket, &stage.path("")).await?);

    let paths: Vec<_> = pictures.iter().map(PathBuf::as_path).collect();
    let shown = scanner.scan_all(NORTH, &paths, &[]).await?;
    let outcomes: Vec<_> = shown.iter().map(|shown| shown.outcome.as_str()).collect();
    let none = ["not_a_ticket"; 5];
    assert_eq!(outcomes[..5], none, "{outcomes:?}");
    assert_eq!(outcomes[5..], ["admitted"], "{outcomes:?}");
    ensure!(
        shown.iter().all(|shown| !shown.line().contains('\x1b')),
        "control characters reach the screen"
    );
    Ok(())
}

/// Five pictures with codes that are no ticket, and three without a code.
fn wrong_pictures(stage: &Stage, payload: &str) -> anyhow::Result<Vec<PathBuf>> {
    let codes = [
        b"https://example.org/\x1b[31m".to_vec(),
        vec![0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28],
        vec![b'7'; LONG],
        format!("{payload} ").into_bytes(),
        "Grüße aus Leipzig".into(),
    ];
    let mut pictures = Vec::new();
    for (number, code) in codes.iter().enumerate() {
        let picture = stage.path(format!("wrong-{number}.png"));
        qr::draw(code, &picture)?;
        pictures.push(picture);
    }
    let (blank, broken, text) = (
        stage.path("blank.png"),
        stage.path("broken.png"),
        stage.path("text.png"),
    );
    GrayImage::new(300, 300).save(&blank)?;
    fs::write(&broken, &fs::read(&pictures[0])?[..100])?;
    fs::write(&text, "this is no picture")?;
    pictures.extend([blank, broken, text]);
    Ok(pictures)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wedge_may_type_anything_of_any_length() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::South, "Scanner").await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let mut wedge = scanner.wedge(NORTH, &stage.path("wedge.out"))?;
    assert_eq!(wedge.read("hello").await?.outcome, "not_a_ticket");
    wedge.type_line([0xff, 0xfe, 0x80])?;
    wedge.type_line("9".repeat(100_000))?;
    assert_eq!(wedge.read(&ticket.payload).await?.outcome, "admitted");
    let printed = wedge.printed()?;
    assert_eq!(printed.matches("\"kind\":\"notice\"").count(), 2, "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_ticket_of_another_event_does_not_open_this_one() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.north.turnstile(NORTH).await?;
    stage.organizer.draft(Places::FEW).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    let foreign = Buyer::new(stage.cloud.http.clone(), stage.organizer.event.clone())
        .buy_one(SEATED)
        .await?;
    let verdict = turnstile.scan(&foreign.payload).await?;
    assert_eq!(verdict.reason.as_deref(), Some("unknown_key"), "{verdict:?}");
    Ok(())
}
