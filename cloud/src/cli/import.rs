//! `import`: another seller's list of codes, as a file, for the gates of an event: first what it would change, then, if told so, doing it.

mod codes;
mod columns;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use usher_keys::{EventId, PublicKey, pem};
use usher_protocol::ticket::foreign::MAX_CODES_OF_RECORD;

use crate::authority::event::EventAuthority;
use crate::authority::key_safe::KeySafe;
use crate::authority::{Authorities, AuthorityParts};
use crate::catalogue::Event;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::draw;
use crate::master_key::MasterKey;
use crate::metrics::Metrics;
use crate::selling::imports::{ImportCounts, ImportedCode, plan};
use crate::selling::jobs::LeaseHolder;
use crate::signing::TicketSigner;
use crate::store::Store;
use codes::CodeList;
use codes::tiers::TierNames;
use columns::{Columns, Mapping};

use super::{exit_code, store_places};

/// Whose tickets to take in, and how the list is to be read.
#[derive(Debug, Args)]
pub struct ImportOrder {
    /// The settings of the server.
    #[arg(long)]
    config: PathBuf,
    /// The event whose gates shall know the tickets; its keys must be signed.
    #[arg(long)]
    event: EventId,
    /// The list: comma-, semicolon- or tab-separated, in UTF-8 or Windows-1252, with its columns named in the first line.
    file: PathBuf,
    /// Say which column is what, by its name or its number from 1: code=Barcode, type=3. What: code, type, variation, status, used,
    /// blocked, paid, persons.
    #[arg(long = "map", value_name = "WHAT=COLUMN")]
    mapping: Vec<Mapping>,
    /// Say which tier a type of ticket is, by its name or number: "Adult=Standing". Types that are called like a tier need none, nor
    /// does a list of an event with one tier.
    #[arg(long = "tier", value_name = "TYPE=TIER")]
    tiers: Vec<String>,
    /// The public key with which pretix signs the event's codes, as PEM, if they are signed.
    #[arg(long, value_name = "FILE")]
    seller_key: Option<PathBuf>,
    /// Let numbers differ in length, where the seller's do.
    #[arg(long)]
    lengths_vary: bool,
    /// Take in the list although lines of it are refused, without those.
    #[arg(long)]
    skip_refused: bool,
    /// Do it, after saying what.
    #[arg(long)]
    apply: bool,
}

impl ImportOrder {
    /// Says what the list would change; with --apply it changes it. Exit code 1 when lines are refused and not skipped.
    ///
    /// # Errors
    ///
    /// When the file cannot be read as a list, a type is of no tier, or the store cannot be used.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let places = store_places(&self.config)?;
        let store = Store::open_places(&places)
            .await
            .with_context(|| format!("opening {}", places.home))?;
        let done = self.import(&store).await;
        store.close().await;
        done
    }

    async fn import(&self, store: &Store) -> anyhow::Result<ExitCode> {
        let event = store.event(self.event).await?;
        let event =
            event.context("there is no event of that id: the console and the API name each event's")?;
        let authorities = self.authorities(store).await?;
        let authority = authorities.start_alone(event.id).await.context(
            "the event's log cannot be written: its keys must be signed first (docs/OPERATIONS.md, \"Keys\")",
        )?;
        let done = self.import_into(&event, &authority).await;
        authorities.close().await;
        done
    }

    async fn import_into(&self, event: &Event, authority: &Arc<EventAuthority>) -> anyhow::Result<ExitCode> {
        let given = self.seller_key()?;
        let (held, rulings) = authority
            .ask(|writer| {
                Box::pin(async {
                    let state = writer.state().await?;
                    Ok((state.foreign(), state.shared_ticket_rulings()))
                })
            })
            .await?;
        let sellers: Vec<PublicKey> = held.sellers().iter().copied().chain(given).collect();
        let list = self.read(event, &sellers)?;
        let imported: Vec<ImportedCode> = list.codes.iter().map(|read| read.code.clone()).collect();
        let salt = held.salt().unwrap_or_else(draw);
        let counts = plan(&imported, &salt, (&held, &rulings)).counts;
        let mut out = std::io::stdout();
        report::list(&mut out, event, &list)?;
        report::counts(&mut out, "would change", counts)?;
        let may_go_on = list.refused.is_empty() || self.skip_refused;
        if !self.apply {
            writeln!(
                out,
                "nothing was written: scan the samples' real tickets first, then say it with --apply"
            )?;
            return Ok(exit_code(may_go_on));
        }
        if !may_go_on {
            writeln!(
                out,
                "nothing was written: mend the refused lines, or leave them out with --skip-refused"
            )?;
            return Ok(exit_code(false));
        }
        let done = write_down(&mut out, authority, imported, given.into_iter().collect()).await?;
        report::counts(&mut out, "changed", done)?;
        Ok(exit_code(true))
    }

    fn read(&self, event: &Event, sellers: &[PublicKey]) -> anyhow::Result<CodeList> {
        let bytes = std::fs::read(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        let columns = Columns::read(&bytes, &self.mapping)
            .with_context(|| format!("{} is no list", self.file.display()))?;
        let tiers = TierNames::new(&event.policy.tiers, &self.tiers)?;
        let list = CodeList::read(&columns, (&tiers, sellers), self.lengths_vary);
        ensure!(
            list.unknown_types.is_empty(),
            "these types of ticket are called like no tier: {}. Say --tier \"TYPE=TIER\" for each; the tiers are: {}",
            report::quoted(&list.unknown_types),
            report::quoted(&tiers.names()),
        );
        Ok(list)
    }

    fn seller_key(&self) -> anyhow::Result<Option<PublicKey>> {
        let Some(file) = &self.seller_key else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let key = pem::public_from_pem(&text).with_context(|| format!("reading {}", file.display()))?;
        Ok(Some(key))
    }

    /// Opens the authorities of the store beside those of its servers, which hear by the store of what is written.
    async fn authorities(&self, store: &Store) -> anyhow::Result<Authorities> {
        let config = Config::load(&self.config)?;
        let master = MasterKey::load(&config.keys, &config.data_dir).context("taking the master key")?;
        let parts = AuthorityParts {
            store: store.clone(),
            clock: Clock::system(),
            signer: TicketSigner::default(),
            metrics: Metrics::default(),
            keys: KeySafe::new(store.clone(), master),
            holder: LeaseHolder(draw()),
        };
        Authorities::open(parts).await.context("opening the keys")
    }
}

/// Writes the list down part by part, so that one which is interrupted goes on when it is said again.
async fn write_down(
    out: &mut impl Write,
    authority: &Arc<EventAuthority>,
    imported: Vec<ImportedCode>,
    sellers: Vec<PublicKey>,
) -> anyhow::Result<ImportCounts> {
    let (all, mut done, mut counts) = (imported.len(), 0, ImportCounts::default());
    // A list without codes may still bring a key.
    let mut parts: Vec<Vec<_>> = imported.chunks(MAX_CODES_OF_RECORD).map(<[_]>::to_vec).collect();
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    for part in parts {
        done += part.len();
        let asked = Arc::new((part, sellers.clone()));
        let listed = authority.ask(move |writer| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { writer.list_codes(&asked.0, &asked.1).await })
        });
        counts.add(
            listed
                .await
                .context("writing the list down: say it again, it goes on where it was")?,
        );
        writeln!(out, "{done} of {all}")?;
    }
    Ok(counts)
}
