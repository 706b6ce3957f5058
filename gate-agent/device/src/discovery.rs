//! Finding the hubs of an event on the local network by multicast DNS (RFC 6762, RFC 6763), without anybody's typing addresses. Anyone
//! on the network can announce anything: who is there, certificates say when it is dialled.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{IfKind, Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use thiserror::Error;
use tokio::time::{Instant, sleep_until};
use usher_keys::{EventId, PublicKey};

/// What hubs are announced as.
const SERVICE: &str = "_usher._udp.local.";
/// Most addresses of one hub that are believed: a laptop with cable, wireless network and some virtual ones.
const MAX_ADDRESSES: usize = 8;
/// After how long it is looked anew once so much was announced that the daemon told us of nothing more.
const ANEW_AFTER: Duration = Duration::from_secs(10);
/// What names the event in an announcement.
const EVENT: &str = "event";
/// What names the hub's key in an announcement.
const HUB: &str = "hub";

/// Why hubs are not found by themselves.
#[derive(Debug, Error)]
#[error(
    "hubs of the local network are not found by themselves: name them, or mend the network and start again"
)]
pub struct DiscoveryError(#[from] mdns_sd::Error);

/// A hub that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHub {
    pub hub: PublicKey,
    /// Where it is said to be, best first; one at least.
    pub addresses: Vec<String>,
}

/// Looks for the hubs of one event, and announces one.
pub struct Discovery {
    daemon: ServiceDaemon,
    heard: Receiver<ServiceEvent>,
    event: EventId,
    /// When it is looked anew, if that is due: whoever waits may give up in between.
    anew_at: Option<Instant>,
}

impl Discovery {
    /// Begins to look for the hubs of an event on these network interfaces, or on all when none is named.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`]: there is no network to look on.
    pub fn start(event: EventId, interfaces: &[String]) -> Result<Self, DiscoveryError> {
        let daemon = ServiceDaemon::new()?;
        if !interfaces.is_empty() {
            let named: Vec<_> = interfaces.iter().cloned().map(IfKind::Name).collect();
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(named)?;
        }
        let heard = daemon.browse(SERVICE)?;
        Ok(Self {
            daemon,
            heard,
            event,
            anew_at: None,
        })
    }

    /// Announces a hub of the event, until this is dropped: under that address alone if it is one, or under those of the interfaces.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`].
    pub fn announce(
        &self,
        hub: &PublicKey,
        port: u16,
        address: Option<IpAddr>,
    ) -> Result<(), DiscoveryError> {
        let name = hub.id().to_string();
        let host = format!("usher-{name}.local.");
        let said = [(EVENT, self.event.to_string()), (HUB, hub.to_string())];
        // One hub of two events is two services.
        let instance = format!("{name} {}", self.event);
        let mut service = match address {
            Some(address) => ServiceInfo::new(SERVICE, &instance, &host, address, port, &said[..])?,
            None => ServiceInfo::new(SERVICE, &instance, &host, (), port, &said[..])?.enable_addr_auto(),
        };
        service.set_requires_probe(false);
        self.daemon.register(service)?;
        Ok(())
    }

    /// Waits for the next announcement of a hub of the event, our own too. A burst of announcements ends what is heard; it is looked anew then.
    pub async fn next(&mut self) -> FoundHub {
        loop {
            match self.heard.recv_async().await {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    if let Some(found) = found(&service, self.event) {
                        return found;
                    }
                }
                Ok(_) => {}
                Err(_) => self.look_anew().await,
            }
        }
    }
}

impl Discovery {
    async fn look_anew(&mut self) {
        let at = *self.anew_at.get_or_insert_with(|| Instant::now() + ANEW_AFTER);
        sleep_until(at).await;
        self.anew_at = None;
        tracing::warn!("so much was announced on the local network that looking for hubs begins anew");
        if let Ok(heard) = self.daemon.browse(SERVICE) {
            self.heard = heard;
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        // Says goodbye; nobody waits for it.
        let _ = self.daemon.shutdown();
    }
}

/// Reads an announcement, if it is one of a hub of that event.
fn found(service: &ResolvedService, event: EventId) -> Option<FoundHub> {
    let said = |name| service.txt_properties.get_property_val_str(name);
    let theirs: EventId = said(EVENT)?.parse().ok()?;
    let hub = PublicKey::from_hex(said(HUB)?).ok()?;
    let addresses = best_first(
        service.addresses.iter().map(|address| address.to_ip_addr()),
        service.port,
    );
    (theirs == event && !addresses.is_empty()).then_some(FoundHub { hub, addresses })
}

/// Orders addresses: those of the network before those of the machine itself, IPv4 before IPv6, whatever order they came in.
fn best_first(addresses: impl Iterator<Item = IpAddr>, port: u16) -> Vec<String> {
    let mut addresses: Vec<_> = addresses
        .filter(|address| can_be_dialled(address, port))
        .collect();
    addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv6(), *address));
    addresses.truncate(MAX_ADDRESSES);
    addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, port).to_string())
        .collect()
}

/// A link-local address of IPv6 says nothing without its interface.
fn can_be_dialled(address: &IpAddr, port: u16) -> bool {
    let is_one = !address.is_unspecified() && !address.is_multicast();
    let is_link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
    port > 0 && is_one && !is_link_local
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rehearsal::{EVENT as SHOW, key};

    #[track_caller]
    fn check(addresses: &[&str], port: u16, expected: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        assert_eq!(best_first(addresses, port), expected);
    }

    #[test]
    fn addresses_of_the_network_come_first_and_those_that_lead_nowhere_not_at_all() {
        check(
            &["::1", "127.0.0.1", "2001:db8::5", "10.0.0.7", "10.0.0.5"],
            4810,
            &[
                "10.0.0.5:4810",
                "10.0.0.7:4810",
                "[2001:db8::5]:4810",
                "127.0.0.1:4810",
                "[::1]:4810",
            ],
        );
        check(&["fe80::1", "0.0.0.0", "224.0.0.251", "::"], 4810, &[]);
        check(&["10.0.0.5"], 0, &[]);
        let many: Vec<_> = (0..100).map(|last| format!("10.0.0.{last}")).collect();
        let many = many.iter().map(|address| address.parse().unwrap());
        assert_eq!(best_first(many, 1).len(), MAX_ADDRESSES);
    }

    /// Resolves a service as the network would.
    fn resolved(said: &[(&str, &str)]) -> ResolvedService {
        let service = ServiceInfo::new(SERVICE, "a", "a.local.", "10.0.0.5", 4810, said).unwrap();
        service.as_resolved_service()
    }

    #[test]
    fn an_announcement_that_is_none_of_the_events_or_is_malformed_is_passed_over() {
        let (event, hub) = (SHOW.to_string(), key(1).public().to_string());
        let good = found(&resolved(&[(EVENT, &event), (HUB, &hub)]), SHOW).unwrap();
        assert_eq!(
            (good.hub, good.addresses),
            (key(1).public(), vec!["10.0.0.5:4810".to_owned()])
        );
        let other = EventId(*b"another event...").to_string();
        let long = "f".repeat(200);
        for said in [
            vec![(EVENT, other.as_str()), (HUB, hub.as_str())],
            vec![(EVENT, event.as_str())],
            vec![(HUB, hub.as_str())],
            vec![(EVENT, event.as_str()), (HUB, "no key")],
            vec![(EVENT, event.as_str()), (HUB, long.as_str())],
            vec![(EVENT, long.as_str()), (HUB, hub.as_str())],
        ] {
            assert_eq!(found(&resolved(&said), SHOW), None, "{said:?}");
        }
    }

    #[tokio::test]
    async fn a_hub_that_is_announced_is_found_by_whoever_looks_for_its_event() {
        let event = EventId(*b"discovery tests.");
        let announced = Discovery::start(event, &[]).unwrap();
        announced.announce(&key(1).public(), 4810, None).unwrap();
        let mut looking = Discovery::start(event, &[]).unwrap();
        let found = tokio::time::timeout(Duration::from_secs(20), looking.next()).await;
        assert_eq!(found.expect("nothing was announced here").hub, key(1).public());
        // What ends when too much was heard is begun again, also where the waiting is given up again and again.
        looking.heard = looking.daemon.browse(SERVICE).unwrap();
        looking.daemon.stop_browse(SERVICE).unwrap();
        let found = tokio::time::timeout(Duration::from_secs(60), async {
            let mut is_due = false;
            loop {
                let waited = tokio::time::timeout(Duration::from_secs(1), looking.next());
                if let Ok(found) = waited.await
                    && is_due
                {
                    return found;
                }
                is_due |= looking.anew_at.is_some();
            }
        });
        assert_eq!(found.await.expect("it is looked anew").hub, key(1).public());
    }
}
