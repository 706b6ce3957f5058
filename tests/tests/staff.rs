//! What staff at the gates see and do when something is missing: a code that cannot be read, a hub that is gone.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::{Scanner, Shown};
use usher_tests::stage::turnstile::NamedScan;
use usher_tests::stage::venue::{HUB_SOUTH, Side, Venue};

/// How long a scanner may take to go on at another hub.
const GOES_ON_WITHIN: Duration = Duration::from_secs(5);

async fn bought(stage: &Stage, tier: u16, quantity: u32) -> anyhow::Result<Vec<BoughtTicket>> {
    Ok(stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets)
}

fn says(shown: &Shown, outcome: &str) -> anyhow::Result<()> {
    ensure!(shown.outcome == outcome, "expected {outcome}: {shown:?}");
    Ok(())
}

/// Changes the last digit of a ticket code, so that its check symbol is another one's.
fn mistyped(code: &str) -> String {
    let mut typed: Vec<char> = code.chars().collect();
    typed[6] = if typed[6] == '7' { '8' } else { '7' };
    typed.into_iter().collect()
}

/// Has a turnstile judge a ticket by its ticket code, and say what is wrong with others.
async fn typed_at_a_turnstile(venue: &Venue, ticket: &BoughtTicket) -> anyhow::Result<()> {
    let turnstile = venue.south.turnstile(SOUTH).await?;
    let asked = async |code: &str| {
        turnstile
            .ask(&json!({ "ticket_code": code, "gate": SOUTH }))
            .await
    };
    let judged: serde_json::Value = asked(&ticket.ticket_code).await?.expect(200)?.json()?;
    assert_eq!(
        (&judged["verdict"], &judged["ticket"]["place"]),
        (&json!("admit"), &json!(ticket.place))
    );
    asked(&mistyped(&ticket.ticket_code)).await?.expect(422)?;
    asked("0000-0011").await?.expect(404)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_code_that_is_typed_is_judged_like_the_qr_code_beside_it() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let tickets = bought(&stage, SEATED, 3).await?;
    let [first, second, third] = &tickets[..] else {
        anyhow::bail!("three tickets: {tickets:?}")
    };
    let mut wedge = scanner.wedge(NORTH, &stage.path("shown"))?;

    let shown = wedge
        .read(first.ticket_code.to_lowercase().replace('-', " "))
        .await?;
    says(&shown, "admitted")?;
    assert!(
        shown.details.contains(&format!("Seated, {}", first.place)),
        "{shown:?}"
    );
    assert!(
        shown
            .details
            .iter()
            .any(|line| line == "found by its ticket code"),
        "{shown:?}"
    );
    says(&wedge.read(&first.payload).await?, "already_used")?;
    says(&wedge.read(mistyped(&second.ticket_code)).await?, "mistyped")?;
    says(&wedge.read("0000-0011").await?, "no_such_ticket")?;

    typed_at_a_turnstile(&venue, second).await?;

    // No address of the cloud leads from the code to the ticket.
    for path in [
        format!("/v1/tickets/{}", third.ticket_code),
        format!("/tickets/{}", third.ticket_code),
    ] {
        let status = stage.buyer().http.get(&path).await?.status;
        ensure!(status == 404 || status == 400, "{path}: {status}");
    }

    venue.settled(&stage).await?;
    let rows = venue.north.export().await?.0;
    let place = |unit| {
        rows.iter()
            .find(|row| row.unit == unit)
            .map(|row| row.place.clone())
    };
    assert_eq!(place(first.unit).as_ref(), Some(&first.place));
    assert!(first.place.starts_with("Stalls, row "), "{}", first.place);

    // Without the cloud a hub knows the codes that it was asked for before, and says so of others.
    stage.cloud.process.kill9()?;
    says(&wedge.read(&first.ticket_code).await?, "already_used")?;
    let shown = wedge.read(&third.ticket_code).await?;
    says(&shown, "cannot_look_up")?;
    let reason = shown.reason.context("says what to do")?;
    assert!(reason.contains("box office"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_tickets_by_trying_codes() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let mut wedge = scanner.wedge(NORTH, &stage.path("shown"))?;
    // The values 1 to 24: below 32, the check symbol is the last digit again.
    let mut tried = 0;
    for digit in "123456789ABCDEFGHJKMNPQR".chars() {
        let shown = wedge.read(format!("0000-00{digit}{digit}")).await?;
        if shown.outcome == "too_many_tries" {
            break;
        }
        says(&shown, "no_such_ticket")?;
        tried += 1;
    }
    // Time forgives one every half a minute.
    ensure!((10..15).contains(&tried), "{tried} codes were looked up");
    says(&wedge.read(&ticket.ticket_code).await?, "too_many_tries")?;
    says(&wedge.read(&ticket.payload).await?, "admitted")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_whose_hub_is_killed_goes_on_at_another_that_it_was_never_told_of() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open_side_by_side(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let tickets = bought(&stage, STANDING, 6).await?;
    let mut wedge = scanner.wedge(NORTH, &stage.path("shown"))?;
    says(&wedge.read(&tickets[0].payload).await?, "admitted")?;
    venue.south.linked_to("Scanner North").await?;

    venue.north.process.kill9()?;
    let killed = Instant::now();
    for ticket in &tickets[1..4] {
        let shown = wedge.read(&ticket.payload).await?;
        says(&shown, "admitted")?;
        ensure!(!shown.alone, "the other hub was there to ask: {shown:?}");
    }
    ensure!(
        killed.elapsed() < GOES_ON_WITHIN,
        "it took {:?}",
        killed.elapsed()
    );
    wedge.kill9()?;

    // Switched on again it still knows the other hub.
    let mut wedge = scanner.wedge(NORTH, &stage.path("shown-again"))?;
    for ticket in &tickets[4..] {
        let shown = wedge.read(&ticket.payload).await?;
        says(&shown, "admitted")?;
        ensure!(!shown.alone, "the other hub was there to ask: {shown:?}");
    }

    venue.north.start_again().await?;
    venue.linked().await?;
    venue.settled(&stage).await?;
    let export = venue.south.export().await?;
    let admissions = export.admissions();
    let counted: BTreeSet<(u32, usize)> = admissions
        .iter()
        .map(|(unit, scans)| (*unit, scans.len()))
        .collect();
    let expected: BTreeSet<(u32, usize)> = tickets.iter().map(|ticket| (ticket.unit, 1)).collect();
    assert_eq!(counted, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turnstile_that_did_not_turn_takes_its_yes_back_and_the_guest_goes_in_elsewhere()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.south.turnstile(SOUTH).await?;
    let north = venue.north.turnstile(NORTH).await?;
    for ticket in &bought(&stage, SEATED, 2).await? {
        let scan = NamedScan::by([u8::try_from(ticket.unit)?; 16]);
        let annul = async |scan: &NamedScan| turnstile.take_back(scan, &ticket.payload).await;
        let judged: serde_json::Value = turnstile.scan_as(&scan.id, &ticket.payload).await?.json()?;
        assert_eq!(judged["verdict"], "admit");
        let too_short = NamedScan {
            secret: "00".to_owned(),
            ..scan.clone()
        };
        annul(&too_short).await?.expect(422)?;
        annul(&scan).await?.expect(200)?;
        annul(&scan).await?.expect(409)?;
        let again: serde_json::Value = turnstile.scan_as(&scan.id, &ticket.payload).await?.json()?;
        assert_eq!(again["reason"], "scan_over", "never green again");
        until("the guest to get in at the other gate", async || {
            let verdict = north.scan(&ticket.payload).await?;
            Ok((verdict.verdict == "admit").then_some(()))
        })
        .await?;
    }
    venue.settled(&stage).await?;
    let scans = stage.organizer.scans().await?;
    let annulled = scans.iter().filter(|scan| scan.kind == "annulled");
    let said: Vec<_> = annulled
        .map(|scan| (scan.by.as_deref(), scan.why.as_deref()))
        .collect();
    assert_eq!(said, vec![(Some("turnstile"), Some("nobody passed")); 2]);
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_undoes_what_another_gate_let_in_by_mistake() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let code = venue.north.command(&["scanner-code", "--override"]).await?;
    let supervisor = Scanner::enrol(&stage.programs, &stage.path("supervisor"), &code).await?;
    let guard = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let ticket = bought(&stage, SEATED, 1).await?.remove(0);
    let north = venue.north.turnstile(NORTH).await?;
    assert_eq!(north.scan(&ticket.payload).await?.verdict, "admit");
    assert_eq!(north.scan(&ticket.payload).await?.verdict, "deny");
    let words = [
        "undo",
        "--by",
        "Ada",
        "--why",
        "wrong guest",
        ticket.payload.as_str(),
    ];
    let words = words.map(OsString::from);
    let said = guard.run(&words).await;
    let refused = said.expect_err("it is no supervisor's").to_string();
    ensure!(refused.contains("may not undo"), "{refused}");
    let said = supervisor.run(&words).await?;
    ensure!(said.contains("Undone"), "{said}");
    until("the guest to get in", async || {
        Ok((north.scan(&ticket.payload).await?.verdict == "admit").then_some(()))
    })
    .await?;
    venue.settled(&stage).await?;
    assert_eq!(venue.south.export().await?.admissions()[&ticket.unit].len(), 1);
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_is_the_homes_word_so_that_a_copy_shown_there_at_once_is_refused() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let code = venue.north.command(&["scanner-code", "--override"]).await?;
    let supervisor = Scanner::enrol(&stage.programs, &stage.path("supervisor"), &code).await?;
    let mut guests = bought(&stage, SEATED, 10).await?;
    guests.retain(|ticket| venue.home(ticket.unit) == Side::South);
    ensure!(guests.len() > 1, "too few tickets have their home in the south");
    let south = venue.south.turnstile(SOUTH).await?;
    for ticket in &guests {
        let words = [
            "override", "--gate", "1", "--by", "Ada", "--why", "torn", "--json",
        ];
        let words = words.into_iter().chain([ticket.payload.as_str()]);
        let said = supervisor
            .run(&words.map(OsString::from).collect::<Vec<_>>())
            .await?;
        ensure!(said.contains("\"outcome\":\"admitted\""), "{said}");
        let copy = south.scan(&ticket.payload).await?;
        assert_eq!(
            (copy.verdict.as_str(), copy.reason.as_deref()),
            ("deny", Some("already_used"))
        );
    }
    venue.settled(&stage).await?;
    let scans = stage.organizer.scans().await?;
    let overridden = scans.iter().filter(|scan| scan.kind == "overridden");
    let told: Vec<_> = overridden
        .map(|scan| {
            (
                scan.device.name.as_str(),
                scan.gate.name.as_str(),
                scan.by.as_deref(),
            )
        })
        .collect();
    assert_eq!(told, vec![(HUB_SOUTH, "Gate North", Some("Ada")); guests.len()]);
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}

/// Waits until the organizer reads who counted how many people, in place of how many, newest first, and which count is in force.
async fn is_told_of_counts(stage: &Stage, expected: &[(u64, i64, bool)]) -> anyhow::Result<()> {
    let path = stage.organizer.path("counts");
    until("the organizer to read who counted the people", async || {
        let told: serde_json::Value = stage.organizer.http.get(&path).await?.expect(200)?.json()?;
        let zone = &told["zones"][0];
        let counted = zone["counted"].as_array().context("counts are a list")?;
        let figures = counted.iter().map(|one| {
            let figures = (one["inside"].as_u64()?, one["replaced"].as_i64()?);
            Some((figures.0, figures.1, one["in_force"].as_bool()?))
        });
        let is_signed = |one: &serde_json::Value| {
            let today = one["at"]
                .as_str()
                .is_some_and(|at| at.starts_with("20") && at.ends_with('Z'));
            today && one["device"]["name"] == "supervisor"
        };
        let figures: Option<Vec<_>> = figures.collect();
        let is_told = zone["name"] == "Arena" && figures.as_deref() == Some(expected);
        Ok((is_told && counted.iter().all(is_signed)).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_who_has_counted_the_people_corrects_how_many_are_inside() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open_side_by_side(&stage).await?;
    let code = venue.north.command(&["scanner-code", "--override"]).await?;
    let supervisor = Scanner::enrol(&stage.programs, &stage.path("supervisor"), &code).await?;
    let north = venue.north.turnstile(NORTH).await?;
    for ticket in &bought(&stage, STANDING, 3).await? {
        assert_eq!(north.scan(&ticket.payload).await?.verdict, "admit");
    }
    let count = async |zone: &str, inside: &str| {
        let words = ["count", "--zone", zone, "--inside", inside, "--by", "Ada"];
        supervisor.run(&words.map(OsString::from)).await
    };
    let inside = async |expected: i64| {
        until(format!("the hub to know of {expected} people"), async || {
            let status: serde_json::Value = venue.north.http.get("/v1/status").await?.expect(200)?.json()?;
            Ok((status["zones"][0]["occupancy"] == expected).then_some(()))
        })
        .await
    };
    inside(3).await?;
    let said = count("arena", "1").await?;
    ensure!(said.contains("Arena: 1 inside now"), "{said}");
    inside(1).await?;
    let late = bought(&stage, STANDING, 1).await?.remove(0);
    assert_eq!(north.scan(&late.payload).await?.verdict, "admit");
    inside(2).await?;
    count("1", "5").await?;
    inside(5).await?;
    is_told_of_counts(&stage, &[(5, 2, true), (1, 3, false)]).await?;
    let unknown = count("cellar", "1").await.expect_err("no such zone").to_string();
    ensure!(unknown.contains("it has Arena"), "{unknown}");
    venue.south.process.kill9()?;
    let cut_off = count("1", "4").await.expect_err("a hub is not heard").to_string();
    ensure!(cut_off.contains("not linked"), "{cut_off}");
    Ok(())
}
