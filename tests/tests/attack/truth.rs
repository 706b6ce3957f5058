//! What must hold when everything is mended: nothing that stood on a screen was untrue, doubles are told, the count is right, and whoever should be in comes in.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, SOUTH, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::Turnstile;

use super::code_readers::Way;
use super::crowd::{Place, Said, Showing};
use super::scene::{PLACES, Scene};

/// Reasons that no rule of the festival can give: its tiers are always open, and each ticket is for one person and this zone.
const NEVER: [&str; 9] = [
    "too_early",
    "too_late",
    "wrong_zone",
    "unknown_gate",
    "unknown_tier",
    "group_too_large",
    "day_used_up",
    "superseded",
    "time_slot_full",
];

/// What is said where another was asked for a yes or for places, and its answer did not come: it may have been a yes.
const GIVEN_UP: [&str; 2] = ["home_unreachable", "no_places"];

impl Showing {
    /// Tells whether the records may say that somebody passed though no screen did: a scanner that was killed showed nothing, and what a
    /// turnstile named itself is withdrawn by nobody. It is to ask again, and nobody waits for that here.
    fn is_open(&self) -> bool {
        self.said == Said::Nothing || self.is_by_turnstile && self.was_given_up()
    }

    /// Tells whether whoever was asked may have said yes to nobody.
    fn was_given_up(&self) -> bool {
        matches!(&self.said, Said::Refused(reason) if GIVEN_UP.contains(&reason.as_str()))
    }
}

impl Scene {
    /// Demands all of it.
    pub async fn check(&self) -> anyhow::Result<()> {
        let showings = self.crowd.showings();
        let let_in = showings.iter().filter(|showing| showing.said == Said::ComeIn);
        ensure!(
            let_in.count() >= PLACES / 2,
            "{} showings prove little",
            showings.len()
        );
        for showing in &showings {
            self.is_true(showing, &showings)?;
        }
        // What scanners wrote down last is still on its way.
        let told = until("what is told to be so", async || {
            self.are_told(&showings).await.map(|()| Some(()))
        });
        told.await?;
        self.open_wide().await?;
        self.come_in_at_last(&showings).await
    }

    /// A reason that a screen gave was one.
    fn is_true(&self, told: &Showing, all: &[Showing]) -> anyhow::Result<()> {
        let Said::Refused(reason) = &told.said else {
            return Ok(());
        };
        ensure!(!NEVER.contains(&reason.as_str()), "no rule says that: {told:?}");
        let may_have_passed = |showing: &&Showing, way| {
            showing.way == way
                && matches!(showing.said, Said::ComeIn | Said::Nothing)
                && showing.begun < told.ended
        };
        match reason.as_str() {
            "revoked" => {
                let parties = self.crowd.parties();
                let is_revoked = parties
                    .iter()
                    .any(|party| party.ticket.unit == told.unit && party.revoked);
                ensure!(is_revoked, "it is not: {told:?}");
            }
            // While another asker waits for a yes that was written down, or has given it up where that was not heard yet, the ticket is used
            // as far as anybody can tell.
            "already_used" if told.way == Way::In => {
                let is_other = |one: &&Showing| !std::ptr::eq(*one, told) && one.unit == told.unit;
                let shown: Vec<_> = all.iter().filter(is_other).collect();
                let is_given_up = |one: &Showing| one.was_given_up() && one.begun < told.ended;
                let may_use = |one: &&Showing| {
                    let is_under_way = one.begun < told.ended && one.ended > told.begun;
                    may_have_passed(one, Way::In) || is_given_up(one) || is_under_way
                };
                ensure!(
                    shown.iter().any(may_use),
                    "nobody used it before: {told:?}; all that was shown of it: {shown:#?}"
                );
            }
            "zone_full" => {
                let came = all.iter().filter(|one| may_have_passed(one, Way::In)).count();
                let has_left = |one: &&Showing| one.way == Way::Out && one.ended < told.begun;
                let left = all
                    .iter()
                    .filter(has_left)
                    .filter(|one| one.said == Said::ComeIn)
                    .count();
                ensure!(
                    came - left >= PLACES,
                    "only {} were in at most: {told:?}",
                    came - left
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// Cloud and hubs tell of every double and of nothing else that is wrong, and of as many people as are in.
    async fn are_told(&self, showings: &[Showing]) -> anyhow::Result<()> {
        let open = showings.iter().filter(|showing| showing.is_open()).count();
        self.came_in_as_told(showings).await?;
        let incidents = self.stage.organizer.incidents().await?;
        let doubles = incidents
            .iter()
            .filter(|found| found.kind == "double_admission")
            .count();
        let others: Vec<_> = incidents
            .iter()
            .filter(|found| !["double_admission", "exit_too_many"].contains(&found.kind.as_str()))
            .collect();
        ensure!(others.is_empty(), "{others:?}");
        let mut entries = BTreeMap::<u32, usize>::new();
        let standing: BTreeSet<u32> = {
            let parties = self.crowd.parties();
            let standing = parties.iter().filter(|party| party.ticket.tier == STANDING);
            standing.map(|party| party.ticket.unit).collect()
        };
        let came = showings
            .iter()
            .filter(|one| one.said == Said::ComeIn && one.way == Way::In);
        for one in came.filter(|one| standing.contains(&one.unit)) {
            *entries.entry(one.unit).or_default() += 1;
        }
        let seen: usize = entries.values().map(|times| times - 1).sum();
        ensure!(
            (seen..=seen + open).contains(&doubles),
            "{seen} doubles were seen, {open} scans had no answer, {doubles} are told"
        );
        // Whoever left by an exit that did not say so is in by the records, and so may be one whose exit names no entry within four minutes of another's.
        let (inside, counted) = (self.crowd.inside(), self.counted_inside().await?);
        let open = i64::try_from(open)? + exits(showings);
        ensure!(
            (inside..=inside + open).contains(&counted),
            "{inside} are in, {open} may be for all the records know, {counted} are counted"
        );
        for hub in &self.hubs {
            let told = hub.status().await?.incidents_total;
            ensure!(
                told == incidents.len(),
                "{} tells of {told}, the cloud of {}",
                hub.name,
                incidents.len()
            );
        }
        Ok(())
    }

    /// By the records as many came in with each ticket as screens told to, and no more than may have been told so.
    async fn came_in_as_told(&self, showings: &[Showing]) -> anyhow::Result<()> {
        let export = self.hubs[0].export().await?;
        let came = export.admissions();
        for unit in self.crowd.parties().iter().map(|party| party.ticket.unit) {
            let is_asked = |one: &&Showing| one.unit == unit && one.way == Way::In;
            let asked: Vec<_> = showings.iter().filter(is_asked).collect();
            let told = asked.iter().filter(|one| one.said == Said::ComeIn).count();
            let open = asked.iter().filter(|one| one.is_open()).count();
            let written = came.get(&unit).map_or(0, BTreeSet::len);
            ensure!(
                (told..=told + open).contains(&written),
                "{told} were told to come in with unit {unit}, {open} may have been, {written} are written down: {asked:#?}"
            );
        }
        Ok(())
    }

    /// Whoever has a good ticket that nobody came in with comes in now, also who buys it now, and whoever has a revoked one does not.
    async fn come_in_at_last(&self, showings: &[Showing]) -> anyhow::Result<()> {
        let gates = [
            self.hubs[0].turnstile(NORTH).await?,
            self.hubs[1].turnstile(SOUTH).await?,
            self.hubs[2].turnstile(NORTH).await?,
        ];
        let parties = self.crowd.parties().clone();
        for (number, party) in parties.iter().enumerate() {
            let (gate, ticket) = (&gates[number % gates.len()], &party.ticket);
            let is_open =
                |one: &&Showing| one.unit == ticket.unit && (one.said == Said::ComeIn || one.is_open());
            if party.revoked {
                let said = gate.scan(&ticket.payload).await?;
                ensure!(said.verdict != "admit", "it was revoked: {said:?}");
            } else if !showings.iter().any(|one| is_open(&one)) {
                ensure!(
                    party.people.iter().all(|place| *place == Place::Outside),
                    "{party:?}"
                );
                comes_in(gate, ticket).await?;
            }
        }
        let late = Wish::Any {
            tier: STANDING,
            quantity: 3,
        };
        let late = self.stage.buyer().buy(&late).await?;
        for (gate, ticket) in gates.iter().zip(&late.tickets) {
            comes_in(gate, ticket).await?;
        }
        Ok(())
    }
}

async fn comes_in(gate: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<()> {
    let mut last = None;
    let comes = until(format!("{} to come in", ticket.place), async || {
        let said = gate.scan(&ticket.payload).await?;
        let is_in = said.verdict == "admit";
        last = Some(said);
        Ok(is_in.then_some(()))
    });
    let comes = comes.await;
    ensure!(comes.is_ok(), "unit {} is kept out: {last:?}", ticket.unit);
    Ok(())
}

/// Counts the people who left, whatever the screen said.
fn exits(showings: &[Showing]) -> i64 {
    let exits = showings.iter().filter(|one| one.way == Way::Out).count();
    i64::try_from(exits).unwrap_or(i64::MAX)
}
