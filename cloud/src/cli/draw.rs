//! `usher-cloud draw`: recomputing the draw of a waiting room from what is published of it, without a server.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use crate::waiting_room::passes::RoomKeys;
use crate::waiting_room::proof::{ProvenDraw, prove};

/// What is asked of a draw.
#[derive(Debug, Subcommand)]
pub enum DrawOrder {
    /// Recompute a draw from the file at /v1/events/EVENT/waiting-room/draw: that the list has the root that was published, that the seed is
    /// the one committed to, and which rank a pass has. Exit code 1 when something does not agree.
    Verify {
        /// The file.
        file: PathBuf,
        /// A pass, as it is in the cookie that begins with `usher_pass_`, to be found in the list.
        #[arg(long)]
        pass: Option<String>,
    },
}

impl DrawOrder {
    /// Does it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or nothing be printed.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let Self::Verify { file, pass } = self;
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let mut out = std::io::stdout().lock();
        let proven = match prove(&text) {
            Ok(proven) => proven,
            Err(wrong) => {
                writeln!(out, "This proves no draw: {wrong}.").context("printing")?;
                return Ok(ExitCode::FAILURE);
            }
        };
        let published = &proven.published;
        let said = format!(
            "The draw of {} among {} passes is sound: the list has the published root {}, the seed is the one committed to, and both with the \
             beacon \"{}\" give the order.\nCompare with what you have seen published before the opening: the commitment {}, and as the source of \
             the beacon \"{}\".",
            published.event_id,
            published.lobby,
            published.root,
            published.beacon.as_deref().unwrap_or_default(),
            published.commitment,
            published.beacon_source
        );
        writeln!(out, "{said}").context("printing")?;
        let Some(pass) = pass else {
            return Ok(ExitCode::SUCCESS);
        };
        let rank = rank_of(&proven, pass);
        let (said, code) = match rank {
            Some((number, rank)) => (
                format!(
                    "This pass is number {number} in the list and has rank {rank}: {rank} were let through before it."
                ),
                ExitCode::SUCCESS,
            ),
            None => (
                "This pass is not in the list: it is of another event, or it was given after the opening."
                    .into(),
                ExitCode::FAILURE,
            ),
        };
        writeln!(out, "{said}").context("printing")?;
        Ok(code)
    }
}

fn rank_of(proven: &ProvenDraw, pass: &str) -> Option<(u64, u64)> {
    let pass = RoomKeys::read_any_pass(pass.trim())?;
    let place = usize::try_from(pass.number).ok()?;
    let is_listed = proven.passes.get(place) == Some(&pass.hash());
    is_listed.then_some((pass.number, *proven.ranks.get(place)?))
}
