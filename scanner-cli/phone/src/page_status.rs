//! How a page stands: whom it is linked to, how fresh its knowledge is, what is wrong, and at which gates it may stand; drawing it is the page's.

use serde::Serialize;
use usher_keys::Role;
use usher_words::certificates::{self, Holder};
use usher_words::clock::{clock_behind, clock_off};
use usher_words::gate::{EventNames, Phrasebook};
use usher_words::scanner::{self as words, Bar};

use crate::page_scanner::PageScanner;

/// How a page stands at a moment.
///
/// **Shape**: a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageStatus {
    /// What people call the event.
    pub event: String,
    /// What people call this device.
    pub device: String,
    /// How certain a verdict is: by a hub, or alone.
    pub rung: Rung,
    /// Whom it is linked to and how fresh its knowledge is, in words.
    pub line: String,
    /// What is wrong, each a sentence.
    pub troubles: Vec<String>,
    /// Whether it judges nothing at all.
    pub is_barred: bool,
    /// The gates at which it may stand, as far as they were heard.
    pub gates: Vec<GateName>,
    /// How many scans came out how since the start, each with its word.
    pub counts: [String; 3],
    /// For how many people the next scan is.
    pub persons: u8,
    /// How many codes were shown since the start: what staff mean when they undo or override.
    pub shown: u32,
    /// Of which ticket the last yes was that staff may take back.
    pub undoable: Option<String>,
    /// Which ticket was refused last, for which people, that a supervisor may let in.
    pub refused: Option<String>,
    /// Whether what takes a supervisor takes a PIN here.
    pub asks_pin: bool,
    /// How many tickets were judged alone since a hub last answered.
    pub alone: u64,
    /// How many records of its own log reached no hub yet.
    pub kept: u64,
}

/// How certain a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// A hub is linked, and what the authority says is here up to now.
    Fresh,
    /// A hub is linked.
    Hub,
    /// Nobody is.
    Alone,
}

/// A gate and what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateName {
    pub id: u16,
    pub name: String,
}

/// So old may knowledge be that counts as fresh, in milliseconds: some beats.
const FRESH_FOR_MS: u64 = 30_000;

impl PageScanner {
    /// Says how the page stands.
    #[must_use]
    pub fn status(&self) -> PageStatus {
        let phrasebook = self.phrasebook();
        let (now, ledger) = (phrasebook.now(), self.replica().ledger());
        let identity = ledger.identity().map(|identity| identity.unverified());
        let (as_of, heard) = self.replica().fresh_as_of(now);
        let hub = self.hub();
        let is_fresh = as_of.is_some_and(|as_of| now.since_ms(as_of) <= FRESH_FOR_MS);
        let link = match &hub {
            Some(name) => words::linked_to(std::slice::from_ref(name)),
            None => words::NO_HUB.to_owned(),
        };
        let (health, compared) = self.clock();
        let until = identity.map(|identity| identity.window.until);
        let ending =
            until.and_then(|until| certificates::warning(Holder::Own(Role::Scanner), until, &phrasebook));
        let bar = self.bar();
        let troubles = [
            bar.map(|bar| words::barred(bar).line()),
            ending.map(|note| note.words).filter(|_| bar.is_none()),
            clock_off(health, compared).or_else(|| clock_behind(now, heard.filter(|_| compared == 0)?)),
        ];
        let policy = ledger.state().policy().map(|(_, policy)| policy);
        let gates = policy.map(|policy| &policy.gates[..]).unwrap_or_default().iter();
        let serves = |id: u16| identity.is_none_or(|identity| identity.serves(id));
        PageStatus {
            event: policy.map_or_else(
                || words::EVENT_NOT_HEARD_YET.to_owned(),
                |policy| policy.name.clone(),
            ),
            device: identity.map(|identity| identity.name.clone()).unwrap_or_default(),
            rung: match hub {
                Some(_) if is_fresh => Rung::Fresh,
                Some(_) => Rung::Hub,
                None => Rung::Alone,
            },
            line: format!("{link} | {}", phrasebook.freshness(as_of, heard)),
            troubles: troubles.into_iter().flatten().collect(),
            is_barred: bar.is_some(),
            gates: gates
                .filter(|gate| serves(gate.id.0))
                .map(|gate| GateName {
                    id: gate.id.0,
                    name: gate.name.clone(),
                })
                .collect(),
            counts: self.counts().words(),
            persons: self.position().persons,
            shown: self.shown(),
            undoable: self.undoable(),
            refused: self.refused(),
            asks_pin: !self.may_overrule(),
            alone: self.alone(),
            kept: self.kept(),
        }
    }

    /// Returns what speaks of this event now.
    #[must_use]
    pub fn phrasebook(&self) -> Phrasebook {
        let ledger = self.replica().ledger();
        let window = ledger.identity().map(|identity| identity.unverified().window);
        let names = EventNames::of(ledger.state());
        Phrasebook::new(
            names,
            window.unwrap_or(usher_keys::Window::ALWAYS),
            self.moment().at,
        )
    }

    /// Returns why this page judges nothing: it is no device of the event, or not any more.
    #[must_use]
    pub fn bar(&self) -> Option<Bar> {
        let ledger = self.replica().ledger();
        let (state, identity) = (ledger.state(), ledger.identity()?);
        let (register, now) = (state.register(), self.moment().at);
        let checked = ledger.trust().check_peer((identity, ledger.me()), &register, now);
        let refused = || {
            let by = self.refused_by()?;
            let (_, hubs) = state.rosters().current()?;
            hubs.contains(&by).then_some(Bar::Refused)
        };
        checked.err().map(Bar::from).or_else(refused)
    }
}
