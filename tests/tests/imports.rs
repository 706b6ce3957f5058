//! A venue that sold its tickets elsewhere imports their codes: gates let each in once, cable cut or not, and hear what became void.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use usher_keys::{SecretKey, pem};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH};
use usher_tests::stage::patience::until_within;
use usher_tests::stage::programs::{Ended, Program, Programs, finish};
use usher_tests::stage::turnstile::Turnstile;
use usher_tests::stage::venue::Venue;

/// How long an import may take to reach linked hubs, on a machine that does other things too.
const REACHES_HUBS_WITHIN: Duration = Duration::from_secs(20);

/// Imports a list beside the server.
async fn import(stage: &Stage, file: &Path, more: &[&str]) -> anyhow::Result<Ended> {
    let mut run = Programs::find()?.command(Program::Cloud);
    run.args(["import", "--config"])
        .arg(stage.cloud.config())
        .args(["--event", &stage.organizer.event])
        .arg(file)
        .args(more);
    finish(run).await
}

#[track_caller]
fn says(ended: &Ended, code: i32, texts: &[&str]) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(ended.code == Some(code), "{ended:?}");
    for text in texts {
        assert!(said.contains(text), "{text:?} is not in {said:?}");
    }
}

fn write(stage: &Stage, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let file = stage.path(name);
    fs::write(&file, text)?;
    Ok(file)
}

async fn reason(turnstile: &Turnstile, code: &str) -> anyhow::Result<String> {
    let verdict = turnstile.scan(code).await?;
    Ok(verdict.reason.unwrap_or(verdict.verdict))
}

async fn becomes(turnstile: &Turnstile, code: &str, expected: &str) -> anyhow::Result<()> {
    let what = format!("the hub to say {expected}");
    let said = async || Ok((reason(turnstile, code).await? == expected).then_some(()));
    until_within(REACHES_HUBS_WITHIN, &what, said).await?;
    Ok(())
}

/// A code as pretix signs it.
fn signed(seller: &SecretKey, seed: &[u8; 9]) -> String {
    let payload = [b"\x0a\x09", &seed[..], b"\x10\x0c\x28\x00\x30\x00"].concat();
    let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    let bytes = [
        &[1, 0, length, 0, 64],
        &payload[..],
        &seller.sign_plain(&payload).0,
    ]
    .concat();
    BASE64.encode(&bytes).chars().rev().collect()
}

/// Three tickets, the last of which is void.
const LIST: &str = "Barcode;Ticket type;Status\r\n0238400011;Adult;valid\r\n0238400012;Adult;valid\r\n0238400013;Adult;void\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_imported_before_somebody_says_so() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let north = venue.north.turnstile(NORTH).await?;
    let file = write(&stage, "first.csv", LIST)?;
    let unknown = import(&stage, &file, &["--apply"]).await?;
    says(&unknown, 1, &["called like no tier: \"Adult\"", "--tier"]);
    let dry = import(&stage, &file, &["--tier", &format!("Adult={SEATED}")]).await?;
    let told = [
        "3 of the type \"Adult\"",
        "1 void",
        "0 refused",
        "sample, line 2: 0238400011",
        "3 new",
        "nothing was written",
    ];
    says(&dry, 0, &told);
    assert_eq!(reason(&north, "0238400011").await?, "not_a_ticket");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_codes_open_gates_once_without_the_cloud_and_a_second_import_voids_them()
-> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let north = venue.north.turnstile(NORTH).await?;
    let south = venue.south.turnstile(SOUTH).await?;
    let (file, tier) = (write(&stage, "first.csv", LIST)?, format!("Adult={SEATED}"));
    let done = import(&stage, &file, &["--tier", &tier, "--apply"]).await?;
    says(&done, 0, &["3 of 3", "changed: 3 new, 0 changed, 1 made void"]);
    for turnstile in [&north, &south] {
        becomes(turnstile, "0238400013", "revoked").await?;
    }
    let again = import(&stage, &file, &["--tier", &tier, "--apply"]).await?;
    says(
        &again,
        0,
        &["changed: 0 new, 0 changed, 0 made void, 0 good again, 3 as they were"],
    );

    stage.cloud.process.kill9()?;
    assert_eq!(reason(&north, "0238400011\n").await?, "admit");
    for turnstile in [&north, &south] {
        assert_eq!(reason(turnstile, "0238400011").await?, "already_used");
        assert_eq!(
            reason(turnstile, "238400012").await?,
            "not_a_ticket",
            "zeros in front count"
        );
    }
    stage.cloud.start_again().await?;

    let second = LIST.replace("12;Adult;valid", "12;Adult;refunded");
    let file = write(
        &stage,
        "second.csv",
        &second.replace("13;Adult;void", "13;Adult;valid"),
    )?;
    let done = import(&stage, &file, &["--tier", &tier, "--apply"]).await?;
    says(
        &done,
        0,
        &["changed: 0 new, 0 changed, 1 made void, 1 good again, 1 as they were"],
    );
    becomes(&south, "0238400012", "revoked").await?;
    becomes(&south, "0238400013", "admit").await?;
    assert_eq!(reason(&north, "0238400013").await?, "already_used");
    assert!(stage.cloud.audit().await?.contains("sound"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_codes_that_nobody_listed_are_referred_and_altered_ones_are_no_tickets() -> anyhow::Result<()>
{
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let north = venue.north.turnstile(NORTH).await?;
    let (seller, stranger) = (SecretKey::from_seed(&[5; 32]), SecretKey::from_seed(&[6; 32]));
    let key = write(&stage, "seller.pem", &pem::public_to_pem(&seller.public()))?;
    let listed = signed(&seller, b"abcdefghi");
    let file = write(
        &stage,
        "codes.csv",
        &format!("Secret,Product,Variation,Paid\n{listed},Seat,,Yes\n"),
    )?;
    let (tier, key) = (format!("Seat={SEATED}"), key.display().to_string());

    let without_key = import(&stage, &file, &["--tier", &tier, "--apply"]).await?;
    says(
        &without_key,
        1,
        &[
            "line 2: the code is signed",
            "--seller-key",
            "nothing was written",
        ],
    );
    let done = import(&stage, &file, &["--tier", &tier, "--seller-key", &key, "--apply"]).await?;
    says(&done, 0, &["changed: 1 new"]);
    becomes(&north, &signed(&seller, b"sold-last"), "not_listed").await?;
    let verdict = north.scan(&signed(&seller, b"sold-last")).await?;
    assert_eq!(verdict.verdict, "refer");
    assert!(
        verdict.words.starts_with("Not on the list yet"),
        "{}",
        verdict.words
    );
    assert_eq!(
        reason(&north, &signed(&stranger, b"abcdefghi")).await?,
        "unknown_key"
    );
    assert_eq!(reason(&north, &format!("={listed}")).await?, "not_a_ticket");
    assert_eq!(reason(&north, &listed).await?, "admit");
    assert_eq!(
        reason(&north, &format!(" {listed}")).await?,
        "already_used",
        "blanks are no other ticket"
    );
    Ok(())
}
