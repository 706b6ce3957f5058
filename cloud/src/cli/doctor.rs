//! `doctor`: looks at all that a server needs, before anybody buys; it changes nothing, and may run beside the server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use usher_keys::private;
use usher_link::surroundings::{free_mib, is_clock_kept, is_known, tcp_port, udp_port};
use usher_words::doctor::{self, Condition, Diagnosis, PortFound};
use usher_words::server;

use crate::config::Config;
use crate::master_key::{MasterKey, MasterKeySettings};
use crate::payment::stripe::{Stripe, StripePlace};
use crate::selling::GatewayKind;
use crate::server::LISTENING_FILE;
use crate::store::location::StoreLocation;
use crate::store::schema::version;

/// Whose settings are looked at.
#[derive(Debug, Args)]
pub struct DoctorOrder {
    /// The settings of the server.
    #[arg(long)]
    config: PathBuf,
}

impl DoctorOrder {
    /// Prints what it finds, a line each; exit code 1 when something does not work.
    ///
    /// # Errors
    ///
    /// When it cannot be printed.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let found = match Config::load(&self.config) {
            Ok(config) => examine(&config).await,
            Err(error) => vec![failed(error)],
        };
        let mut out = std::io::stdout().lock();
        for diagnosis in &found {
            writeln!(out, "{diagnosis}")?;
        }
        let is_bad = found
            .iter()
            .any(|diagnosis| diagnosis.condition == Condition::Bad);
        Ok(ExitCode::from(u8::from(is_bad)))
    }
}

/// Returns what an error says of itself, as what does not work.
fn failed(error: impl Into<anyhow::Error>) -> Diagnosis {
    doctor::bad(format!("{:#}", error.into()))
}

async fn examine(config: &Config) -> Vec<Diagnosis> {
    let mut found = vec![doctor::clock(is_clock_kept())];
    found.extend(folder(&config.data_dir));
    found.push(master_key(&config.keys, &config.data_dir));
    for (cell, location) in config.store_places().all() {
        let name = cell.map_or_else(|| "the store".to_owned(), |cell| format!("the cell {cell}"));
        found.push(store(&name, location).await);
    }
    let is_running = is_running(config);
    found.push(doctor::port(
        "listen",
        &config.listen,
        tcp_port(config.listen),
        is_running,
    ));
    let uplink = config.uplink_listen;
    found.push(doctor::port(
        "uplink_listen",
        &uplink,
        udp_port(uplink),
        is_running,
    ));
    let names = config.uplink_public.iter();
    found.extend(names.map(|name| doctor::name("uplink_public", name, is_known(name))));
    found.extend(fronts(config));
    found.push(gateway(config));
    found
}

fn folder(path: &Path) -> Vec<Diagnosis> {
    if !path.exists() {
        return vec![doctor::good(server::no_folder_yet(path))];
    }
    let privacy =
        private::check_folder(path).map_or_else(failed, |()| doctor::good(server::private_folder(path)));
    let room = free_mib(path).map_or_else(failed, |mib| doctor::free_space(path, mib));
    vec![privacy, room]
}

/// The server makes a key of its own the first time; this does not.
fn master_key(settings: &MasterKeySettings, data_dir: &Path) -> Diagnosis {
    if MasterKey::is_to_be_made(settings, data_dir) {
        return doctor::doubtful(server::NO_MASTER_KEY_YET);
    }
    match MasterKey::load(settings, data_dir) {
        Ok(_) => doctor::good(server::MASTER_KEY_READ),
        Err(error) => failed(error),
    }
}

async fn store(name: &str, location: &StoreLocation) -> Diagnosis {
    match version(location).await {
        Ok(0) => doctor::good(server::no_tables_yet(name, &location.to_string())),
        Ok(version) => doctor::good(server::tables(name, &location.to_string(), version)),
        Err(error) => failed(anyhow::Error::from(error).context(format!("opening {name} at {location}"))),
    }
}

/// Tells whether a server has said where it serves and somebody is there.
fn is_running(config: &Config) -> bool {
    config.data_dir.join(LISTENING_FILE).exists() && tcp_port(config.listen) == PortFound::Taken
}

/// Looks at what stands between buyers and the server.
fn fronts(config: &Config) -> Vec<Diagnosis> {
    let (certificate, has_own) = match config.tls_files() {
        Ok(None) => (None, false),
        Ok(Some(_)) => (Some(doctor::good(server::CERTIFICATE_READ)), true),
        Err(error) => (Some(failed(error)), true),
    };
    let is_public = config.public_url.starts_with("https://");
    let url = if is_public {
        doctor::good(server::public_url(&config.public_url))
    } else {
        doctor::doubtful(server::plain_url(&config.public_url))
    };
    let is_unnamed = is_public && !has_own && config.trusted_proxies.is_empty();
    let proxies = is_unnamed.then(|| doctor::doubtful(server::NO_PROXY));
    certificate.into_iter().chain([url]).chain(proxies).collect()
}

fn gateway(config: &Config) -> Diagnosis {
    let payments = &config.payments;
    if payments.gateway != GatewayKind::Stripe {
        return doctor::doubtful(server::SANDBOX);
    }
    let place = StripePlace {
        api: &payments.stripe_api,
        key_file: &payments.stripe_key_file,
        webhook_secret_file: &payments.stripe_webhook_secret_file,
    };
    match Stripe::new(place, &config.public_url) {
        Ok(_) => doctor::good(server::STRIPE),
        Err(error) => failed(error),
    }
}
