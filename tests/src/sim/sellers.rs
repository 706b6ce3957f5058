//! Tickets that somebody else has sold: which codes there are, when the organizer lists them, and what a liar says of codes that nobody has listed.

use std::collections::BTreeSet;

use usher_keys::EventId;
use usher_protocol::record::{Body, Record, ShownPassage};
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::ticket::foreign::{Entitlement, ForeignCodes, ForeignList, ShownForeign};
use usher_protocol::{FIRST_FOREIGN_UNIT, GateId, Hlc, ScanId, TierId, Unit};

use super::lies::Lie;
use super::node::NodeId;
use super::people::{Paper, Worth};
use super::random::Random;
use super::sabotage::Sabotage;
use super::setting::{OUTER, admits, tier_of};
use super::shape::Kind;
use super::world::{CLOUD, World};

/// In how many of a hundred events another seller's tickets are listed, where that may be.
const SELLERS_PERCENT: u64 = 40;
/// How many tickets the other seller has sold.
const SOLD: u32 = 18;
/// How many of them are listed when the event opens.
const LISTED_AT_ONCE: usize = 6;
/// Most of them that one record lists.
const LISTED_TOGETHER: usize = 5;
/// What the organizer hashes codes with.
const SALT: [u8; 32] = [0x5a; 32];
/// How many passages a liar tells of at once: more by unlisted codes than wait in memory.
const TOLD_AT_ONCE: u64 = 300;

/// What another seller has sold, and what was said of it.
#[derive(Default)]
pub struct Sellers {
    /// Units of the codes; none where nobody else sells.
    sold: u32,
    /// All codes, as if each were listed.
    codes: ForeignCodes,
    /// Units that the organizer has ever listed, durably or not.
    listed: BTreeSet<u32>,
    /// Liars who have told of codes that nobody had listed.
    pub told: BTreeSet<NodeId>,
}

impl Sellers {
    /// Draws whether somebody else sells tickets for the event.
    pub fn draw(random: &mut Random) -> Self {
        if !random.percent(SELLERS_PERCENT) {
            return Self::default();
        }
        let mut sellers = Self {
            sold: SOLD,
            ..Self::default()
        };
        sellers.codes.take(list(sellers.units()));
        sellers
    }

    /// Returns the units of all codes, listed or not.
    pub fn units(&self) -> impl Iterator<Item = u32> + use<> {
        (0..self.sold).map(|number| FIRST_FOREIGN_UNIT.0 + number)
    }

    /// Returns what a record of a passage has of a code.
    fn code(&self, unit: u32, event: EventId) -> Vec<u8> {
        let read = self.codes.read(text(unit).as_bytes(), event);
        read.expect("it is among all codes").code().to_owned()
    }
}

/// Tells whether a unit is another seller's.
pub fn is_foreign(unit: u32) -> bool {
    unit >= FIRST_FOREIGN_UNIT.0
}

/// Returns the text of a unit's code.
fn text(unit: u32) -> String {
    format!("SELLER-{unit}")
}

/// Returns what lists these units' codes.
fn list(units: impl Iterator<Item = u32>) -> ForeignList {
    let listed = |unit: u32| {
        let held = Entitlement {
            unit: Unit(unit),
            tier: TierId(u16::try_from(tier_of(unit)).expect("few tiers")),
            admits: admits(unit),
            used: 0,
        };
        let identity = identify(text(unit).as_bytes()).expect("a short text");
        held.listed(identity.hash(&SALT))
    };
    ForeignList {
        salt: SALT,
        sellers: Vec::new(),
        codes: units.map(listed).collect(),
    }
}

impl World {
    /// Returns the units of every ticket there is, of the event's own and of another seller's.
    pub fn units(&self) -> impl Iterator<Item = u32> + use<> {
        (0..self.shape.units).chain(self.sellers.units())
    }

    /// Draws somebody's unit: where another seller has sold tickets, some come with them.
    pub fn draw_guests_unit(&mut self) -> u32 {
        let sold = u64::from(self.sellers.sold);
        if sold > 0 && self.random.percent(25) {
            let number = u32::try_from(self.random.below(sold)).expect("few");
            return FIRST_FOREIGN_UNIT.0 + number;
        }
        u32::try_from(self.random.below(u64::from(self.shape.units))).expect("a unit")
    }

    /// Returns what somebody shows who has another seller's ticket, now and then with a letter too many.
    pub fn foreign_paper(&mut self, unit: u32) -> Paper {
        let is_altered = self.random.percent(8);
        let paper = foreign_paper(unit);
        if !is_altered {
            return paper;
        }
        Paper {
            text: format!("{}X", paper.text),
            worth: Worth::False,
            ..paper
        }
    }

    /// The organizer opens the event with a part of what is sold; the rest is sold and listed later.
    pub fn list_first_codes(&mut self) {
        self.list_more(LISTED_AT_ONCE);
    }

    /// The organizer lists what was sold elsewhere since; tells whether there was anything.
    pub fn list_codes(&mut self) -> bool {
        self.sellers.sold > 0 && self.random.percent(25) && self.list_more(LISTED_TOGETHER)
    }

    fn list_more(&mut self, most: usize) -> bool {
        let unlisted: Vec<_> = self
            .sellers
            .units()
            .filter(|unit| !self.is_listed(*unit))
            .collect();
        let next: Vec<_> = unlisted.into_iter().take(most).collect();
        if next.is_empty() {
            return false;
        }
        self.tell(|| format!("the organizer lists the codes of units {next:?}"));
        self.sellers.listed.extend(&next);
        self.happens(Kind::Sellers);
        self.publish(Body::Foreign(list(next.into_iter())));
        true
    }

    /// Draws a list that a liar makes up: of what is sold and on no list, if anything is, or of what nobody sells.
    pub fn draw_list(&mut self) -> ForeignList {
        let unlisted: Vec<_> = self
            .sellers
            .units()
            .filter(|unit| !self.sellers.listed.contains(unit))
            .collect();
        let invented = FIRST_FOREIGN_UNIT.0 + 2 * SOLD;
        let from = self.random.index(unlisted.len().max(1));
        let units = unlisted.into_iter().skip(from).chain([invented]);
        list(units.take(LISTED_TOGETHER))
    }

    /// Tells whether a ticket is the event's own, or the cloud lists it.
    pub fn is_listed(&self, unit: u32) -> bool {
        let codes = self.nodes[CLOUD].ledger.state().foreign();
        let identity = identify(text(unit).as_bytes()).expect("a short text");
        !is_foreign(unit) || codes.entitlement(&identity).is_some()
    }

    /// Checks that the organizer has listed another seller's ticket that lets people in, durably or not.
    pub fn check_listed(&self, node: NodeId, paper: &Paper) {
        assert!(
            !is_foreign(paper.unit) || self.sellers.listed.contains(&paper.unit),
            "{}: {} let in another seller's ticket that nobody has listed: {paper:?}",
            self.place(),
            self.name(node)
        );
    }

    /// Tells whether a code in a record is good, as far as a node knows: one that a key of the event signed, or that is listed.
    pub fn is_good_code(&self, node: NodeId, code: &[u8]) -> bool {
        let ledger = &self.nodes[node].ledger;
        match ShownForeign::parse(code) {
            Some(shown) => ledger.state().has_listed(&shown),
            None => ledger.trust().keyring().check_evidence(code).is_ok(),
        }
    }

    /// Tells whether a liar speaks of other sellers' tickets now.
    pub fn is_drawn_to_sellers(&mut self) -> bool {
        self.sellers.sold > 0 && self.random.percent(12)
    }

    /// A liar tells of passages by codes that nobody has listed yet, if there are any; sometimes of more than wait in memory.
    pub fn tell_of_unlisted(&mut self, node: NodeId) -> bool {
        let units: Vec<_> = self
            .sellers
            .units()
            .filter(|unit| !self.is_listed(*unit))
            .collect();
        let must_be_many = self.breaks(Sabotage::MissedListsAreNotReadAgain);
        if units.is_empty() {
            return false;
        }
        let many = if must_be_many || self.random.percent(25) {
            TOLD_AT_ONCE
        } else {
            3
        };
        self.tell(|| {
            format!(
                "{} tells of {many} passages by codes that are on no list",
                self.name(node)
            )
        });
        self.sellers.told.insert(node);
        for _ in 0..many {
            let unit = units[self.random.index(units.len())];
            let lie = self.draw_unlisted(node, unit);
            self.write_lie(node, lie);
        }
        true
    }

    /// Draws a passage by an unlisted code, now and then under a unit that it will not have.
    fn draw_unlisted(&mut self, node: NodeId, unit: u32) -> Lie {
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        let mut code = self.sellers.code(unit, self.setting.event);
        if self.random.percent(10)
            && let Some(mut shown) = ShownForeign::parse(&code)
        {
            shown.unit = Unit(unit + 2 * SOLD);
            code = usher_keys::codec::encode(&shown);
        }
        let gate = self.powers(node).gates.first().copied().unwrap_or_default();
        let passage = ShownPassage {
            scan: ScanId(self.random.bytes16()),
            code,
            persons: 1,
            gate: GateId(gate),
            zone: OUTER,
            at: now.time(),
            counterparts: Vec::new(),
        };
        let may = self.may_tell_of(node, &passage, now);
        let bytes = Record::new(now, Body::Admitted(passage)).to_bytes();
        Lie::new("a passage by a code that is on no list", !may, bytes)
    }
}

/// Returns another seller's ticket.
pub fn foreign_paper(unit: u32) -> Paper {
    Paper {
        text: text(unit),
        unit,
        generation: 1,
        worth: Worth::Listed,
    }
}

/// Draws what another seller has sold in a seed's run.
pub fn draw(seed: u64, has: impl Fn(Kind) -> bool) -> Sellers {
    if has(Kind::Sellers) {
        Sellers::draw(&mut Random::new(seed ^ 0x7365_6c6c))
    } else {
        Sellers::default()
    }
}
