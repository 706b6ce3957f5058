//! A hub's files damaged: through the library many times, through the program some times.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use usher_device::replica;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::programs::{Program, Programs, finish};

use super::damage::{self, Damage};
use super::original::{DATABASES, KILLED, Original, STOPPED};

/// Where the damage is and what it is.
const SEED: u64 = 20_261_121;
/// Damages that the library judges, in the default suite and in `make soak`.
const LIBRARY_ROUNDS: Rounds = Rounds {
    suite: 150,
    soak: 5_000,
};
/// Damages that the program judges, which takes some tens of milliseconds each.
const PROGRAM_ROUNDS: Rounds = Rounds { suite: 50, soak: 500 };

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

/// Returns a damaged copy: with each second seed of a hub that was killed, with the others of one that had stopped.
fn damaged(original: &Original, seed: u64, into: &Path) -> anyhow::Result<Copy> {
    let (from, files) = if seed.is_multiple_of(2) {
        (&original.stopped, STOPPED.as_slice())
    } else {
        (&original.killed, KILLED.as_slice())
    };
    let folder = into.join(format!("seed-{seed}"));
    damage::copy(from.path(), files, &folder)?;
    let damage = damage::inflict(&folder, &DATABASES, &mut Random::new(seed))?;
    Ok(Copy { folder, damage })
}

#[tokio::test]
async fn what_was_not_damaged_is_sound() -> anyhow::Result<()> {
    let original = Original::make(SEED).await?;
    for (from, files) in [
        (&original.stopped, STOPPED.as_slice()),
        (&original.killed, KILLED.as_slice()),
    ] {
        let copy = damage::folder()?;
        damage::copy(from.path(), files, copy.path())?;
        let audit = replica::audit(&copy.path().join("replica.db"))?;
        assert_eq!(audit.findings, []);
        assert_eq!(original.open_copy(copy.path()).await?, None);
    }
    Ok(())
}

#[tokio::test]
async fn damage_anywhere_in_a_hubs_databases_is_named_or_changes_nothing() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("damage to a hub", SEED, LIBRARY_ROUNDS);
    let original = Original::make(seed).await?;
    let mut tally = Tally::default();
    let folder = damage::folder()?;
    for seed in seed..seed + rounds {
        let copy = damaged(&original, seed, folder.path())?;
        judge(&original, &copy, &mut tally)
            .await
            .with_context(|| format!("seed {seed}: {}", copy.damage))?;
        std::fs::remove_dir_all(&copy.folder)?;
    }
    ensure!(
        tally.named > rounds / 3 && tally.harmless > 0,
        "seed {seed}: the damage proves little: {tally:?}"
    );
    println!("hub: seed {seed}, {rounds} damages: {tally:?}");
    Ok(())
}

async fn judge(original: &Original, copy: &Copy, tally: &mut Tally) -> anyhow::Result<()> {
    let path = copy.folder.join("replica.db");
    let audited = catch_unwind(AssertUnwindSafe(|| replica::audit(&path)));
    let audited = audited.map_err(|_| anyhow!("the audit panicked"))?;
    let named = match audited {
        Ok(audit) => audit.findings.first().map(ToString::to_string),
        Err(error) => Some(format!("{:#}", anyhow!(error))),
    };
    let refused = original
        .open_copy(&copy.folder)
        .await
        .with_context(|| format!("audited as {named:?}"))?;
    match (&named, &refused) {
        (None, Some(refused)) => bail!("refused, but the audit found nothing: {refused}"),
        (None, None) => tally.harmless += 1,
        (Some(_), _) => tally.named += 1,
    }
    Ok(())
}

#[tokio::test]
async fn the_program_names_damage_and_never_panics() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("damage to a hub, as its program sees it", SEED, PROGRAM_ROUNDS);
    let (original, programs) = (Original::make(seed).await?, Programs::find()?);
    let mut tally = Tally::default();
    let folder = damage::folder()?;
    for seed in seed..seed + rounds {
        let copy = damaged(&original, seed, folder.path())?;
        let mut command = programs.command(Program::GateAgent);
        command.arg("--dir").arg(&copy.folder).arg("audit");
        let ended = finish(command).await?;
        let place = format!("seed {seed}: {}", copy.damage);
        ensure!(!ended.stderr.contains("panicked"), "{place}: {}", ended.stderr);
        match ended.code {
            Some(0) => {
                tally.harmless += 1;
                let refused = original.open_copy(&copy.folder).await.context(place.clone())?;
                ensure!(refused.is_none(), "{place}: audited as sound, yet {refused:?}");
            }
            Some(1) => {
                tally.named += 1;
                let named = ended.stdout.contains("WRONG: ") || names_the_store(&ended.stderr);
                ensure!(named, "{place}: {ended:?}");
            }
            _ => bail!("{place}: {ended:?}"),
        }
    }
    ensure!(
        tally.named > 15,
        "seed {SEED}: the damage proves little: {tally:?}"
    );
    Ok(())
}

/// Tells whether a complaint is about what is stored, and not about what was typed.
fn names_the_store(complaint: &str) -> bool {
    complaint.contains("this device's database")
        || complaint.contains("this device began")
        || complaint.contains("stored here")
}
