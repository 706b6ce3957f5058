//! How a simulation is shaped: its size, what may go wrong, which rule is broken on purpose, and who hears the story; playing it is the world's.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;

use super::random::Random;
use super::sabotage::Sabotage;

/// A kind of fault; each can be switched off, so that a failing seed is shrunk to what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Directions nothing gets through: single ones, a node's, an island's.
    Cuts,
    /// Lost, late, repeated and reordered messages.
    Loss,
    /// Lines over which everything takes up to two seconds, in one direction or both.
    Delays,
    /// Messages with a byte altered on the way.
    Corruption,
    /// Nodes that stop, lose what was not durable and start again.
    Crashes,
    /// Clocks that are wrong or set anew.
    Clocks,
    /// Scanners that move to another hub.
    Roaming,
    /// A hub that is put back to an old copy of its disk.
    OldCopy,
    /// A hub that is destroyed, and retired by a person.
    HubLoss,
    /// Devices the organizer revokes.
    Revocation,
    /// Keys that are struck out, rotated and closed.
    Rotation,
    /// Rosters that change.
    Rosters,
    /// A device in the wrong hands.
    Liars,
    /// A copy of a device's key and disk that writes beside it.
    Clones,
    /// Devices that may do different things, and gates where they may not.
    Powers,
    /// Devices that join in the middle, some of which begin at a checkpoint, and some of which a hub enrols.
    Newcomers,
    /// Disks that cannot be read now and then.
    BadReads,
    /// Tiers that the organizer closes and opens again.
    Policies,
    /// Supervisors who let people in against the rules.
    Overrides,
    /// Forks of which the organizer says which history counts.
    Settling,
    /// Zones that hold fewer people than come, and capacities that change.
    Crowding,
    /// Zones that let in fewer people within a slot of time than come.
    Slots,
    /// Zones inside others.
    Nesting,
    /// Supervisors who count the people in a zone.
    Counts,
    /// Keys of the authority and of the issuer of certificates that are struck out.
    StruckKeys,
    /// Midnight, changes of summer time, and windows of tiers that end.
    Days,
    /// Tickets of another seller, whose codes are listed one after the other.
    Sellers,
    /// Machines that stand still for a while and go on.
    Stalls,
    /// Clocks that are far off at first and set right in the middle.
    LateClocks,
    /// Liars who list codes, count what they did not hear, and tell of forks that they sign themselves.
    WiderLies,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 30] = [
        Self::Cuts,
        Self::Loss,
        Self::Delays,
        Self::Corruption,
        Self::Crashes,
        Self::Clocks,
        Self::Roaming,
        Self::OldCopy,
        Self::HubLoss,
        Self::Revocation,
        Self::Rotation,
        Self::Rosters,
        Self::Liars,
        Self::Clones,
        Self::Powers,
        Self::StruckKeys,
        Self::Newcomers,
        Self::BadReads,
        Self::Policies,
        Self::Overrides,
        Self::Settling,
        Self::Crowding,
        Self::Slots,
        Self::Nesting,
        Self::Counts,
        Self::Days,
        Self::Sellers,
        Self::Stalls,
        Self::LateClocks,
        Self::WiderLies,
    ];

    /// Those that came when the seeds of broken rules were found: with them, others would break.
    pub const LATER: [Self; 4] = [Self::Sellers, Self::Stalls, Self::LateClocks, Self::WiderLies];
}

/// Who hears the story of a run.
#[derive(Debug, Clone, Default)]
pub enum Tape {
    /// Nobody.
    #[default]
    Off,
    /// What people and machines did.
    Story(Sender<String>),
    /// Every message too.
    Everything(Sender<String>),
}

/// How a simulation is shaped.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Hubs at the venue.
    pub hubs: usize,
    /// Scanners, spread over the hubs.
    pub scanners: usize,
    /// Units on sale, each with a ticket.
    pub units: u32,
    /// Virtual time under faults, in milliseconds.
    pub chaos_ms: u64,
    /// Whether guests and organizer act by themselves.
    pub crowd: bool,
    /// Whether some hubs reach the cloud only through other hubs.
    pub relays: bool,
    /// What may go wrong.
    pub faults: BTreeSet<Kind>,
    /// Acts of chance that do not take place, by their number.
    pub dropped: BTreeSet<u64>,
    /// A rule broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Who hears the story.
    pub tape: Tape,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            hubs: 3,
            scanners: 4,
            units: 60,
            chaos_ms: 30_000,
            crowd: true,
            relays: false,
            faults: Kind::ALL.into(),
            dropped: BTreeSet::new(),
            sabotage: None,
            tape: Tape::Off,
        }
    }
}

impl Shape {
    /// Tells whether that kind of fault may happen.
    pub fn has(&self, kind: Kind) -> bool {
        self.faults.contains(&kind)
    }

    /// The largest venue that is simulated.
    pub const LARGEST: (usize, usize) = (5, 20);

    /// Draws the shape of a seed's run: mostly a few devices, now and then the whole venue.
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(!seed);
        let (hubs, scanners) = if random.percent(8) {
            Self::LARGEST
        } else {
            (1 + random.index(Self::LARGEST.0), 1 + random.index(6))
        };
        Self {
            hubs,
            scanners,
            chaos_ms: random.between(10_000, 30_000),
            relays: random.percent(40),
            ..Self::default()
        }
    }

    /// Draws the shape of a seed's run in which a rule is broken: without the kinds of faults that came later, but for those that the rule
    /// is about.
    pub fn sabotaged(seed: u64, sabotage: Sabotage) -> Self {
        let mut shape = Self::drawn(seed);
        let needed = sabotage.needs();
        shape
            .faults
            .retain(|kind| !Kind::LATER.contains(kind) || needed.contains(kind));
        Self {
            sabotage: Some(sabotage),
            ..shape
        }
    }

    /// A venue where nothing happens but what a test does.
    pub fn stage(hubs: usize, scanners: usize) -> Self {
        Self {
            hubs,
            scanners,
            crowd: false,
            faults: BTreeSet::new(),
            ..Self::default()
        }
    }
}
