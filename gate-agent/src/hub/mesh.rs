//! Keeps the hub linked with the event's other hubs that nobody has named to it: those that are announced on the local network, and
//! those that linked hubs tell of. Who is there, certificates say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use usher_device::discovery::{Discovery, FoundHub};
use usher_keys::{PublicKey, Role};
use usher_protocol::request::{Inquiry, Told};

use super::dialling::{self, Expected, LOOK_EVERY};
use crate::services::Services;

/// Most hubs that are dialled without having been named: twice the hubs of the largest venue. Anyone on the local network can announce
/// hubs that there are not.
const MAX_FOUND: usize = 32;
/// How often linked hubs are asked for the others.
const LEARN_EVERY: Duration = Duration::from_secs(10);
/// How long a hub has to answer: nobody waits for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How much later the hub with the greater key dials: of two that find each other at once, one is enough.
const COURTESY: Duration = Duration::from_secs(1);

/// For how long a hub that was found is dialled at least, before it is given up for another or dialled elsewhere: announcements are
/// nobody's word, and each could begin another dial.
const DIALLED_FOR: Duration = Duration::from_secs(10);
/// Most addresses at which one hub is dialled.
const MAX_ADDRESSES: usize = 8;

/// A hub that was found.
struct Found {
    addresses: Vec<String>,
    heard: Instant,
    /// Since when it is dialled there.
    since: Instant,
    /// Where it was said to be meanwhile.
    later: Option<Vec<String>>,
    /// Ends its dialler.
    end: CancellationToken,
}

/// The hubs that were found.
struct Mesh {
    services: Arc<Services>,
    found: BTreeMap<PublicKey, Found>,
    diallers: JoinSet<()>,
    cancel: CancellationToken,
}

/// Keeps the hub linked with all hubs that it hears of, until cancelled.
pub async fn keep(services: Arc<Services>, mut discovery: Discovery, cancel: CancellationToken) {
    let mut mesh = Mesh {
        services,
        found: BTreeMap::new(),
        diallers: JoinSet::new(),
        cancel: cancel.clone(),
    };
    let mut ticks = interval(LEARN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            found = discovery.next() => mesh.consider(found),
            _ = ticks.tick() => {
                mesh.dial_elsewhere();
                mesh.learn().await;
            }
            Some(_) = mesh.diallers.join_next() => {}
        }
    }
    while mesh.diallers.join_next().await.is_some() {}
}

impl Mesh {
    /// Asks every linked hub once for the others.
    async fn learn(&mut self) {
        let mut asking = JoinSet::new();
        for hub in self.services.links.of_role(Role::Hub) {
            asking.spawn(async move {
                let told = hub.inquire(Inquiry::Hubs, hub.patience(ANSWER_WITHIN)).await;
                // An earlier version tells of nobody.
                if let Ok(Told::Hubs(news)) = told {
                    news
                } else {
                    Vec::new()
                }
            });
        }
        let told = asking.join_all().await.into_iter().flatten();
        for news in told.filter(|news| news.silent_ms.is_none()) {
            self.consider(FoundHub {
                hub: news.hub,
                addresses: vec![news.address],
            });
        }
    }

    /// Dials a hub that was found, unless it is dialled there already or linked.
    fn consider(&mut self, FoundHub { hub, mut addresses }: FoundHub) {
        if hub == self.services.replica.me() {
            return;
        }
        if let Some(known) = self.found.get_mut(&hub) {
            known.heard = Instant::now();
            let is_told_already = addresses.iter().all(|address| known.addresses.contains(address));
            if is_told_already {
                return;
            }
            // It is told once: a link that is believed may be dead.
            if known.since.elapsed() < DIALLED_FOR || self.services.links.is_linked(&hub) {
                known.later = Some(addresses);
                return;
            }
            let before = known.addresses.iter();
            let before: Vec<_> = before.filter(|one| !addresses.contains(one)).cloned().collect();
            addresses.extend(before);
            addresses.truncate(MAX_ADDRESSES);
            known.end.cancel();
        } else if self.found.len() >= MAX_FOUND && !self.make_room() {
            tracing::debug!(most = MAX_FOUND, hub = %hub.id(), "so many hubs were found: one more is not dialled");
            return;
        }
        tracing::info!(hub = %hub.id(), ?addresses, "another hub of the event was found");
        let end = self.cancel.child_token();
        let expected = Expected {
            hub,
            addresses: addresses.clone(),
        };
        self.diallers
            .spawn(keep_linked(Arc::clone(&self.services), expected, end.clone()));
        let now = Instant::now();
        self.found.insert(
            hub,
            Found {
                addresses,
                heard: now,
                since: now,
                later: None,
                end,
            },
        );
    }

    /// Dials the hubs that were said to be elsewhere meanwhile and are not linked.
    fn dial_elsewhere(&mut self) {
        let links = &self.services.links;
        let missed = self
            .found
            .iter_mut()
            .filter(|(hub, found)| found.since.elapsed() >= DIALLED_FOR && !links.is_linked(hub));
        let elsewhere = missed.filter_map(|(hub, found)| {
            Some(FoundHub {
                hub: *hub,
                addresses: found.later.take()?,
            })
        });
        for found in elsewhere.collect::<Vec<_>>() {
            self.consider(found);
        }
    }

    /// Gives the hub up that is not linked and was not heard of for longest; `false` when all are linked or not dialled for long yet.
    fn make_room(&mut self) -> bool {
        let idle = self.found.iter().filter(|(hub, found)| {
            found.since.elapsed() >= DIALLED_FOR && !self.services.links.is_linked(hub)
        });
        let Some(hub) = idle.min_by_key(|(_, found)| found.heard).map(|(hub, _)| *hub) else {
            return false;
        };
        if let Some(found) = self.found.remove(&hub) {
            found.end.cancel();
        }
        true
    }
}

/// Dials a hub whenever it is not linked, until cancelled.
async fn keep_linked(services: Arc<Services>, expected: Expected, cancel: CancellationToken) {
    while let Some(()) = cancel.run_until_cancelled(missed(&services, &expected.hub)).await {
        dialling::reach(&services, &expected, &cancel).await;
    }
}

/// Waits until a hub is not linked.
async fn missed(services: &Services, hub: &PublicKey) {
    loop {
        while services.links.is_linked(hub) {
            sleep(LOOK_EVERY).await;
        }
        if services.replica.me() > *hub {
            sleep(COURTESY).await;
        }
        if !services.links.is_linked(hub) {
            return;
        }
    }
}
