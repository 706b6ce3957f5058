//! The cloud's end of the links: takes connections, gives each to its event's authority, and keeps the newest of each device.

mod contacts;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use usher_keys::PublicKey;
use usher_link::{Connection, Endpoint, Opened, drive};
use usher_protocol::sync::Farewell;

use super::Authorities;
use super::event::EventAuthority;
use super::presence::Present;
use super::replica::{CodeResponder, LinkedReplica};
use contacts::{note, note_contacts, note_linked};

/// Most links at once: at some 150 KiB each, with its session, 600 MiB. Strangers are not among them: the endpoint bounds those.
const MAX_LINKS: usize = 4_000;
/// How often the contact of linked devices is written down, so that a crash forgets little.
const CONTACT_EVERY: Duration = Duration::from_secs(60);
/// Returns where devices can reach a bound address; one that stands for every address of this machine is replaced by the
/// host of the public URL.
pub fn reachable_address(bound: SocketAddr, public_url: &str) -> String {
    let host = host_of(public_url).filter(|_| bound.ip().is_unspecified());
    host.map_or_else(|| bound.to_string(), |host| format!("{host}:{}", bound.port()))
}

fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let place = rest.split('/').next()?;
    let end = match place.find(']') {
        Some(bracket) => bracket + 1,
        None => place.find(':').unwrap_or(place.len()),
    };
    Some(&place[..end]).filter(|host| !host.is_empty())
}

/// Takes connections until the server is draining; then every device is told goodbye, and whoever comes is refused at once, so that
/// it goes elsewhere, until the server stops.
pub async fn serve(
    endpoint: Endpoint,
    authorities: Arc<Authorities>,
    draining: CancellationToken,
    stop: CancellationToken,
) {
    let mut links = JoinSet::new();
    let mut contacts = interval(CONTACT_EVERY);
    contacts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = draining.cancelled() => break,
            connection = endpoint.accept() => match connection {
                Some(connection) => admit(&authorities, connection, &mut links, &draining),
                None => break,
            },
            Some(_) = links.join_next() => {}
            _ = contacts.tick() => {
                let authorities = Arc::clone(&authorities);
                links.spawn(async move { note_contacts(&authorities).await });
            }
        }
    }
    stop.run_until_cancelled(endpoint.refuse_all()).await;
    while links.join_next().await.is_some() {}
    endpoint.close().await;
}

fn admit(
    authorities: &Arc<Authorities>,
    connection: Connection,
    links: &mut JoinSet<()>,
    stop: &CancellationToken,
) {
    let Ok(authority) = authorities.of(connection.event()) else {
        return connection.turn_away(
            Farewell::OtherEvent,
            "there is no such event here, or it has no trust bundle",
        );
    };
    links.spawn(link(authority, connection, Arc::clone(authorities), stop.clone()));
}

/// Drives one link to its end and writes down how far the device had come.
async fn link(
    authority: Arc<EventAuthority>,
    connection: Connection,
    authorities: Arc<Authorities>,
    stop: CancellationToken,
) {
    let device = connection.peer();
    let replica = Arc::new(LinkedReplica::new(Arc::clone(&authority)));
    let progress = Arc::clone(replica.progress());
    let (entered, has_entered) = oneshot::channel();
    let opened = {
        let (authority, progress) = (Arc::clone(&authority), Arc::clone(&progress));
        move |Opened {
                  connection,
                  certificate,
              }| {
            let is_back = authority.presence().has(&connection.peer());
            if !is_back && count_all(&authorities) >= MAX_LINKS {
                tracing::warn!(device = %device.id(), most = MAX_LINKS, "too many links: a device was turned away");
                return connection.close(Farewell::Leaving);
            }
            connection.remember();
            tracing::info!(event = %authority.event(), device = %device.id(), name = certificate.name, "linked");
            let older = authority.presence().enter(connection, progress);
            if let Some(older) = older {
                older.close(Farewell::Silent);
            }
            count_links(&authority);
            // An error means that the link has ended already.
            let _ = entered.send(());
        }
    };
    let responder = Arc::new(CodeResponder::new(Arc::clone(&authority)));
    let told = async {
        if has_entered.await.is_ok() {
            note_linked(&authority, find(&authority, &device)).await;
        }
    };
    tokio::join!(drive(connection, replica, responder, opened, stop), told);
    let last = find(&authority, &device);
    if authority.presence().leave(&device, &progress) {
        if let Some(present) = last {
            note(&authority, present, None).await;
        }
        count_links(&authority);
    }
}

fn count_all(authorities: &Authorities) -> usize {
    let all = authorities.all();
    all.iter().map(|authority| authority.presence().count()).sum()
}

fn count_links(authority: &EventAuthority) {
    let linked = authority.presence().count() as f64;
    authority
        .metrics
        .event_gauge("usher_linked_devices", authority.event(), linked);
}

fn find(authority: &EventAuthority, device: &PublicKey) -> Option<Present> {
    let held = authority.view().held();
    authority.presence().find(device, &held, authority.clock.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bound: &str, public_url: &str, expected: &str) {
        assert_eq!(reachable_address(bound.parse().unwrap(), public_url), expected);
    }

    #[test]
    fn an_address_that_stands_for_all_is_told_by_the_public_name() {
        check(
            "0.0.0.0:7443",
            "https://tickets.example/usher",
            "tickets.example:7443",
        );
        check("[::]:7443", "http://[2001:db8::1]:8080", "[2001:db8::1]:7443");
        check("0.0.0.0:7443", "http://127.0.0.1:8080", "127.0.0.1:7443");
        check("192.0.2.7:7443", "http://tickets.example", "192.0.2.7:7443");
    }
}
