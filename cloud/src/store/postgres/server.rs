//! The PostgreSQL servers of a database, and how a connection to them is kept from strangers.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::StoreError;

use super::hosts::{Connected, Hosts};

/// Where to connect to, and how.
#[derive(Clone)]
pub struct Servers {
    /// The address.
    config: Config,
    /// The servers that it names.
    hosts: Hosts,
    /// What encrypts; certificates are checked always.
    tls: MakeRustlsConnect,
    /// What befalls transactions.
    #[cfg(test)]
    pub faults: Option<super::faults::Faults>,
    /// How often they are asked.
    #[cfg(test)]
    pub counts: super::counts::StatementCounts,
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.config.fmt(f)
    }
}

impl Servers {
    /// Takes the certificates up that vouch for the servers. Unless the address says how (`sslmode`), a connection that leaves
    /// the machine is encrypted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Certificates`].
    pub fn new(config: &Config, ca_file: &Path) -> Result<Self, StoreError> {
        let mut config = config.clone();
        if config.get_ssl_mode() == SslMode::Prefer {
            let is_here = config.get_hosts().iter().all(is_this_machine);
            config.ssl_mode(if is_here {
                SslMode::Disable
            } else {
                SslMode::Require
            });
        }
        let mut roots = RootCertStore::empty();
        if config.get_ssl_mode() != SslMode::Disable {
            let unusable = |_| StoreError::Certificates(ca_file.to_owned());
            for certificate in CertificateDer::pem_file_iter(ca_file).map_err(unusable)? {
                // One that is of an unknown kind vouches for nobody.
                let _ = roots.add(certificate.map_err(unusable)?);
            }
            if roots.is_empty() {
                return Err(StoreError::Certificates(ca_file.to_owned()));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring can do TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            hosts: Hosts::of(&config),
            config,
            tls: MakeRustlsConnect::new(tls),
            #[cfg(test)]
            faults: None,
            #[cfg(test)]
            counts: super::counts::StatementCounts::default(),
        })
    }

    /// Connects to one of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn connect(&self) -> Result<Connected, StoreError> {
        self.hosts.connect(&self.tls).await
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::case::Case;
    use crate::store::postgres::backend::Backend;

    #[test]
    fn a_connection_that_leaves_the_machine_is_encrypted_unless_told_otherwise() {
        let certificates = Path::new("/etc/ssl/certs/ca-certificates.crt");
        for (url, mode) in [
            ("postgres://owl@127.0.0.1/u", SslMode::Disable),
            ("postgres://owl@localhost,127.0.0.1/u", SslMode::Disable),
            ("postgres://owl@localhost,db2/u", SslMode::Require),
            ("postgres://owl@db/u", SslMode::Require),
            ("postgres://owl@db/u?sslmode=disable", SslMode::Disable),
            ("postgres://owl@127.0.0.1/u?sslmode=require", SslMode::Require),
        ] {
            let servers = Servers::new(&url.parse().unwrap(), certificates).unwrap();
            assert_eq!(servers.config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_nobody_vouches_for_is_not_connected_to() {
        let url = Case::on_postgres().await.url().unwrap() + "?sslmode=require";
        let connect = move |ca_file: &Path| {
            let servers = Servers::new(&url.parse().unwrap(), ca_file).unwrap();
            Backend::connect(&servers).map(|backend| {
                let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                let row = backend.wait(async |client| client.query_one(sql, &[]).await);
                row.unwrap().get::<_, bool>(0)
            })
        };
        let check = move || {
            assert!(
                connect(&usher_test_postgres::certificate()).unwrap(),
                "not encrypted"
            );
            let refused = connect(Path::new("/etc/ssl/certs/ca-certificates.crt")).unwrap_err();
            let said = format!("{:#}", anyhow::Error::from(refused));
            assert!(said.contains("invalid peer certificate"), "{said}");
        };
        tokio::task::spawn_blocking(check).await.unwrap();
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("empty.pem");
        std::fs::write(&file, "nothing").unwrap();
        let config: Config = "postgres://owl@db/u".parse().unwrap();
        for file in [file, folder.path().join("gone.pem")] {
            let error = Servers::new(&config, &file).unwrap_err();
            assert!(matches!(error, StoreError::Certificates(named) if named == file));
        }
    }
}
