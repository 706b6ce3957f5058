//! What a liar tells its peers beside its log: of others' logs, of itself with two histories, of strangers, and with false bundles and checkpoints.

use std::sync::Arc;

use usher_keys::{DeviceIdentity, RootSet, SecretKey, Signature, Timestamp};
use usher_protocol::Seq;
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::sync::parts::{self, Part};
use usher_protocol::sync::{Farewell, Held, Hello, Message, VERSIONS};

use super::lies::Lie;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::world::World;

/// How long a liar sends forged checkpoints, and how long it does not, in milliseconds.
const FORGES_EVERY_MS: u64 = 2_000;

impl World {
    /// Tells a peer something that is not so.
    pub fn slander(&mut self, node: NodeId) {
        let peers: Vec<_> = self.nodes[node]
            .sessions
            .iter()
            .map(|(peer, live)| (*peer, live.epoch))
            .collect();
        if peers.is_empty() {
            return;
        }
        let (peer, epoch) = peers[self.random.index(peers.len())];
        let message = match self.random.below(10) {
            0..3 => Message::Have(self.draw_held(node)),
            3..5 => Message::Run(Arc::new(self.draw_run(node))),
            5 => self.draw_hello(node),
            6 => self.draw_part(node),
            7 => {
                let root = SecretKey::from_seed(&self.random.seed());
                let mut bundle = self.setting.trust_bundle(self.bundle_version);
                (bundle.version, bundle.roots) = (99, RootSet::single(root.public()));
                Message::Bundle(bundle.sign(&[&root]))
            }
            8 => {
                let (digest, key) = (self.random.seed(), &self.nodes[node].key);
                let assurance =
                    Assurance::sign(self.setting.event, Timestamp(u64::MAX), Tail::default(), key);
                Message::Beat {
                    digest,
                    clock: Timestamp(u64::MAX),
                    assurance: Some(assurance),
                }
            }
            _ => [Message::Recap, Message::Bye(Farewell::BadMessage)][self.random.index(2)].clone(),
        };
        self.say(|| format!("{} slanders towards {}", self.name(node), self.name(peer)));
        self.send(node, peer, epoch, &message);
    }

    /// Draws how far others' logs are said to be held.
    fn draw_held(&mut self, node: NodeId) -> Vec<Held> {
        let mut held = self.nodes[node].disk.held();
        for one in &mut held {
            match self.random.below(4) {
                0 => one.tail.seq = Seq(one.tail.seq.0 + self.random.between(1, 50)),
                1 => one.tail.hash = self.random.seed(),
                2 => one.signature = [None, Some(Signature([3; 64]))][self.random.index(2)],
                _ => one.tail = Tail::default(),
            }
        }
        let many = if self.random.percent(10) { 5_000 } else { 2 };
        for _ in 0..many {
            held.push(Held {
                origin: usher_keys::PublicKey(self.random.seed()),
                tail: Tail {
                    seq: Seq(self.random.between(0, 9)),
                    hash: self.random.seed(),
                },
                signature: None,
            });
        }
        held
    }

    /// Draws a run of another's log that is not as its origin wrote it.
    fn draw_run(&mut self, node: NodeId) -> Run {
        let disk = &self.nodes[node].disk;
        let heads: Vec<_> = disk.newest_heads().cloned().collect();
        let lie = self.draw_lie(node).bytes;
        let invented = Run {
            base: Tail::default(),
            records: vec![lie.clone()],
            head: Head {
                origin: usher_keys::PublicKey(self.random.seed()),
                tail: Tail {
                    seq: Seq(1),
                    hash: [0; 32],
                },
                signature: Signature([5; 64]),
            },
        };
        if heads.is_empty() {
            return invented;
        }
        let origin = heads[self.random.index(heads.len())].origin;
        let Some(mut run) = self.nodes[node].disk.load(origin, Seq(0)) else {
            return invented;
        };
        match self.random.below(3) {
            0 => {
                let at = self.random.index(run.records.len());
                run.records[at] = lie;
            }
            1 => run.base.seq = Seq(self.random.between(0, 1 << 40)),
            _ => run.head.signature = Signature([9; 64]),
        }
        run
    }

    fn draw_hello(&mut self, node: NodeId) -> Message {
        let whose = self.random.index(self.nodes.len());
        let held = self.draw_held(node);
        Message::Hello(Box::new(Hello {
            versions: VERSIONS,
            event: self.setting.event,
            identity: self.nodes[whose].identity.clone(),
            bundle: self.setting.bundle(1),
            held,
            heard_yours: self.random.percent(50),
        }))
    }

    fn draw_part(&mut self, node: NodeId) -> Message {
        let false_part = Part {
            number: 3,
            of: 2,
            bytes: vec![1],
        };
        let bytes = self.random.seed().to_vec();
        let key = &self.nodes[node].key;
        let checkpoint = SignedCheckpoint {
            authority: key.public(),
            signature: key.sign(usher_keys::Domain::Checkpoint, &bytes),
            bytes,
        };
        let part = parts::cut(&checkpoint).remove(0);
        Message::Checkpoint([part, false_part][self.random.index(2)].clone())
    }

    /// Returns what a thief of the first authority's key makes of a liar's state once another has taken over: the logs of devices are said
    /// to be summed up, and nothing of them is there. Every other time, so that whoever joins there is sometimes told the truth.
    pub fn forge_checkpoint(&self, node: NodeId) -> Option<SignedCheckpoint> {
        let thief = &self.setting.authority;
        let ledger = &self.nodes[node].ledger;
        let is_over = ledger
            .state()
            .authority()
            .is_some_and(|authority| authority != thief.public());
        let always = self.breaks(Sabotage::SupersededCheckpointsAreBelieved);
        let is_time = always || (self.now / FORGES_EVERY_MS).is_multiple_of(2);
        if !self.is_liar(node) || !is_over || !is_time {
            return None;
        }
        let mut state = ledger.state().clone();
        let bundle = ledger.trust().bundle();
        let logs = ledger.heads().into_iter().map(|head| head.origin);
        let devices = logs
            .filter(|origin| bundle.authority_key(origin).is_none())
            .collect();
        state.forget(&devices);
        let now = self.nodes[node].clock(self.now);
        Some(Checkpoint::of(&state, ledger.trust(), ledger.heads(), now).sign(thief))
    }

    /// Signs a second history of its own log and shows it to somebody.
    pub fn begin_another_history(&mut self, node: NodeId) {
        let me = self.nodes[node].key.public();
        let log = self.nodes[node].disk.log(&me);
        if log.len() < 2 {
            return;
        }
        let at = 1 + self.random.index(log.len() - 1);
        let base = self.nodes[node].disk.log(&me)[at - 1].tail;
        let mut lies = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            lies.push(self.draw_lie(node));
        }
        self.tell(|| format!("{} begins another history after record {at}", self.name(node)));
        let key = self.nodes[node].key.clone();
        let run = self.sign_run((node, &key), base, lies);
        self.spread(node, &[run]);
    }

    /// Makes a run with a key's own head.
    fn sign_run(&mut self, (node, key): (NodeId, &SecretKey), base: Tail, lies: Vec<Lie>) -> Run {
        let (event, origin) = (self.setting.event, key.public());
        let mut tail = base;
        for lie in &lies {
            tail = tail.push(event, &origin, &lie.bytes);
            self.nodes[node].genuine.insert(tail.hash);
            self.takes_note(node, lie, tail.hash);
        }
        Run {
            base,
            records: lies.into_iter().map(|lie| lie.bytes).collect(),
            head: Head::sign(event, tail, key),
        }
    }

    /// Sends runs to some of its peers.
    fn spread(&mut self, node: NodeId, runs: &[Run]) {
        let peers: Vec<_> = self.nodes[node]
            .sessions
            .iter()
            .map(|(peer, live)| (*peer, live.epoch))
            .collect();
        for (peer, epoch) in peers {
            if self.random.percent(60) {
                for run in runs {
                    self.send(node, peer, epoch, &Message::Run(Arc::new(run.clone())));
                }
            }
        }
    }

    /// A lying hub enrols devices that nobody has ever seen, each with a log.
    pub fn enrol_strangers(&mut self, node: NodeId) {
        let many = if self.random.percent(8) { 300 } else { 5 };
        self.tell(|| format!("{} enrols {many} scanners", self.name(node)));
        let hub = self.nodes[node].key.clone();
        let via = self.nodes[node].identity.certificate.clone();
        let mut runs = Vec::new();
        for _ in 0..many {
            let key = SecretKey::from_seed(&self.random.seed());
            let identity = DeviceIdentity {
                certificate: self.stranger(key.public()).sign(&hub),
                via: Some(via.clone()),
            };
            runs.push(self.open_as_stranger(node, &key, identity));
        }
        self.spread(node, &runs);
    }

    /// Makes the log of a device that a liar has made up.
    pub fn open_as_stranger(&mut self, node: NodeId, key: &SecretKey, identity: DeviceIdentity) -> Run {
        self.observer.owns(key.public(), node);
        self.strangers.insert(key.public());
        let hlc = usher_protocol::Hlc {
            ms: self.now,
            count: 0,
        };
        let opening = Lie {
            bytes: Record::new(hlc, Body::Opened { identity }).to_bytes(),
            is_false: false,
            words: "a stranger's opening",
        };
        let more = self.draw_small_lie(node);
        self.sign_run((node, key), Tail::default(), vec![opening, more])
    }
}
