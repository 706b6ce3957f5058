//! Keeps a dialer for each address, and learns of the event's other hubs from those that are linked and from what is announced on the
//! local network; who they are, their certificates say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use usher_device::discovery::{Discovery, FoundHub};
use usher_keys::PublicKey;
use usher_keys::file::{PRIVATE_MODE, read_file, replace_file};
use usher_link::{Dialer, Endpoint, SyncStore as _};
use usher_protocol::request::{HubNews, Inquiry, Told};

use super::{Address, AddressState, Hubs, Lines, MAX_HUBS, Mute, observe};
use crate::handover::Handover;

/// How often linked hubs are asked for news: hubs that come and go are heard of before anybody misses them.
const LEARN_EVERY: Duration = Duration::from_secs(10);
/// Shortest time between two rounds of asking, whatever happens to the links.
const LEARN_PAUSE: Duration = Duration::from_millis(500);
/// How long a hub has to answer: nobody waits for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Most addresses that are ever dialled, those that lead nowhere any more included: a hub that moves at every link costs
/// one each time.
const MAX_ADDRESSES: usize = 4 * MAX_HUBS;
/// How many announcements on the local network are followed: anyone there can announce hubs that there are not, and those that linked
/// hubs tell of must find room.
const MAX_FOUND: usize = 2 * MAX_HUBS_OF_VENUE;
/// The hubs of the largest venue.
const MAX_HUBS_OF_VENUE: usize = 16;
/// Largest file of what was learnt, in bytes: that many addresses.
const MAX_MEMORY_BYTES: u64 = 64 * 1024;

/// What every dialer needs.
pub(super) struct Dialling {
    pub(super) endpoint: Endpoint,
    pub(super) handover: Arc<Handover>,
    pub(super) lines: Arc<Lines>,
    pub(super) cancel: CancellationToken,
}

/// What linked hubs have told of hubs that they do not hear.
#[derive(Clone, Default)]
pub(super) struct News {
    /// Guards when each was last heard; never held across an await.
    lost: Arc<Mutex<BTreeMap<PublicKey, Instant>>>,
}

impl News {
    /// Returns for how many milliseconds nobody has heard each of them.
    pub(super) fn silent(&self) -> BTreeMap<PublicKey, u64> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = |since: &Instant| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        lost.iter().map(|(hub, since)| (*hub, ms(since))).collect()
    }

    /// Takes what all linked hubs said in one round: the latest anybody heard counts.
    fn take(&self, told: &[HubNews]) {
        let now = Instant::now();
        let mut heard: BTreeMap<PublicKey, u64> = BTreeMap::new();
        for news in told {
            let ago_ms = news.silent_ms.unwrap_or(0);
            let known = heard.entry(news.hub).or_insert(ago_ms);
            *known = (*known).min(ago_ms);
        }
        let lost = heard.into_iter().filter(|(_, ago_ms)| *ago_ms > 0);
        let since =
            lost.filter_map(|(hub, ago_ms)| Some((hub, now.checked_sub(Duration::from_millis(ago_ms))?)));
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = since.collect();
    }
}

/// A hub as it is remembered from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Remembered {
    hub: PublicKey,
    address: String,
}

/// Dials, and learns whom else to dial.
pub(super) struct Learning {
    dialling: Dialling,
    news: News,
    dialers: JoinSet<()>,
    /// Ends the dialer of an address.
    ends: Vec<CancellationToken>,
    memory: Option<PathBuf>,
    /// How many announcements were followed.
    followed: usize,
}

impl Learning {
    /// Begins without an address.
    pub(super) fn new(dialling: Dialling, news: News) -> Self {
        Self {
            dialling,
            news,
            dialers: JoinSet::new(),
            ends: Vec::new(),
            memory: None,
            followed: 0,
        }
    }

    /// Starts to dial a hub at these addresses, best first. `hub` is who is said to be there, if we were told; only the one it
    /// `expects` is linked there.
    pub(super) fn dial(
        &mut self,
        addresses: Vec<String>,
        (hub, expects): (Option<PublicKey>, Option<PublicKey>),
    ) {
        let Dialling {
            endpoint,
            handover,
            lines,
            cancel,
        } = &self.dialling;
        let at = self.ends.len();
        lines.send_modify(|lines| {
            lines.push(Address {
                address: addresses.first().cloned().unwrap_or_default(),
                hub,
                is_learnt: hub.is_some(),
                state: AddressState::Dialing,
            });
        });
        let dialer = Dialer {
            endpoint: endpoint.clone(),
            addresses,
            expects,
            replica: Arc::clone(handover),
            responder: Arc::new(Mute),
        };
        let (lines, handover, end) = (Arc::clone(lines), Arc::clone(handover), cancel.child_token());
        self.ends.push(end.clone());
        let observer = move |_, state| observe(&lines, at, &handover, state);
        self.dialers.spawn(dialer.keep_linked(observer, end));
    }

    /// Dials what earlier runs have learnt, and keeps there what this one learns.
    pub(super) fn remember(&mut self, memory: &Path) {
        self.memory = Some(memory.to_owned());
        // A file that is not there or damaged only means that everything is learnt anew.
        let known = read_file::<MAX_MEMORY_BYTES>(memory).ok();
        let known: Option<Vec<Remembered>> = known.and_then(|text| serde_json::from_slice(&text).ok());
        for Remembered { hub, address } in known.unwrap_or_default().into_iter().take(MAX_HUBS) {
            let news = HubNews {
                hub,
                address,
                silent_ms: None,
            };
            let addresses = vec![news.address.clone()];
            self.consider(&news, addresses, None);
        }
    }

    /// Keeps everything going until it is told to end.
    pub(super) async fn run(mut self, hubs: Hubs, learns: bool) {
        let (cancel, mut changes) = (self.dialling.cancel.clone(), self.dialling.lines.subscribe());
        let mut ticks = interval(LEARN_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut discovery = if learns { self.look_around() } else { None };
        let learning = async {
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = changes.changed() => {}
                    found = next_found(discovery.as_mut()) => {
                        self.follow(found);
                        continue;
                    }
                }
                if learns {
                    self.learn(&hubs).await;
                }
                sleep(LEARN_PAUSE).await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = learning => {}
        }
        while self.dialers.join_next().await.is_some() {}
    }

    /// Begins to look for hubs on the local network. Without one that lets them be found, there are those that are known.
    fn look_around(&self) -> Option<Discovery> {
        let begun = Discovery::start(self.dialling.handover.event(), &[]);
        if let Err(error) = &begun {
            let error: &dyn std::error::Error = error;
            tracing::warn!(error, "the hubs of the local network are not looked for");
        }
        begun.ok()
    }

    /// Asks every linked hub once.
    async fn learn(&mut self, hubs: &Hubs) {
        let mut asking = JoinSet::new();
        for hub in hubs.linked() {
            asking.spawn(async move {
                let patience = hub.connection.patience(ANSWER_WITHIN);
                match hub.connection.inquire(Inquiry::Hubs, patience).await {
                    Ok(Told::Hubs(news)) => news,
                    // An earlier version tells of nobody.
                    Ok(_) | Err(_) => Vec::new(),
                }
            });
        }
        let told: Vec<HubNews> = asking.join_all().await.into_iter().flatten().collect();
        self.news.take(&told);
        let mut is_changed = self.drop_doubles();
        for news in told.into_iter().filter(|news| news.silent_ms.is_none()) {
            let addresses = vec![news.address.clone()];
            is_changed |= self.consider(&news, addresses, None);
        }
        if is_changed {
            self.keep();
        }
    }

    /// Follows an announcement on the local network.
    fn follow(&mut self, FoundHub { hub, addresses }: FoundHub) {
        let Some(best) = addresses.first().filter(|_| self.followed < MAX_FOUND) else {
            return;
        };
        let news = HubNews {
            hub,
            address: best.clone(),
            silent_ms: None,
        };
        if self.consider(&news, addresses, Some(hub)) {
            self.followed += 1;
            self.keep();
        }
    }

    /// Dials a hub that was told of, unless it is dialled already; tells whether it is dialled anew.
    fn consider(&mut self, news: &HubNews, addresses: Vec<String>, expects: Option<PublicKey>) -> bool {
        let Some(stale) = superseded(&self.dialling.lines.borrow(), news) else {
            return false;
        };
        for at in stale {
            self.end(at);
        }
        tracing::info!(hub = %news.hub.id(), address = news.address, "another hub of the event is dialled too");
        self.dial(addresses, (Some(news.hub), expects));
        true
    }

    /// Ends the dialers of learnt addresses whose hub another address leads to as well: two links of one device to one hub
    /// replace each other for ever.
    fn drop_doubles(&mut self) -> bool {
        let doubles = doubles(&self.dialling.lines.borrow());
        for at in &doubles {
            self.end(*at);
        }
        !doubles.is_empty()
    }

    fn end(&mut self, at: usize) {
        self.ends[at].cancel();
        self.dialling
            .lines
            .send_modify(|lines| lines[at].state = AddressState::Dropped);
    }

    /// Writes down what was learnt; what cannot be written is learnt anew the next time.
    fn keep(&self) {
        let Some(memory) = &self.memory else { return };
        let learnt: Vec<Remembered> = {
            let lines = self.dialling.lines.borrow();
            let learnt = lines
                .iter()
                .filter(|at| at.is_learnt && !matches!(at.state, AddressState::Dropped));
            learnt
                .filter_map(|at| {
                    let address = at.address.clone();
                    at.hub.map(|hub| Remembered { hub, address })
                })
                .collect()
        };
        let text = serde_json::to_vec_pretty(&learnt).unwrap_or_default();
        if let Err(error) = replace_file(memory, &text, PRIVATE_MODE) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the hubs that were learnt of are not written down");
        }
    }
}

async fn next_found(discovery: Option<&mut Discovery>) -> FoundHub {
    match discovery {
        Some(discovery) => discovery.next().await,
        None => std::future::pending().await,
    }
}

/// Returns the addresses that are given up for one that was told, or nothing if that is not to be dialled.
fn superseded(lines: &[Address], news: &HubNews) -> Option<Vec<usize>> {
    let in_use = || {
        lines
            .iter()
            .enumerate()
            .filter(|(_, at)| !matches!(at.state, AddressState::Dropped))
    };
    let is_full = in_use().count() >= MAX_HUBS || lines.len() >= MAX_ADDRESSES;
    let is_dialled = in_use().any(|(_, at)| at.address == news.address);
    // A hub that we were told of and do not reach may be elsewhere by now; a configured address is a person's word.
    let has_moved = |at: &Address| at.is_learnt && matches!(at.state, AddressState::Away(_));
    let same_hub: Vec<_> = in_use().filter(|(_, at)| at.hub == Some(news.hub)).collect();
    let is_elsewhere = same_hub.iter().all(|(_, at)| has_moved(at));
    (!is_full && !is_dialled && is_elsewhere).then(|| same_hub.into_iter().map(|(at, _)| at).collect())
}

/// Finds the learnt addresses whose hub an address before them leads to as well.
fn doubles(lines: &[Address]) -> Vec<usize> {
    let is_in_use = |at: &Address| !matches!(at.state, AddressState::Dropped);
    let is_double = |at: usize, address: &Address| {
        let mut before = lines[..at].iter().filter(|other| is_in_use(other));
        address.is_learnt && is_in_use(address) && before.any(|other| other.hub == address.hub)
    };
    let addresses = lines.iter().enumerate();
    addresses
        .filter(|(at, address)| is_double(*at, address))
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORTH: PublicKey = PublicKey([1; 32]);
    const SOUTH: PublicKey = PublicKey([2; 32]);

    fn at(address: &str, hub: Option<PublicKey>, is_learnt: bool, state: AddressState) -> Address {
        Address {
            address: address.to_owned(),
            hub,
            is_learnt,
            state,
        }
    }

    fn away() -> AddressState {
        AddressState::Away("no answer".to_owned())
    }

    #[track_caller]
    fn check(lines: &[Address], expected: Option<&[usize]>) {
        let news = HubNews {
            hub: SOUTH,
            address: "south:1".to_owned(),
            silent_ms: None,
        };
        assert_eq!(superseded(lines, &news).as_deref(), expected);
    }

    #[test]
    fn a_hub_is_dialled_at_one_address() {
        let north = at("north:1", Some(NORTH), false, away());
        check(&[], Some(&[]));
        check(std::slice::from_ref(&north), Some(&[]));
        // Dialled already, by whatever name, or by a person's word.
        check(&[at("south:1", None, false, AddressState::Dialing)], None);
        check(&[at("south:2", Some(SOUTH), true, AddressState::Dialing)], None);
        check(&[at("south:2", Some(SOUTH), false, away())], None);
        // It has moved, or was dropped before.
        check(
            &[north.clone(), at("south:2", Some(SOUTH), true, away())],
            Some(&[1]),
        );
        check(
            &[at("south:1", Some(SOUTH), true, AddressState::Dropped)],
            Some(&[]),
        );
        check(&vec![north; MAX_HUBS], None);
    }

    #[test]
    fn of_two_addresses_of_one_hub_the_learnt_one_is_given_up() {
        let configured = at("south.local:1", Some(SOUTH), false, AddressState::Dialing);
        let learnt = at("south:1", Some(SOUTH), true, AddressState::Dialing);
        let unknown = at("x:1", None, false, AddressState::Dialing);
        assert_eq!(doubles(&[unknown.clone(), configured, learnt.clone()]), [2]);
        assert_eq!(doubles(&[unknown, learnt.clone()]), [0; 0]);
        let dropped = at("south:1", Some(SOUTH), true, AddressState::Dropped);
        assert_eq!(doubles(&[dropped, learnt]), [0; 0]);
    }
}
