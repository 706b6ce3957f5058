//! `verify-archive`: whether the archive of an event proves what it says, and the first byte that is wrong where it does not.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use usher_keys::PublicKey;
use usher_protocol::archive::{self, UnprovenArchive};
use usher_words::keys::{self as words, KeysRefusal};

use super::{Outcome, output};

/// The arguments of `verify-archive`.
#[derive(Debug, Args)]
pub struct VerifyArchiveArgs {
    /// The archive, as usher-gate-agent archive writes it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Public half of the organizer's root, which must have signed; repeat it for several, which must all have signed. Without it the archive
    /// is held against itself, and the root in it is printed.
    #[arg(long, value_name = "HEX", value_parser = PublicKey::from_hex)]
    root_public: Vec<PublicKey>,
}

/// Verifies it and says what was found.
pub fn verify_archive(args: &VerifyArchiveArgs) -> anyhow::Result<Outcome> {
    let unread = || words::refusal(&KeysRefusal::Unshown(&args.file));
    let mut file = BufReader::new(File::open(&args.file).with_context(unread)?);
    let more = |count: usize| {
        let mut bytes = Vec::new();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        file.by_ref().take(count).read_to_end(&mut bytes).map(|_| bytes)
    };
    match archive::verify(more, &args.root_public, &mut |_, _, _| {}) {
        Ok(checked) => {
            output::print(&words::archive(&checked, !args.root_public.is_empty()))?;
            Ok(Outcome::Done)
        }
        Err(UnprovenArchive::Damaged(damage)) => {
            output::print(&words::damaged(&damage))?;
            Ok(Outcome::NotValid)
        }
        Err(UnprovenArchive::Unreadable(error)) => Err(error).with_context(unread),
    }
}
