//! Supervisors who count the people in a zone, as `usher-scan count` does: only while all hubs are linked, sometimes wrong by a few; and what the occupancy must be after it.

use std::collections::BTreeMap;

use usher_keys::codec;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Hash, Tail};
use usher_protocol::record::{Body, Count, Record};
use usher_protocol::{Origin, Seq, ZoneId};

use super::lies::LATER_KIND;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How long a supervisor waits for all hubs, in milliseconds.
const WAIT_FOR_HUBS_MS: u64 = 5_000;
/// How often is looked whether all of them are linked, in milliseconds.
const LOOK_EVERY_MS: u64 = 300;
/// How far clocks may be apart without anybody being told, in milliseconds: what logs that no count names leave in doubt.
const CLOCKS_APART_MS: u64 = 2 * 60 * 1000;
/// How long the last records are sent after a count, in milliseconds.
const LAST_SYNC_MS: u64 = 2_000;
/// How long people often stand still to be counted, in milliseconds.
const STILL_MS: u64 = 2_000;

/// A supervisor who is about to count, or has counted and hangs up.
#[derive(Debug, Clone)]
pub struct Counting {
    scanner: NodeId,
    zone: ZoneId,
    /// Until when hubs are waited for.
    until: u64,
    /// The hubs that were dialled for it, and how far each had written its log by then.
    dialled: Vec<(NodeId, Seq)>,
    is_done: bool,
}

/// What a supervisor has counted.
#[derive(Debug, Clone)]
pub struct CountMade {
    pub zone: ZoneId,
    /// How many people the supervisor says are in it.
    pub said: u32,
    /// How many there are.
    pub real: u32,
    /// What was signed: when, and what it covers.
    pub signed: Count,
    /// When, by the world's time.
    pub world_ms: u64,
    /// Whose record says so, and its chain hash.
    record: (Origin, Hash),
}

impl World {
    /// A supervisor may want to count, and another one later.
    pub fn supervise(&mut self) {
        if !self.people.coming {
            return;
        }
        let pause = self.rhythm.between(2_000, 8_000);
        self.plan(pause, Happening::Supervisor);
        if self.shape.has(Kind::Counts) {
            self.act(Self::begin_to_count);
        }
    }

    /// A supervisor's scanner dials all hubs of the event.
    fn begin_to_count(&mut self) {
        let mut scanners = self.scanners();
        scanners.retain(|scanner| {
            let is_sound = !self.is_outcast(*scanner) && !self.is_tainted_key(*scanner);
            let identity = self.nodes[*scanner].shown_identity();
            let may_count = identity.unverified().capabilities.override_refusals;
            self.runs(*scanner) && is_sound && may_count
        });
        if scanners.is_empty() {
            return;
        }
        let scanner = scanners[self.random.index(scanners.len())];
        let zones = self.setting.zones();
        let zone = zones[self.random.index(zones.len())];
        let mut dialled = self.hubs_known_to(scanner);
        dialled.retain(|hub| !self.pairs.contains(&(*hub, scanner)) && !self.is_outcast(*hub));
        for hub in &dialled {
            self.connect(*hub, scanner);
        }
        let written = |hub: NodeId| {
            let hub = &self.nodes[hub];
            hub.disk.log(&hub.key.public()).last().map(|entry| entry.tail.seq)
        };
        let dialled = dialled
            .iter()
            .map(|hub| (*hub, written(*hub).unwrap_or_default()))
            .collect();
        if self.random.percent(60) {
            self.people.still_until = self.people.still_until.max(self.now + STILL_MS);
        }
        let counting = Counting {
            scanner,
            zone,
            until: self.now + WAIT_FOR_HUBS_MS,
            dialled,
            is_done: false,
        };
        self.plan(LOOK_EVERY_MS, Happening::Count(Box::new(counting)));
    }

    /// Returns the hubs of the roster that a node knows.
    fn hubs_known_to(&self, node: NodeId) -> Vec<NodeId> {
        let rosters = self.nodes[node].ledger.state().rosters();
        let hubs = rosters
            .current()
            .map(|(_, hubs)| hubs.to_vec())
            .unwrap_or_default();
        hubs.iter().filter_map(|hub| self.observer.owner(hub)).collect()
    }

    /// A supervisor counts once all hubs are linked, and hangs up when the last records are sent or it takes too long.
    pub fn go_on_counting(&mut self, mut counting: Counting) {
        let scanner = counting.scanner;
        let is_over = counting.is_done || self.now >= counting.until || self.is_outcast(scanner);
        if is_over || !self.nodes[scanner].up {
            return self.hang_up(&counting);
        }
        if self.stands_still(scanner) {
            return self.plan(LOOK_EVERY_MS, Happening::Count(Box::new(counting)));
        }
        let hubs = self.hubs_known_to(scanner);
        let sessions = &self.nodes[scanner].sessions;
        let began = counting.until - WAIT_FOR_HUBS_MS;
        let is_linked = |hub: &NodeId| {
            let is_dialled = counting.dialled.iter().any(|(dialled, _)| dialled == hub);
            // What is left of a former link to it is none.
            let live = sessions
                .get(hub)
                .filter(|live| !is_dialled || live.since >= began);
            let is_everything_asked = self.shape.sabotage != Some(Sabotage::CountsDoNotWait);
            live.is_some_and(|live| {
                live.session.peer().is_some() && (!is_everything_asked || live.session.has_peers_log())
            })
        };
        let mut pause = LOOK_EVERY_MS;
        if !hubs.is_empty() && hubs.iter().all(is_linked) {
            self.act(|world| world.count(&counting));
            (counting.is_done, pause) = (true, LAST_SYNC_MS);
        }
        self.plan(pause, Happening::Count(Box::new(counting)));
    }

    fn hang_up(&mut self, counting: &Counting) {
        let scanner = counting.scanner;
        for (hub, _) in &counting.dialled {
            // It may have moved to that one meanwhile.
            if self.hub_of(scanner) != Some(*hub) {
                self.pairs.retain(|pair| *pair != (*hub, scanner));
                self.nodes[*hub].sessions.remove(&scanner);
                self.nodes[scanner].sessions.remove(hub);
            }
        }
    }

    /// A supervisor counts, sometimes a few too many or too few.
    fn count(&mut self, counting: &Counting) {
        let (scanner, zone) = (counting.scanner, counting.zone);
        let real = self.people.all_inside(zone);
        let wrong = u32::try_from(self.random.between(1, 3)).expect("few");
        let said = match self.random.below(10) {
            0..2 => real + wrong,
            2..4 => real.saturating_sub(wrong),
            _ => real,
        };
        let now = self.nodes[scanner].clock(self.now);
        let machine = &mut self.nodes[scanner];
        let known = machine.ledger.state().occupancy(zone);
        let told = if self.shape.sabotage == Some(Sabotage::CountsAreIgnored) {
            known
        } else if self.shape.sabotage == Some(Sabotage::CountsAreTakenTwice) {
            2 * i64::from(said) - known
        } else {
            i64::from(said)
        };
        let told = u32::try_from(told.max(0)).expect("few");
        let Ok(body) = machine.ledger.count((zone, told), "Ada", now) else {
            return;
        };
        let Body::Counted { count: signed, .. } = body.clone() else {
            return;
        };
        self.check_covers(counting, &signed);
        let machine = &mut self.nodes[scanner];
        machine.write(body, now);
        let me = machine.key.public();
        let count = CountMade {
            zone,
            said,
            real,
            signed,
            world_ms: self.now,
            record: (me, machine.ledger.tail(&me).hash),
        };
        self.plan_commit(scanner);
        self.observer.zones.counts.push(count);
        self.happens(Kind::Counts);
        self.tell(|| {
            let name = self.name(scanner);
            format!("a supervisor at {name} counts {said} people in zone {zone}, where {real} are")
        });
    }

    /// Checks that a count covers what the hubs had written when they were dialled for it. Of a hub that has a copy nobody knows which
    /// of its histories goes on, and one that was retired meanwhile is not waited for.
    fn check_covers(&self, counting: &Counting, signed: &Count) {
        let roster = self.hubs_known_to(counting.scanner);
        for (hub, written) in &counting.dialled {
            let key = self.nodes[*hub].key.public();
            let has_copy = self.nodes.iter().filter(|node| node.key.public() == key).count() > 1;
            if has_copy || !roster.contains(hub) {
                continue;
            }
            let heard = signed.heard.iter().find(|(origin, _)| *origin == key);
            // What it has lost since, with an old copy of its disk or a history that does not count, nobody can be told by it.
            let is_left = self.nodes[*hub].disk.log(&key).last().map(|entry| entry.tail.seq);
            let written = is_left.unwrap_or_default().min(*written);
            assert!(
                heard.is_some_and(|(_, last)| *last >= written),
                "{}: a count at {} covers less of the log of {} than the {written} records written when it was dialled: {heard:?}",
                self.place(),
                self.name(counting.scanner),
                self.name(*hub)
            );
        }
    }

    /// Checks that the last count of each zone is what was in it then, whatever was heard later of the time before; who came and
    /// left after it is added. What a liar has counted is its own affair, and whom lies are about may be on either side of a count.
    pub fn check_counts(&self) {
        let state = self.nodes[CLOUD].ledger.state();
        let is_open = state.forks().any(|fork| state.is_frozen(&fork.origin));
        let is_by_liar = |zone: ZoneId| {
            let last = state.last_counts(zone, 1);
            last.first().is_some_and(|count| self.is_a_liars_log(&count.by))
        };
        let zones = self.setting.zones().iter().filter(|zone| !is_by_liar(**zone));
        for zone in zones.filter(|_| !is_open) {
            let counts = self.observer.zones.counts.iter();
            let counting = counts.filter(|count| count.zone == *zone && self.is_count_heard(count));
            let Some(last) = counting.max_by_key(|count| &count.signed) else {
                continue;
            };
            let since =
                self.inside_by_records(*zone, None) - self.inside_by_records(*zone, Some(&last.signed));
            let expected = i64::from(last.said) + since;
            assert!(
                state.occupancy(*zone).abs_diff(expected) <= self.observer.lies.about_all(),
                "{}: {} people are said to be in zone {zone}, where {} were counted and {since} came since",
                self.place(),
                state.occupancy(*zone),
                last.said
            );
        }
    }

    /// Tells whether a count is in a log that the cloud holds, and counts.
    fn is_count_heard(&self, count: &CountMade) -> bool {
        let (origin, hash) = &count.record;
        let cloud = &self.nodes[CLOUD];
        let mut log = cloud.disk.log(origin).iter();
        let entry = log.find(|entry| entry.tail.hash == *hash);
        entry.is_some_and(|entry| entry.tail.seq <= cloud.ledger.state().limit(origin))
    }

    /// Returns who is in a zone by the records without any count, of all passages or of those that a count covers.
    fn inside_by_records(&self, zone: ZoneId, covered_by: Option<&Count>) -> i64 {
        let cloud = &self.nodes[CLOUD];
        let mut reader = cloud.cloned();
        reader.enrol(cloud.identity.clone());
        let now = cloud.clock(self.now);
        let mut tails = BTreeMap::<Origin, Tail>::new();
        for entry in cloud.disk.entries() {
            let tail = tails.entry(entry.origin).or_default();
            let bytes = without_counts(entry, covered_by).unwrap_or_else(|| entry.bytes.clone());
            *tail = tail.push(self.setting.event, &entry.origin, &bytes);
            let entry = Entry {
                tail: *tail,
                bytes,
                ..entry.clone()
            };
            assert!(reader.ledger.replay(&entry, now), "it follows its own log");
        }
        reader.ledger.state().occupancy(zone)
    }
}

/// Returns something in the place of a record that is not to be read: a count, or a passage that one does not cover.
fn without_counts(entry: &Entry, covered_by: Option<&Count>) -> Option<Vec<u8>> {
    let record = Record::from_bytes(&entry.bytes).ok()?;
    let is_count = matches!(record.body, Body::Counted { .. });
    let takes_back = matches!(record.body, Body::Withdrawn { .. } | Body::Annulled { .. });
    let is_exit = matches!(record.body, Body::Exited(_));
    let judged = record.body.passage().map(|passage| passage.at);
    let is_beyond = judged.zip(covered_by).is_some_and(|(judged, count)| {
        let mut named = count.heard.iter();
        match named.find(|(origin, _)| *origin == entry.origin) {
            Some((_, last)) => entry.tail.seq > *last,
            None if is_exit => judged.0 > count.at.0.saturating_add(CLOCKS_APART_MS),
            None => judged.0.saturating_add(CLOCKS_APART_MS) > count.at.0,
        }
    });
    let is_left_out = is_count || (is_beyond && !takes_back);
    // A kind that no build knows yet.
    is_left_out.then(|| codec::encode(&(record.hlc, false, LATER_KIND, 0_u8)))
}
