//! `usher-cloud reconcile`: what is written down of payments against the payment service's own list of them.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use usher_keys::Timestamp;

use crate::config::Config;
use crate::payment::DisputesOf;
use crate::payment::stripe::{Stripe, StripePlace};
use crate::selling::GatewayKind;
use crate::selling::reconciliation::{
    ComparedDispute, Difference, PaymentsQuery, differences, dispute_differences,
};
use crate::store::Store;

use super::{exit_code, store_places};

/// How much earlier the two lists begin than what is compared: their clocks may differ, and a payment is opened after its booking.
const MARGIN: Duration = Duration::from_hours(1);

/// What to compare.
#[derive(Debug, Args)]
pub struct ReconcileOrder {
    /// The settings of the server.
    #[arg(long)]
    config: PathBuf,
    /// Payments that were begun within so many days.
    #[arg(long, default_value_t = 7)]
    days: u16,
}

impl ReconcileOrder {
    /// Names every difference.
    ///
    /// # Errors
    ///
    /// When no payment service is set up that keeps a list, or one of the two cannot be read.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::load(&self.config)?;
        let place = StripePlace {
            api: &config.payments.stripe_api,
            key_file: &config.payments.stripe_key_file,
            webhook_secret_file: std::path::Path::new(""),
        };
        if place.key_file.as_os_str().is_empty() {
            bail!(
                "no payment service is set up that keeps a list (setting payments.stripe_key_file): the sandbox moves no money"
            );
        }
        let stripe = Stripe::new(place, &config.public_url)?;
        let places = store_places(&self.config)?;
        let store = Store::open_places(&places)
            .await
            .with_context(|| format!("opening {}", places.home))?;
        let days = Duration::from_hours(24) * u32::from(self.days);
        let since = before(store.clock().await?.now(), days);
        let (count, found) = compare(&store, &stripe, since).await?;
        let elsewhere = store.taken_elsewhere(since).await.context("reading the store")?;
        store.close().await;
        let mut out = std::io::stdout().lock();
        for difference in &found {
            writeln!(out, "DIFFERENT: {difference}")?;
        }
        for taken in &elsewhere {
            writeln!(
                out,
                "LEFT OUT: {taken}: the payment service knows nothing of them"
            )?;
        }
        writeln!(
            out,
            "{count} payments of {} days compared, {} differences",
            self.days,
            found.len()
        )?;
        Ok(exit_code(found.is_empty()))
    }
}

fn before(at: Timestamp, time: Duration) -> Timestamp {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Timestamp(at.0.saturating_sub(ms))
}

/// Compares what a store has of payments since a moment with Stripe's list; returns how many were compared, and the differences.
///
/// # Errors
///
/// When one of the two cannot be read.
pub async fn compare(
    store: &Store,
    stripe: &Stripe,
    since: Timestamp,
) -> anyhow::Result<(usize, Vec<Difference>)> {
    // The payment service first: what is sold meanwhile is written down here by then, and only missing there.
    let list = stripe
        .list(before(since, MARGIN))
        .await
        .context("asking the payment service")?;
    let listed_at = store.clock().await?.now();
    let query = PaymentsQuery {
        gateway: GatewayKind::Stripe,
        since: before(since, 2 * MARGIN),
    };
    let known = store.gateway_payments(query).await.context("reading the store")?;
    let disputes = compare_disputes(store, stripe, since).await?;
    let compared = since..before(listed_at, MARGIN / 60);
    let mut found = differences(&known, &list, &compared);
    found.extend(disputes);
    Ok((known.len(), found))
}

/// How much earlier disputes are listed than compared: what was opened there is heard of some time later.
const HEARD_WITHIN: Duration = Duration::from_hours(7 * 24);

async fn compare_disputes(
    store: &Store,
    stripe: &Stripe,
    since: Timestamp,
) -> anyhow::Result<Vec<Difference>> {
    let opened = before(since, HEARD_WITHIN);
    let listed = stripe.disputes(&DisputesOf::Since(opened)).await;
    let listed = listed.context("asking the payment service for disputes")?;
    let listed: Vec<_> = listed
        .into_iter()
        .map(|told| ComparedDispute {
            name: told.name,
            state: told.state,
            amount: told.amount,
        })
        .collect();
    let query = PaymentsQuery {
        gateway: GatewayKind::Stripe,
        since: before(opened, HEARD_WITHIN),
    };
    let known = store.gateway_disputes(query).await.context("reading the store")?;
    Ok(dispute_differences(&known, &listed, since))
}
