//! What cannot be in a scenario, with the line it is on and what to write instead.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;
use usher_keys::certificate;
use usher_protocol::ledger::ruling::MAX_VOUCHED_DEVICES;
use usher_protocol::policy;

use super::{EntryRule, FailureKind, FailurePlan, GatePlan, Scenario, ScenarioError, Spread, Visitors};

/// More tickets than any venue has; what is known of each is held in memory.
const MAX_TICKETS: u32 = 200_000;
/// More than a policy has room for, with what scans and searches at them.
const MAX_GATES: usize = 64;
const MAX_LANES: usize = 200;
const MAX_STAFF: usize = 20;
/// As many as link with each other.
const MAX_HUBS: usize = 16;
/// Scanners of all gates: so many and no more an event can have with its hubs.
const MAX_SCANNERS: usize = MAX_VOUCHED_DEVICES - MAX_HUBS;
/// The longest evening: two days before doors, or after.
const MAX_MINUTES: f64 = 2.0 * 24.0 * 60.0;
/// The longest that a message or a commit takes, in milliseconds: beyond that it is a failure.
const MAX_DELAY_MS: u64 = 2_000;

/// Where a complaint is about.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Visitors,
    Tier(usize),
    Hub(usize),
    Gate(usize),
    Failure(usize),
}

type Complaint = (Place, String);

impl Scenario {
    pub(super) fn check(&self, text: &str) -> Result<(), ScenarioError> {
        self.complaint()
            .map_err(|(place, what)| ScenarioError::Impossible {
                line: line_of(text, place),
                what,
            })
    }

    fn complaint(&self) -> Result<(), Complaint> {
        let top = |what: String| (Place::Top, what);
        if minutes_of(&self.doors).is_none() {
            return Err(top(format!(
                "doors = {:?} is no time of day: write it as \"19:30\"",
                self.doors
            )));
        }
        check_visitors(&self.visitors).map_err(|what| (Place::Visitors, what))?;
        count("tiers", self.tiers.len(), (1, 16)).map_err(top)?;
        count("hubs", self.hubs.len(), (1, MAX_HUBS)).map_err(top)?;
        count("gates", self.gates.len(), (1, MAX_GATES)).map_err(top)?;
        unique(self.tiers.iter().map(|tier| &tier.name), policy::MAX_NAME_BYTES)
            .map_err(|(at, what)| (Place::Tier(at), what))?;
        unique(self.hubs.iter().map(|hub| &hub.name), certificate::MAX_NAME_BYTES)
            .map_err(|(at, what)| (Place::Hub(at), what))?;
        unique(self.gates.iter().map(|gate| &gate.name), policy::MAX_NAME_BYTES)
            .map_err(|(at, what)| (Place::Gate(at), what))?;
        for (at, tier) in self.tiers.iter().enumerate() {
            number("share", tier.share, (0.0, 1e9)).map_err(|what| (Place::Tier(at), what))?;
            if tier.entry == EntryRule::PerDay(0) {
                let what = "a tier with per_day = 0 lets nobody in: write 1 or more".to_owned();
                return Err((Place::Tier(at), what));
            }
        }
        for (at, gate) in self.gates.iter().enumerate() {
            self.check_gate(gate).map_err(|what| (Place::Gate(at), what))?;
        }
        let scanners = self
            .gates
            .iter()
            .map(|gate| gate.lanes * gate.scanners_per_lane)
            .sum();
        count("scanners of all lanes", scanners, (1, MAX_SCANNERS)).map_err(top)?;
        if self.tiers.iter().map(|tier| tier.share).sum::<f64>() <= 0.0 {
            return Err(top("no tier has a share: give one a share above 0".to_owned()));
        }
        if self.gates.iter().map(|gate| gate.share).sum::<f64>() <= 0.0 {
            return Err(top("no gate has a share: give one a share above 0".to_owned()));
        }
        self.check_network().map_err(top)?;
        for (at, failure) in self.failures.iter().enumerate() {
            self.check_failure(failure)
                .map_err(|what| (Place::Failure(at), what))?;
        }
        Ok(())
    }

    fn check_gate(&self, gate: &GatePlan) -> Result<(), String> {
        self.knows_hub(&gate.hub)?;
        number("share", gate.share, (0.0, 1e9))?;
        count("lanes", gate.lanes, (1, MAX_LANES))?;
        count("scanners_per_lane", gate.scanners_per_lane, (1, MAX_STAFF))?;
        count("searchers_per_lane", gate.searchers_per_lane, (0, MAX_STAFF))?;
        count("room_people", gate.room_people, (1, 100))?;
        count("desk_staff", gate.desk_staff, (1, MAX_STAFF))?;
        count("access_points", gate.access_points, (1, gate.lanes))?;
        number("search_percent", gate.search_percent, (0.0, 100.0))?;
        for (name, spread) in [
            ("walk_s", gate.walk_s),
            ("scan_s", gate.scan_s),
            ("search_s", gate.search_s),
            ("desk_s", gate.desk_s),
        ] {
            check_spread(name, spread, 3_600.0)?;
        }
        Ok(())
    }

    fn check_network(&self) -> Result<(), String> {
        let network = &self.network;
        for (name, [low, high]) in [
            ("radio_ms", network.radio_ms),
            ("lan_ms", network.lan_ms),
            ("uplink_ms", network.uplink_ms),
            ("commit_ms", network.commit_ms),
        ] {
            if low > high || high > MAX_DELAY_MS {
                return Err(format!(
                    "{name} = [{low}, {high}] is no range: write the shorter time first, and none above {MAX_DELAY_MS}"
                ));
            }
        }
        if !(100..=6_000).contains(&network.handover_every_ms) {
            return Err("handover_every_ms goes from 100, as programs do, to 6000, when links would be taken for dead".to_owned());
        }
        Ok(())
    }

    fn check_failure(&self, failure: &FailurePlan) -> Result<(), String> {
        number("from_min", failure.from_min, (-MAX_MINUTES, MAX_MINUTES))?;
        number("for_min", failure.for_min, (0.01, MAX_MINUTES))?;
        if let Some(hub) = &failure.hub {
            self.knows_hub(hub)?;
        }
        let gate = failure.gate.as_ref();
        let known = gate.map(|name| self.gates.iter().find(|gate| gate.name == *name));
        if known == Some(None) {
            return Err(format!(
                "there is no gate {:?}: name one of [[gates]]",
                gate.map_or("", |name| name)
            ));
        }
        let needs = |is_there: bool, what: &str| {
            if is_there {
                return Ok(());
            }
            Err(format!("this kind of failure needs {what}"))
        };
        match failure.kind {
            FailureKind::Uplink => Ok(()),
            FailureKind::Hub | FailureKind::HubLink => needs(failure.hub.is_some(), "hub = \"…\""),
            FailureKind::Power => needs(gate.is_some(), "gate = \"…\""),
            FailureKind::AccessPoint => {
                needs(
                    gate.is_some() && failure.access_point.is_some(),
                    "gate = \"…\" and access_point = 1 or more",
                )?;
                let most = known.flatten().map_or(1, |gate| gate.access_points);
                count(
                    "access_point",
                    failure.access_point.unwrap_or_default(),
                    (1, most),
                )
            }
        }
    }

    fn knows_hub(&self, name: &str) -> Result<(), String> {
        if self.hubs.iter().any(|hub| hub.name == name) {
            return Ok(());
        }
        Err(format!("there is no hub {name:?}: name one of [[hubs]]"))
    }
}

fn check_visitors(visitors: &Visitors) -> Result<(), String> {
    if !(1..=MAX_TICKETS).contains(&visitors.tickets) {
        return Err(format!("tickets goes from 1 to {MAX_TICKETS}"));
    }
    let arrivals = &visitors.arrivals;
    for (minute, people) in arrivals {
        number("a minute of arrivals", *minute, (-MAX_MINUTES, MAX_MINUTES))?;
        number("a number of arrivals", *people, (0.0, 1e9))?;
    }
    let is_rising = arrivals.windows(2).all(|two| two[0].0 < two[1].0);
    if arrivals.len() < 2 || !is_rising || arrivals.iter().all(|(_, people)| *people <= 0.0) {
        return Err(
            "arrivals needs two points or more, each later than the one before, and people at one of them: [[-30, 0], [15, 10], [90, 0]]"
                .to_owned(),
        );
    }
    number("copies_percent", visitors.copies_percent, (0.0, 100.0))?;
    number("strangers_percent", visitors.strangers_percent, (0.0, 100.0))?;
    if let Some(returns) = &visitors.returns {
        number("leave_percent", returns.leave_percent, (0.0, 100.0))?;
        check_spread("inside_min", returns.inside_min, MAX_MINUTES)?;
        check_spread("outside_min", returns.outside_min, MAX_MINUTES)?;
    }
    Ok(())
}

fn check_spread(name: &str, spread: Spread, most: f64) -> Result<(), String> {
    if spread.p50 > 0.0 && spread.p50 <= spread.p95 && spread.p95 <= most {
        return Ok(());
    }
    Err(format!(
        "{name} = {{ p50 = {}, p95 = {} }}: both are above 0 and up to {most}, and p95 is not below p50",
        spread.p50, spread.p95
    ))
}

fn number(name: &str, value: f64, (least, most): (f64, f64)) -> Result<(), String> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(format!("{name} = {value}: it goes from {least} to {most}"))
}

fn count(name: &str, value: usize, (least, most): (usize, usize)) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{name}: {value} are too few or too many, from {least} to {most} can be"
    ))
}

fn unique<'a>(names: impl Iterator<Item = &'a String>, most_bytes: usize) -> Result<(), (usize, String)> {
    let mut known = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if name.is_empty() || name.len() > most_bytes || !known.insert(name) {
            return Err((
                at,
                format!(
                    "the name {name:?} is empty, longer than {most_bytes} bytes, or there twice: write another one"
                ),
            ));
        }
    }
    Ok(())
}

/// Returns the minutes after midnight of a time of day such as 19:30.
pub(super) fn minutes_of(doors: &str) -> Option<u64> {
    let (hours, minutes) = doors.split_once(':')?;
    let two_digits = |text: &str| (text.len() == 2).then(|| text.parse::<u64>().ok()).flatten();
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Where the tables begin, read only when something is wrong in one.
#[derive(Deserialize)]
struct Tables {
    visitors: Spanned<IgnoredAny>,
    tiers: Vec<Spanned<IgnoredAny>>,
    hubs: Vec<Spanned<IgnoredAny>>,
    gates: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    failures: Vec<Spanned<IgnoredAny>>,
}

fn line_of(text: &str, place: Place) -> Option<usize> {
    let tables: Tables = toml::from_str(text).ok()?;
    let table = match place {
        Place::Top => None,
        Place::Visitors => Some(&tables.visitors),
        Place::Tier(at) => tables.tiers.get(at),
        Place::Hub(at) => tables.hubs.get(at),
        Place::Gate(at) => tables.gates.get(at),
        Place::Failure(at) => tables.failures.get(at),
    }?;
    let before = text.get(..table.span().start)?;
    Some(before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests;
