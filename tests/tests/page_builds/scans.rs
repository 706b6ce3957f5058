//! An evening at a page, drawn from a seed: all kinds of codes, both ways, alone and with a hub that sometimes says nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher_fixtures::{AVAILABLE, EventFixture, NORTH, SHOW, SOUTH, STRICT, gate, policy, ticket, tier, zone};
use usher_keys::EventId;
use usher_phone::page_scanner::PageScanner;
use usher_protocol::admission::Direction;
use usher_protocol::policy::{EntryRule, Offline, Policy, TierRules};
use usher_protocol::record::Body;
use usher_protocol::ticket::Ticket;
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};
use usher_tests::effort::Effort;

use super::venue::{Hub, Page, authority_log};

/// A show beside ours.
const OTHER: EventFixture = EventFixture::new(EventId([8; 16]), 151);
/// Leads into a zone of its own.
const STAGE: GateId = GateId(3);
/// People come in again after they went out.
const AGAIN: TierId = TierId(3);
/// From so many units tickets are drawn: few enough for copies.
const UNITS: u64 = 600;
/// The first of those whose tickets are void.
const VOID: u32 = 550;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

/// Lets an evening pass at a page.
pub fn played(mut page: Page, effort: Effort) -> Page {
    let mut random = Random(effort.seed.wrapping_mul(2).wrapping_add(1));
    let mut hub = Hub::started(&authority_log(announced()));
    hub.link(&mut page);
    let mut is_linked = true;
    for number in 0..effort.rounds {
        page.pass(500 + random.below(6_000));
        if random.below(40) == 0 {
            is_linked = !is_linked;
            match is_linked {
                true => hub.link(&mut page),
                false => page.disconnect(),
            }
        }
        let way = if random.below(6) == 0 {
            Direction::Out
        } else {
            Direction::In
        };
        let at = [NORTH, NORTH, SOUTH, STAGE][random.below(4) as usize];
        let persons = if random.below(5) == 0 {
            1 + random.below(4) as u8
        } else {
            1
        };
        page.stand_for(at, way, persons);
        page.show(&code(&mut random));
        match random.below(12) {
            // Nothing comes for it, and it is given up.
            0 => page.asked.clear(),
            _ => hub.answer(&mut page),
        }
        page.pass(5_000);
        page.asked.clear();
        correct(&mut page, &mut random);
        if number % 50 == 0 {
            page.done(json!({ "do": "status" }));
            let status = serde_json::to_string(&page.scanner.status()).expect("it is JSON");
            page.trace.wanted.push(format!("status {status}"));
        }
        page.said.clear();
    }
    page
}

/// Undoes or overrides, now and then.
fn correct(page: &mut Page, random: &mut Random) {
    let shown = page.scanner.shown();
    match random.below(15) {
        0 => {
            page.done(json!({ "do": "undo", "why": "turned back", "shown": shown }));
            let _ = page.scanner.undo("turned back", shown);
        }
        1 => {
            let drawn = page.random();
            let said = json!({ "do": "overrule", "by": "Ada", "why": "by hand", "pin": "482913", "shown": shown,
                "random": data_encoding::HEXLOWER.encode(&drawn) });
            page.done(said);
            let said = PageScanner::supervisor("Ada", "by hand", "482913").expect("it is in order");
            let _ = page.scanner.overrule(said, shown, drawn);
        }
        _ => return,
    }
    page.drain();
    // Nobody answers.
    page.asked.clear();
    page.pass(6_000);
}

fn code(random: &mut Random) -> Vec<u8> {
    let of = |ticket: &Ticket| SHOW.code(ticket).into_bytes();
    let sold = drawn_ticket(random);
    match random.below(20) {
        0 => OTHER.code(&sold).into_bytes(),
        1 => (0..random.below(400)).map(|_| random.next() as u8).collect(),
        2 => (0..random.below(300))
            .map(|_| b'0' + random.below(10) as u8)
            .collect(),
        3 => {
            let mut forged = of(&sold);
            let at = random.below(forged.len() as u64) as usize;
            forged[at] = b'0' + random.below(10) as u8;
            forged
        }
        4 => format!("{:04}-{:04}", random.below(10_000), random.below(10_000)).into_bytes(),
        5 => of(&ticket(VOID + random.below(20) as u32, AVAILABLE)),
        6 => of(&Ticket {
            generation: Generation(2),
            ..sold
        }),
        _ => of(&sold),
    }
}

fn drawn_ticket(random: &mut Random) -> Ticket {
    let unit = random.below(UNITS) as u32;
    // A unit has one tier, and is for one person or for four.
    let tier = [AVAILABLE, STRICT, AGAIN][unit as usize % 3];
    Ticket {
        admits: if unit.is_multiple_of(7) { 4 } else { 1 },
        ..ticket(unit, tier)
    }
}

/// A zone and a gate more, a tier for re-entry, and tickets that are void.
fn announced() -> Vec<Body> {
    let known = policy();
    let again = TierRules {
        zones: vec![ZoneId(1), ZoneId(2)],
        entry: EntryRule::Reentry,
        ..tier(AGAIN, "Crew", Offline::Available)
    };
    let policy = Policy {
        zones: [known.zones, vec![zone(2, "Stage")]].concat(),
        gates: [known.gates, vec![gate(STAGE, "Stage door", 2)]].concat(),
        tiers: [known.tiers, vec![again]].concat(),
        ..known
    };
    let void = (VOID..VOID + 20).map(|unit| Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    });
    std::iter::once(Body::Policy { version: 2, policy })
        .chain(void)
        .collect()
}

/// Returns the names of all answers that were said.
pub fn kinds(wanted: &[String]) -> BTreeSet<String> {
    let said = wanted.iter().filter_map(|line| line.strip_prefix("say 0  "));
    let outcomes = said.filter_map(|text| {
        let said: Value = serde_json::from_str(text).ok()?;
        Some(said["outcome"].as_str()?.to_owned())
    });
    outcomes.collect()
}
