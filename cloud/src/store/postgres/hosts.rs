//! Connecting to one of the servers of a database. Each is tried by itself and for a bounded time, so that a machine that is cut off or
//! has come to a stand, which refuses nothing and answers nothing, keeps nobody from the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::StoreError;

/// How long one server may take to let somebody in.
const LET_IN_WITHIN: Duration = Duration::from_secs(4);
/// How long what was sent may go without the other machine saying that it has come, and how long a connection is quiet before it is asked
/// whether the other machine is there. The system would wait for a quarter of an hour, and for two.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
/// What the library takes a quiet connection to be unless an address says otherwise.
const USUAL_QUIET: Duration = Duration::from_secs(2 * 60 * 60);

/// A connection, and what drives it.
pub type Connected = (
    Client,
    Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
);

/// The servers of one database; clones share what they know.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// The same address with one server each.
    each: Arc<[Config]>,
    /// The one that let somebody in last: it is asked first.
    last: Arc<AtomicUsize>,
}

impl Hosts {
    /// Takes an address apart.
    pub fn of(config: &Config) -> Self {
        let count = config.get_hosts().len().max(1);
        let each = (0..count).map(|nth| bounded(alone(config, nth)));
        Self {
            each: each.collect(),
            last: Arc::default(),
        }
    }

    /// Connects to the first server that accepts us and is of the kind that the address asks for.
    ///
    /// # Errors
    ///
    /// What the last one said; [`StoreError::Unreachable`].
    pub async fn connect(&self, tls: &MakeRustlsConnect) -> Result<Connected, StoreError> {
        let (first, count) = (self.last.load(Ordering::Relaxed), self.each.len());
        let mut refused = None;
        for nth in (0..count).map(|step| (first + step) % count) {
            match timeout(LET_IN_WITHIN, self.each[nth].connect(tls.clone())).await {
                Ok(Ok(connected)) => {
                    self.last.store(nth, Ordering::Relaxed);
                    return Ok(connected);
                }
                Ok(Err(error)) => refused = Some(unreached(error)),
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or(StoreError::Unreachable(None)))
    }
}

/// Returns an address with one of its servers.
fn alone(config: &Config, nth: usize) -> Config {
    if config.get_hosts().len() < 2 {
        return config.clone();
    }
    let mut one = Config::new();
    match &config.get_hosts()[nth] {
        Host::Tcp(name) => one.host(name),
        Host::Unix(path) => one.host_path(path),
    };
    if let Some(address) = config.get_hostaddrs().get(nth) {
        one.hostaddr(*address);
    }
    let ports = config.get_ports();
    if let Some(port) = ports.get(nth).or_else(|| ports.first()) {
        one.port(*port);
    }
    if let Some(name) = config.get_user() {
        one.user(name);
    }
    if let Some(name) = config.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(within) = config.get_connect_timeout() {
        one.connect_timeout(*within);
    }
    if let Some(within) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*within);
    }
    if let Some(every) = config.get_keepalives_interval() {
        one.keepalives_interval(every);
    }
    if let Some(times) = config.get_keepalives_retries() {
        one.keepalives_retries(times);
    }
    one.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding());
    one
}

/// Has a machine that is gone be noticed, unless the address says when.
fn bounded(mut config: Config) -> Config {
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(HEARD_WITHIN);
    }
    if config.get_keepalives_idle() == USUAL_QUIET {
        config.keepalives_idle(HEARD_WITHIN);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(HEARD_WITHIN / 2);
    }
    config
}

/// What a server says itself is told as it is: a wrong password is no reason to look at the network.
fn unreached(error: tokio_postgres::Error) -> StoreError {
    if error.code().is_some() {
        error.into()
    } else {
        StoreError::Unreachable(Some(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::Path;

    use super::*;
    use crate::store::postgres::backend::Backend;
    use crate::store::postgres::server::Servers;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_takes_connections_and_says_nothing_keeps_nobody_from_the_next() {
        // As of a machine that has come to a stand: the system takes the connection.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = silent.local_addr().unwrap();
        let url = tokio::task::spawn_blocking(usher_test_postgres::new_database);
        let url = url.await.unwrap().replace("@", &format!("@{at},"));
        let servers = Servers::new(&url.parse().unwrap(), Path::new("")).unwrap();
        let asking = move || {
            let answer =
                |backend: Backend| backend.wait(async |client| client.query_one("SELECT 7", &[]).await);
            let mut answers = (0..2).map(|_| answer(Backend::connect(&servers).unwrap()).unwrap().get(0));
            let known: [i32; 2] = [answers.next().unwrap(), answers.next().unwrap()];
            known
        };
        let begun = std::time::Instant::now();
        assert_eq!(tokio::task::spawn_blocking(asking).await.unwrap(), [7, 7]);
        // Whoever let somebody in is asked first the next time.
        assert!(begun.elapsed() < 2 * LET_IN_WITHIN, "{:?}", begun.elapsed());
    }

    #[test]
    fn every_server_of_an_address_is_asked_as_the_address_says() {
        let url = "postgres://owl:secret@db1,db2:6000/usher?target_session_attrs=read-write&sslmode=require&keepalives_idle=30";
        let hosts = Hosts::of(&url.parse().unwrap());
        let said = hosts.each.iter().map(|one| {
            let secret = one.get_password() == Some(b"secret".as_slice());
            (
                one.get_hosts().len(),
                one.get_ports()[0],
                one.get_user(),
                one.get_dbname(),
                secret,
            )
        });
        let said: Vec<_> = said.collect();
        let of = |port| (1, port, Some("owl"), Some("usher"), true);
        assert_eq!(said, [of(5432), of(6000)]);
        for one in hosts.each.iter() {
            assert_eq!(one.get_keepalives_idle(), Duration::from_secs(30));
            assert_eq!(one.get_tcp_user_timeout(), Some(&HEARD_WITHIN));
        }
    }
}
