//! What every handler and background task works with, put together once; it holds no selling state of its own.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher_keys::private;

use crate::authority::key_safe::KeySafe;
use crate::authority::{Authorities, AuthorityParts};
use crate::booking::{BookingDesk, DeskParts, Revoker};
use crate::clock::Clock;
use crate::config::{Config, GatewayKind};
use crate::endpoint_secrets::EndpointSecrets;
use crate::ids::{TicketId, draw};
use crate::link_letters::LinkSecrets;
use crate::mailer::Mailer;
use crate::master_key::MasterKey;
use crate::metrics::Metrics;
use crate::payment::sandbox::Sandbox;
use crate::payment::sandbox::ledger::SandboxLedger;
use crate::payment::stripe::{Stripe, StripePlace};
use crate::payment::{Gateways, PaymentGateway};
use crate::rooms::Rooms;
use crate::seat_maps::SeatMaps;
use crate::selling::jobs::LeaseHolder;
use crate::signing::TicketSigner;
use crate::staff_secrets::StaffSecrets;
use crate::store::Store;
use crate::store::location::StoreLocation;
use crate::wrong_keys::WrongKeys;

/// The sandbox gateway's own file in the data directory.
pub const SANDBOX_FILE: &str = "sandbox.db";
/// Clients that listen to news of events at once.
const NEWS_LISTENERS: usize = 200;
/// Passwords that are hashed at once.
const PASSWORDS_AT_ONCE: usize = 4;
/// Locked while a server uses the data directory; holds what that server is known by as the holder of leases.
const LOCK_FILE: &str = "serve.lock";

/// The parts of a running cloud.
#[derive(Debug)]
pub struct AppState {
    pub config: Config,
    /// What links begin with, once the address is bound; without a slash at the end.
    pub public_url: String,
    pub clock: Clock,
    /// What is kept.
    pub store: Store,
    /// The ticket-signing keys in use.
    pub signer: TicketSigner,
    /// The authorities of all events.
    pub authorities: Arc<Authorities>,
    /// Where devices link to, once that is bound.
    pub uplink: OnceLock<Vec<String>>,
    /// Seat maps in memory.
    pub seat_maps: SeatMaps,
    /// Waiting rooms in memory.
    pub rooms: Rooms,
    /// Who turns reservations into bookings.
    pub desk: BookingDesk,
    pub metrics: Metrics,
    /// Seals what webhooks are signed with.
    pub endpoint_secrets: EndpointSecrets,
    /// Who sends letters, if there is mail.
    pub mailer: Option<Mailer>,
    /// Seals what one-time codes are made of.
    pub staff_secrets: StaffSecrets,
    /// Seals the secrets of links until their letters are sent.
    pub link_secrets: LinkSecrets,
    /// This server, as the holder of leases.
    pub holder: LeaseHolder,
    /// Cancelled when the server was told to stop: it still serves, and takes nothing over.
    pub draining: CancellationToken,
    /// Wrong API keys, by where they came from.
    pub wrong_keys: WrongKeys,
    /// Has so many clients listen to news at once: each asks the store every second.
    pub news_listeners: Arc<Semaphore>,
    /// Log-ins that failed, by where they came from.
    pub wrong_log_ins: WrongKeys,
    /// Has few passwords be hashed at once: each takes 19 MiB and a core.
    pub hashing: Semaphore,
    /// Whether the log has been told of a proxy that is not trusted: once is enough.
    pub told_of_proxy: AtomicBool,
    /// Requests that are done to their end, whether or not their clients wait.
    pub answering: TaskTracker,
    /// Keeps a second server out of the data directory.
    _lock: File,
}

impl AppState {
    /// Opens the data directory and puts the parts together.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, is used by another server, or holds a damaged database.
    pub async fn open(config: Config, clock: Clock, public_url: String) -> anyhow::Result<Arc<Self>> {
        let (lock, holder) = lock_data_dir(&config)?;
        let store = Store::open_answering(&config.store_places())
            .await
            .with_context(|| format!("opening {}", config.store_location()))?;
        let (signer, metrics) = (TicketSigner::default(), Metrics::default());
        let seat_maps = SeatMaps::new(store.clone(), signer.clone());
        let master = MasterKey::load(&config.keys, &config.data_dir).context("taking the master key")?;
        let (endpoint_secrets, staff_secrets, link_secrets, rooms) = sealing(&store, &master);
        let authorities: Arc<_> = Authorities::open(AuthorityParts {
            store: store.clone(),
            clock: clock.clone(),
            signer: signer.clone(),
            metrics: metrics.clone(),
            keys: KeySafe::new(store.clone(), master),
            holder,
        })
        .await
        .context("opening the keys")?
        .into();
        let desk = BookingDesk::new(DeskParts {
            revoker: revoker(&authorities),
            store: store.clone(),
            gateways: gateways(&config, &store, &clock, &public_url)?,
            signer: signer.clone(),
            clock: clock.clone(),
            holder,
            seat_maps: seat_maps.clone(),
            metrics: metrics.clone(),
            bounds: config.reservations.hold_bounds(),
            payment_timeout: config.payment_timeout(),
            mails: config.mail.is_set(),
        });
        Ok(Arc::new(Self {
            mailer: Mailer::open(&config.mail)?,
            config,
            public_url,
            clock,
            store,
            signer,
            authorities,
            uplink: OnceLock::new(),
            seat_maps,
            rooms,
            desk,
            metrics,
            endpoint_secrets,
            holder,
            draining: CancellationToken::new(),
            wrong_keys: WrongKeys::default(),
            news_listeners: Arc::new(Semaphore::new(NEWS_LISTENERS)),
            wrong_log_ins: WrongKeys::default(),
            staff_secrets,
            link_secrets,
            hashing: Semaphore::new(PASSWORDS_AT_ONCE),
            told_of_proxy: AtomicBool::new(false),
            answering: TaskTracker::new(),
            _lock: lock,
        }))
    }

    /// Returns how long a reservation holds unless its event says otherwise.
    pub fn default_hold(&self) -> Duration {
        Duration::from_secs(self.config.reservations.default_seconds.into())
    }

    /// Makes the address of a path of ours.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Returns where devices are told to link to; nowhere while no uplink is bound.
    pub fn uplink_addresses(&self) -> Vec<String> {
        self.uplink.get().cloned().unwrap_or_default()
    }

    /// Waits for requests and bookings in progress and for the authorities, then for what they wrote.
    pub async fn close(&self) {
        self.answering.close();
        self.answering.wait().await;
        self.rooms.close().await;
        self.desk.close().await;
        self.authorities.close().await;
        self.store.close().await;
    }
}

/// Makes what seals secrets under the master key, each kind for itself.
fn sealing(store: &Store, master: &MasterKey) -> (EndpointSecrets, StaffSecrets, LinkSecrets, Rooms) {
    (
        EndpointSecrets::new(master.clone()),
        StaffSecrets::new(master.clone()),
        LinkSecrets::new(master.clone()),
        Rooms::new(store.clone(), master.clone()),
    )
}

/// Makes the data directory as needed and keeps servers out of it as long as the file is open.
///
/// # Errors
///
/// When a server uses it, or it is open to others.
pub(crate) fn lock_data_dir(config: &Config) -> anyhow::Result<(File, LeaseHolder)> {
    let directory = &config.data_dir;
    private::make_folder(directory)?;
    private::check_folder(directory)?;
    let path = directory.join(LOCK_FILE);
    let lock = private::open_file(&path).with_context(|| format!("making {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => {
            let holder = holder(&path, &lock).with_context(|| format!("reading {}", path.display()))?;
            Ok((lock, holder))
        }
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another usher-cloud uses {}: stop it, or set another data_dir",
                directory.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Reads what the servers of this data directory are known by; the first one draws it. Whoever has the lock knows that all earlier
/// ones have ended.
fn holder(path: &Path, lock: &File) -> std::io::Result<LeaseHolder> {
    if let Ok(known) = fs::read(path)?.try_into() {
        return Ok(LeaseHolder(known));
    }
    let drawn = draw();
    lock.set_len(0)?;
    lock.write_all_at(&drawn, 0)?;
    lock.sync_all()?;
    Ok(LeaseHolder(drawn))
}

/// Revokes tickets in the logs of their events.
fn revoker(authorities: &Arc<Authorities>) -> Revoker {
    let authorities = Arc::clone(authorities);
    Revoker::new(move |event, tickets| {
        let authority = authorities.of(event);
        let tickets: Arc<[TicketId]> = tickets.into();
        Box::pin(async move {
            authority?
                .ask(move |writer| {
                    let tickets = Arc::clone(&tickets);
                    Box::pin(async move { writer.revoke_tickets(&tickets).await })
                })
                .await
        })
    })
}

/// Makes the gateway that takes the money, and those that may still have payments from when they did.
fn gateways(config: &Config, store: &Store, clock: &Clock, public_url: &str) -> anyhow::Result<Gateways> {
    let in_use = config.payments.gateway;
    let gateway = |kind| gateway(kind, config, (store, clock), public_url);
    let sandbox_was_used = match config.store_location() {
        StoreLocation::File(_) => config.data_dir.join(SANDBOX_FILE).exists(),
        StoreLocation::Servers { .. } => true,
    };
    let has_stripe = !config.payments.stripe_key_file.as_os_str().is_empty();
    let others = [
        (GatewayKind::Sandbox, sandbox_was_used),
        (GatewayKind::Stripe, has_stripe),
    ];
    let others = others
        .into_iter()
        .filter(|(kind, is_set_up)| *is_set_up && *kind != in_use);
    let others = others.map(|(kind, _)| gateway(kind)).collect::<Result<_, _>>()?;
    Ok(Gateways::new(gateway(in_use)?, others))
}

fn gateway(
    kind: GatewayKind,
    config: &Config,
    (store, clock): (&Store, &Clock),
    public_url: &str,
) -> anyhow::Result<PaymentGateway> {
    match kind {
        GatewayKind::Sandbox => {
            let ledger = match config.store_location() {
                StoreLocation::File(_) => {
                    let file = config.data_dir.join(SANDBOX_FILE);
                    SandboxLedger::open(&file).with_context(|| format!("opening {}", file.display()))?
                }
                // Any process may have to find out how a payment ended.
                StoreLocation::Servers { .. } => SandboxLedger::within(store),
            };
            Ok(PaymentGateway::Sandbox(Sandbox::new(
                ledger,
                clock.clone(),
                config.payments.sandbox_crash,
                public_url.to_owned(),
            )))
        }
        GatewayKind::Stripe => {
            let payments = &config.payments;
            let place = StripePlace {
                api: &payments.stripe_api,
                key_file: &payments.stripe_key_file,
                webhook_secret_file: &payments.stripe_webhook_secret_file,
            };
            let stripe = Stripe::new(place, public_url)?;
            Ok(PaymentGateway::Stripe(stripe))
        }
        // No settings name these, and at a counter nobody is asked.
        GatewayKind::Cash | GatewayKind::CardTerminal | GatewayKind::Invoice => Ok(PaymentGateway::Invoice),
    }
}
