//! What a hub has written down of scans, as its `export` tells; what the cloud knows is in `organizer`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::hub::Hub;

/// A scan as one device wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Exported {
    pub device: String,
    /// When, by the time that the device went by.
    pub at: String,
    /// The record's number in its log.
    pub seq: u64,
    pub scan: String,
    pub unit: u32,
    /// What it is called.
    pub place: String,
    /// `admit`, `exit`, `override`, `deny`, `refer` or `withdraw`.
    pub verdict: String,
}

/// Every scan a hub knows of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export(pub Vec<Exported>);

impl Hub {
    /// Returns every scan the hub knows of, also while it runs.
    ///
    /// # Errors
    ///
    /// When the program fails.
    pub async fn export(&self) -> anyhow::Result<Export> {
        let said = self.command(&["export", "--format", "jsonl"]).await?;
        let rows = said
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("reading {line}")));
        Ok(Export(rows.collect::<anyhow::Result<_>>()?))
    }
}

impl Export {
    /// Demands that answered scans are written down as they were answered; a scan that two devices judged is there twice.
    ///
    /// # Errors
    ///
    /// When one is missing or another one.
    pub fn holds<'a>(
        &self,
        answered: impl IntoIterator<Item = (&'a str, u32, &'a str)>,
    ) -> anyhow::Result<()> {
        let mut written: BTreeMap<&str, Vec<(u32, &str)>> = BTreeMap::new();
        for row in &self.0 {
            written
                .entry(&row.scan)
                .or_default()
                .push((row.unit, &row.verdict));
        }
        for (scan, unit, verdict) in answered {
            let rows = written.get(scan).map(Vec::as_slice).unwrap_or_default();
            ensure!(
                rows.contains(&(unit, verdict)),
                "scan {scan} of unit {unit} was answered {verdict}, and this is left of it: {rows:?}"
            );
        }
        Ok(())
    }

    /// Returns the scans that let somebody in, by unit: those that their reader has withdrawn did not.
    pub fn admissions(&self) -> BTreeMap<u32, BTreeSet<&str>> {
        let withdrawn = self
            .0
            .iter()
            .filter(|row| matches!(row.verdict.as_str(), "withdraw" | "annul"));
        let withdrawn: BTreeSet<&str> = withdrawn.map(|row| row.scan.as_str()).collect();
        let mut admissions: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        let admitted = self.0.iter().filter(|row| row.verdict == "admit");
        for row in admitted.filter(|row| !withdrawn.contains(row.scan.as_str())) {
            admissions.entry(row.unit).or_default().insert(&row.scan);
        }
        admissions
    }
}
