//! A cloud's files damaged: through the library many times, through the program some times; and values altered so that SQLite sees nothing wrong.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use rusqlite::Connection;
use usher_cloud::store;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, SEATED};
use usher_tests::stage::programs::{Program, finish};

use super::damage::{self, Damage};
use super::sold::{DATABASE, FILES, Sold};

/// Where the damage is and what it is.
const SEED: u64 = 20_261_121;
/// Damages that the library judges, in the default suite and in `make soak`.
const LIBRARY_ROUNDS: Rounds = Rounds {
    suite: 100,
    soak: 5_000,
};
/// One damage of so many is judged by the program too.
const PROGRAM_EVERY: u64 = 5;

/// Values altered one at a time, and a word of what the audit must say. Each is one that a buyer, a gate or the
/// organizer's books go by.
const ALTERED: [(&str, &str); 20] = [
    ("UPDATE tiers SET price = price - 1 WHERE tier = 1", "prices"),
    ("UPDATE events SET ends_at = ends_at + 1", "days"),
    (
        "UPDATE events SET policy = replace(policy, 'strict', 'dtrict')",
        "policy",
    ),
    (
        "UPDATE units SET number = number || '0' WHERE unit = 3",
        "seats and slots",
    ),
    ("UPDATE units SET tier = 1 WHERE unit = 400", "seats and slots"),
    ("UPDATE bookings SET amount = amount + 100", "booking"),
    ("UPDATE reservations SET amount = amount + 100", "reservation"),
    ("UPDATE journal SET amount = amount + 100", "journal"),
    (
        "UPDATE tickets SET refund_id = ticket_id WHERE state = 'valid'",
        "does not fit",
    ),
    (
        "INSERT INTO jobs SELECT event_id, 'settle_booking', booking_id, 0, NULL, 0 FROM bookings WHERE state = 'confirmed'",
        "job that settles",
    ),
    (
        "UPDATE units SET state = 'available', reservation_id = NULL, issued = 0 WHERE state = 'booked'",
        "does not fit",
    ),
    (
        "UPDATE units SET held_until = held_until - 600000 WHERE state = 'held'",
        "does not fit",
    ),
    (
        "UPDATE tickets SET transferred = 0 WHERE transferred = 1",
        "does not fit",
    ),
    (
        "UPDATE tickets SET booking_id = NULL WHERE generation = 1 AND state = 'superseded'",
        "does not fit",
    ),
    (
        "UPDATE tickets SET payload = replace(payload, '7', '8') WHERE state = 'valid'",
        "signed",
    ),
    (
        "UPDATE records SET bytes = x'00' WHERE position = 2",
        "record 2 of log",
    ),
    ("DELETE FROM records WHERE position = 2", "missing"),
    (
        "UPDATE records SET position = position + 1 WHERE position = (SELECT max(position) FROM records)",
        "missing",
    ),
    ("UPDATE heads SET signature = randomblob(64)", "false signature"),
    ("UPDATE trust_bundles SET roots = signed", "trust bundle"),
];

/// How often damage was named, and how often it changed nothing.
#[derive(Debug, Default)]
struct Tally {
    named: u64,
    harmless: u64,
}

/// A damaged copy of a data folder.
struct Copy {
    folder: PathBuf,
    damage: Damage,
}

/// Returns a damaged copy: with each second seed of a cloud that was killed, with the others of one that had stopped.
fn damaged(sold: &Sold, seed: u64, into: &Path) -> anyhow::Result<Copy> {
    let from = if seed.is_multiple_of(2) {
        &sold.stopped
    } else {
        &sold.killed
    };
    let folder = into.join(format!("seed-{seed}"));
    damage::copy(from.path(), &FILES, &folder)?;
    let damage = damage::inflict(&folder, &FILES, &mut Random::new(seed))?;
    Ok(Copy { folder, damage })
}

#[tokio::test]
async fn damage_anywhere_in_a_clouds_database_is_named_or_changes_nothing() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("damage to a cloud", SEED, LIBRARY_ROUNDS);
    let sold = Sold::make().await?;
    whatever_was_not_damaged_is_sound(&sold).await?;
    let (mut tally, folder) = (Tally::default(), damage::folder()?);
    for seed in seed..seed + rounds {
        let copy = damaged(&sold, seed, folder.path())?;
        let place = || format!("seed {seed}: {}", copy.damage);
        if seed.is_multiple_of(PROGRAM_EVERY) {
            the_program_judges(&sold, &copy.folder)
                .await
                .with_context(place)?;
        }
        judge(&sold, &copy, &mut tally).await.with_context(place)?;
        fs::remove_dir_all(&copy.folder)?;
    }
    println!("cloud: seed {seed}, {rounds} damages: {tally:?}");
    ensure!(
        tally.named > rounds / 5 && tally.harmless > 0,
        "seed {seed}: the damage proves little: {tally:?}"
    );
    values_that_were_altered_are_named(&sold)
}

async fn whatever_was_not_damaged_is_sound(sold: &Sold) -> anyhow::Result<()> {
    for from in [&sold.stopped, &sold.killed] {
        let copy = damage::folder()?;
        damage::copy(from.path(), &FILES, copy.path())?;
        let audit = store::audit_sqlite(&copy.path().join(DATABASE))?;
        assert_eq!(audit.findings, []);
        assert_eq!(sold.open_copy(copy.path()).await?, None);
    }
    Ok(())
}

async fn judge(sold: &Sold, copy: &Copy, tally: &mut Tally) -> anyhow::Result<()> {
    let named = audited(&copy.folder)?;
    if named.is_some() {
        // Whether it is refused at once or not: it must not panic.
        let opened = sold.open_copy(&copy.folder).await;
        tally.named += 1;
        drop(opened);
        return Ok(());
    }
    match sold.open_copy(&copy.folder).await? {
        Some(refused) => bail!("refused, but the audit found nothing: {refused}"),
        None => tally.harmless += 1,
    }
    Ok(())
}

/// Audits a copy and gives the first thing that is wrong.
fn audited(folder: &Path) -> anyhow::Result<Option<String>> {
    let file = folder.join(DATABASE);
    let audited = catch_unwind(AssertUnwindSafe(|| store::audit_sqlite(&file)));
    Ok(match audited.map_err(|_| anyhow!("the audit panicked"))? {
        Ok(audit) => audit.findings.first().map(ToString::to_string),
        Err(error) => Some(format!("{:#}", anyhow!(error))),
    })
}

async fn the_program_judges(sold: &Sold, folder: &Path) -> anyhow::Result<()> {
    let config = folder.join("usher-cloud.toml");
    fs::write(
        &config,
        format!("data_dir = {:?}\n", folder.display().to_string()),
    )?;
    let mut command = sold.stage.programs.command(Program::Cloud);
    command.args(["audit", "--config"]).arg(&config);
    let ended = finish(command).await?;
    ensure!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    let is_sound = audited(folder)?.is_none();
    let said_so = match ended.code {
        Some(0) => is_sound && ended.stdout.contains("is sound"),
        Some(1) => !is_sound && (ended.stdout.contains("WRONG: ") || ended.stderr.contains("auditing")),
        _ => false,
    };
    ensure!(said_so, "{ended:?}");
    Ok(())
}

fn values_that_were_altered_are_named(sold: &Sold) -> anyhow::Result<()> {
    for (alteration, word) in ALTERED {
        let copy = damage::folder()?;
        damage::copy(sold.stopped.path(), &FILES, copy.path())?;
        let file = copy.path().join(DATABASE);
        let connection = Connection::open(&file)?;
        let changed = connection
            .execute(alteration, [])
            .with_context(|| alteration.to_owned())?;
        ensure!(changed > 0, "nothing to alter: {alteration}");
        drop(connection);
        let audit = store::audit_sqlite(&file)?;
        let named = audit
            .findings
            .iter()
            .any(|finding| finding.to_string().contains(word));
        ensure!(named, "{alteration}: {:?}", audit.findings);
    }
    Ok(())
}

#[tokio::test]
async fn an_older_copy_of_a_clouds_database_is_refused_until_a_person_decides() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    stage.cloud.process.stop().await?;
    let older = stage.path("older.db");
    let database = stage.cloud.data_dir().join(DATABASE);
    fs::copy(&database, &older)?;
    stage.cloud.start_again().await?;
    stage.buyer().buy_one(SEATED).await?;
    stage.cloud.process.stop().await?;
    fs::copy(&older, &database)?;

    stage.cloud.process.start_again()?;
    let status = stage.cloud.process.wait().await?;
    ensure!(!status.success(), "an older copy is taken for whole");
    let logged = stage.cloud.process.logged()?;
    ensure!(
        logged.contains("older copy") && logged.contains(".commits"),
        "{logged}"
    );
    stage.cloud.process.forget()?;
    fs::remove_file(database.with_extension("commits"))?;
    stage.cloud.start_again().await?;
    let ready = stage.cloud.http.get("/readyz").await?.text();
    ensure!(ready.contains("HALTED"), "{ready}");
    Ok(())
}
